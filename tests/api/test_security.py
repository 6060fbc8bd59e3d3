"""Nobody sees another user's rows, even through a query that forgets to ask whose they are."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import text

from api.database import Database, Statement
from api.documents import Document, read_document
from api.errors import RevokedTokenError
from tests.api.conftest import dsn
from tests.api.people import KENJI, MARIA, principal_of
from tests.api.shapes import data_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse

#: What the API may read that belongs to users.
TABLES = [
    "app.users",
    "app.budget_settings",
    "app.accounts",
    "app.transactions",
    "app.category_decisions",
    "ml.category_predictions",
    "ops.user_versions",
    "ops.mart_versions",
    "marts.fct_transactions",
    "marts.fct_daily_plan",
    "marts.fct_daily_totals",
    "marts.dim_accounts",
]
HAVE_NO_ROWS_HERE = {
    "app.merged_entries",
    "app.identity_questions",
    "app.deleted_entries",
    "app.purchases",
    "app.decided_categories",
    "marts.fct_plan_gaps",
}
PATHS = ["/api/users/me", "/api/dashboard", "/api/transactions/?include=all", "/api/calendar/saved/{}/{}"]


@pytest.fixture(scope="module")
def ids(built: Warehouse) -> dict[str, UUID]:
    with built.transaction() as connection:
        rows = connection.execute(text("select email, user_id from app.users"))
        return {email: user_id for email, user_id in rows}  # noqa: C416 - rows are no pairs to mypy


def with_database(warehouse: Warehouse, use: Callable[[Database], Awaitable[Any]]) -> Any:  # noqa: ANN401
    """Use a pool of the API's own role."""

    async def run() -> Any:  # noqa: ANN401
        database = Database.at(warehouse.settings.conninfo_for("api", dsn(warehouse.server)))
        async with database.pool:
            return await use(database)

    return asyncio.run(run())


def owners_in(table: str) -> Document:
    """A query that forgets its filter."""
    return Document(f"select coalesce(json_agg(distinct user_id), '[]') as document from {table}")  # noqa: S608


@pytest.mark.parametrize("table", TABLES)
def test_a_query_without_a_filter_gives_only_the_readers_rows(
    built: Warehouse, ids: dict[str, UUID], table: str
) -> None:
    async def owners(database: Database) -> set[str]:
        reading = await read_document(database, principal_of(built, ids[MARIA.email]), owners_in(table))
        return set(json.loads(reading.data or b"[]"))

    assert with_database(built, owners) == {str(ids[MARIA.email])}


def test_no_readable_table_shows_anybody_elses_rows(built: Warehouse, ids: dict[str, UUID]) -> None:
    with built.transaction() as connection:
        readable = connection.execute(
            text("""
                select table_schema || '.' || table_name from information_schema.columns
                where column_name = 'user_id' and has_table_privilege(
                    'mita_api', format('%I.%I', table_schema, table_name), 'select'
                ) and table_schema in ('raw', 'app', 'ml', 'ops', 'seeds', 'staging', 'intermediate', 'marts')
            """)
        ).scalars()
        tables = set(readable)
    assert tables >= set(TABLES)

    async def owners(database: Database) -> set[str]:
        maria = principal_of(built, ids[MARIA.email])
        readings = [await read_document(database, maria, owners_in(table)) for table in tables]
        return {owner for reading in readings for owner in json.loads(reading.data or b"[]")}

    assert with_database(built, owners) == {str(ids[MARIA.email])}


@pytest.mark.parametrize("table", TABLES)
def test_without_a_reader_there_are_no_rows(built: Warehouse, table: str) -> None:
    statement = Statement.of(f"select count(*) from {table}")  # noqa: S608
    assert with_database(built, lambda database: database.read(statement, {})) == (0,)


def test_a_reader_is_forgotten_with_the_statement(built: Warehouse, ids: dict[str, UUID]) -> None:
    async def use(database: Database) -> tuple[str, Any]:
        async with database.pool.connection() as connection:
            maria = principal_of(built, ids[MARIA.email])
            parameters = {
                "user_id": str(maria.user_id),
                "token_version": 1,
                "session_id": maria.session_id,
                "known_versions": [],
            }
            statement = owners_in("marts.dim_accounts").statement
            await connection.execute(statement.sql, statement.values(parameters))
            cursor = await connection.execute("select app.current_user_id(), count(*) from app.users")
            return str(ids[MARIA.email]), await cursor.fetchone()

    assert with_database(built, use)[1] == (None, 0)


def test_readers_who_take_turns_on_one_connection_stay_apart(built: Warehouse, ids: dict[str, UUID]) -> None:
    people = [ids[MARIA.email], ids[KENJI.email]] * 10
    principals = {person: principal_of(built, person) for person in people[:2]}

    async def use(database: Database) -> list[list[str]]:
        document = owners_in("marts.fct_daily_plan")
        readings = [await read_document(database, principals[person], document) for person in people]
        return [json.loads(reading.data or b"") for reading in readings]

    assert with_database(built, use) == [[str(person)] for person in people]


def test_an_identity_alone_is_not_enough(built: Warehouse, ids: dict[str, UUID]) -> None:
    async def use(database: Database) -> None:
        await read_document(database, principal_of(built, ids[MARIA.email], 2), owners_in("app.users"))

    with pytest.raises(RevokedTokenError):
        with_database(built, use)


def test_nothing_of_anybody_else_is_in_an_answer(
    client: TestClient, ids: dict[str, UUID], kenji: dict[str, str], maria: dict[str, str]
) -> None:
    def answers(headers: dict[str, str]) -> str:
        today = KENJI.today
        return "".join(
            client.get(path.format(today.year, today.month), headers=headers).text for path in PATHS
        )

    assert "SEVEN ELEVEN" in answers(kenji)
    assert not any(word in answers(kenji) for word in (str(ids[MARIA.email]), "LIDL", "Lidl", MARIA.email))
    assert "SEVEN ELEVEN" not in answers(maria)


def test_a_user_cannot_ask_as_somebody_else(
    client: TestClient, ids: dict[str, UUID], maria: dict[str, str]
) -> None:
    query = {"user_id": str(ids[KENJI.email]), "everything": "true"}
    mine = data_of(client.get("/api/transactions/", headers=maria))
    assert data_of(client.get("/api/transactions/", params=query, headers=maria)) == mine
