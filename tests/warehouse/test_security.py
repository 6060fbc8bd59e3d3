"""Who may see what: tried with the roles themselves, against the real database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from tests.factories import add_transaction, make_user
from warehouse.tables import metadata

if TYPE_CHECKING:
    from warehouse.engine import Warehouse

TABLES_OF_A_USER = sorted(table.fullname for table in metadata.tables.values() if "user_id" in table.c)


@contextmanager
def as_api(warehouse: Warehouse, user_id: UUID | None) -> Iterator[Connection]:
    with warehouse.as_role("api").transaction(user_id=user_id) as connection:
        yield connection


def test_every_table_of_a_user_has_row_level_security(warehouse: Warehouse) -> None:
    with warehouse.transaction() as connection:
        unsecured = connection.execute(
            text("""
                select c.relnamespace::regnamespace || '.' || c.relname
                from pg_class as c
                inner join pg_attribute as a on c.oid = a.attrelid and a.attname = 'user_id'
                where c.relkind in ('r', 'p') and not c.relrowsecurity
                    and c.relnamespace::regnamespace::text in ('raw', 'app', 'ml', 'ops', 'marts')
            """)
        ).scalars()
        assert list(unsecured) == []


@pytest.mark.parametrize("table", TABLES_OF_A_USER)
def test_the_api_reads_no_row_of_another_user(warehouse: Warehouse, table: str) -> None:
    owner, stranger = make_user(warehouse), make_user(warehouse)
    add_transaction(warehouse, owner)
    try:
        with as_api(warehouse, stranger.user_id) as connection:
            seen = set(connection.execute(text(f"select user_id from {table}")).scalars())  # noqa: S608
    except ProgrammingError as error:
        assert "permission denied" in str(error)  # noqa: PT017 - either it sees nothing or it may not look
    else:
        assert owner.user_id not in seen


def test_the_api_reads_a_users_own_rows(warehouse: Warehouse) -> None:
    owner = make_user(warehouse)
    add_transaction(warehouse, owner)
    with as_api(warehouse, owner.user_id) as connection:
        assert connection.execute(text("select count(*) from app.transactions")).scalar_one() == 1


def test_without_a_user_the_api_reads_nothing(warehouse: Warehouse) -> None:
    add_transaction(warehouse, make_user(warehouse))
    with as_api(warehouse, None) as connection:
        assert connection.execute(text("select count(*) from app.transactions")).scalar_one() == 0


def test_a_users_identity_ends_with_the_transaction(warehouse: Warehouse) -> None:
    owner = make_user(warehouse)
    engine = warehouse.as_role("api").engine
    with engine.connect() as connection:
        with connection.begin():
            connection.execute(
                text("select set_config('mita.user_id', :id, true)"), {"id": str(owner.user_id)}
            )
            assert connection.execute(text("select app.current_user_id()")).scalar_one() == owner.user_id
        with connection.begin():
            assert connection.execute(text("select app.current_user_id()")).scalar_one() is None


@pytest.mark.parametrize(
    "statement",
    [
        "select * from raw.statement_lines",
        "insert into app.transactions (user_id) values (gen_random_uuid())",
        "update app.users set is_premium = true",
        "update app.users set is_admin = true",
        "delete from app.transactions",
        "delete from app.users",
        "insert into ops.audit_log (user_id) values (gen_random_uuid())",
        "delete from app.accounts",
        "create table public.mine (id int)",
        "set role mita_pipeline",
        "alter table app.users disable row level security",
    ],
)
def test_the_api_can_do_no_more_than_it_needs(warehouse: Warehouse, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner|row-level security"),
        as_api(warehouse, uuid4()) as api,
    ):
        api.execute(text(statement))


@pytest.mark.parametrize("schema", ["raw", "app", "ml", "ops", "staging", "intermediate"])
def test_an_analyst_sees_no_schema_but_the_marts(warehouse: Warehouse, schema: str) -> None:
    with warehouse.as_role("analyst").transaction() as connection:
        allowed = connection.execute(
            text("select has_schema_privilege(:schema, 'usage')"), {"schema": schema}
        )
        assert not allowed.scalar_one()


def test_credentials_are_found_by_exact_address_only(warehouse: Warehouse) -> None:
    user = make_user(warehouse, email="Maria@Example.org")
    with as_api(warehouse, None) as connection:
        find = text("select user_id from app.find_credentials(:address)")
        assert connection.execute(find, {"address": "maria@example.ORG"}).scalar_one() == user.user_id
        assert connection.execute(find, {"address": "%@example.org"}).all() == []


def test_a_reference_cannot_cross_to_another_users_account(warehouse: Warehouse) -> None:
    owner, stranger = make_user(warehouse), make_user(warehouse)
    account_id = add_transaction(warehouse, owner)
    with pytest.raises(Exception, match="violates foreign key"), warehouse.transaction() as connection:
        connection.execute(
            text("""
                insert into app.transactions (
                    user_id, transaction_id, account_id, booked_date, spent_date,
                    amount_minor, currency, status, description
                ) values (:user, gen_random_uuid(), :account, current_date, current_date,
                    -1, 'EUR', 'posted', 'x')
            """),
            {"user": stranger.user_id, "account": account_id},
        )
