"""Leaving: every table that names a user is planted with a word, and searched for it before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from starlette.testclient import TestClient

from api.app import create_app
from tests.api.conftest import copy_database, dsn, sign_in
from tests.api.people import Line, Person, move_in
from tests.conftest import administration
from warehouse.engine import Warehouse
from warehouse.receipt_store import ReceiptStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL

    from warehouse.settings import Settings

WORD = "CANARY-7f3a91"
#: Of the base type of a column (as Postgres names it) to an expression that holds the word where it can.
FILLINGS = {
    "text": f"'{WORD}'", "varchar": f"'{WORD}'", "bpchar": "'EUR'", "name": f"'{WORD}'",
    "jsonb": f"'{{\"kept\": \"{WORD}\"}}'", "json": f"'{{\"kept\": \"{WORD}\"}}'",
    "_text": f"array['{WORD}']", "bytea": f"'{WORD}'::bytea", "uuid": "gen_random_uuid()",
    "bool": "false", "int2": "1", "int4": "1", "int8": "1", "numeric": "1", "float4": "1", "float8": "1",
    "date": "current_date", "timestamptz": "now()", "timestamp": "now()", "time": "'12:00'",
    "interval": "'1 day'", "inet": "'192.0.2.1'", "xid8": "'1'", "_uuid": "'{}'", "_int4": "'{}'",
    "_int8": "'{}'", "_int2": "'{}'", "_float8": "'{}'", "_float4": "'{}'", "_numeric": "'{}'",
    "_date": "'{}'", "_bytea": "'{}'",
}  # fmt: skip
_TABLES = """
select format('%I.%I', place.nspname, class.relname), place.nspname
from pg_class as class
inner join pg_namespace as place on class.relnamespace = place.oid
inner join pg_attribute as attribute on class.oid = attribute.attrelid
where class.relkind in ('r', 'p') and not class.relispartition and attribute.attname = 'user_id'
    and not attribute.attisdropped and place.nspname not in ('pg_catalog', 'information_schema')
order by 1
"""
_COLUMNS = """
select attribute.attname, coalesce(base.typname, kind.typname)
from pg_attribute as attribute
inner join pg_type as kind on attribute.atttypid = kind.oid
left join pg_type as base on kind.typbasetype = base.oid and kind.typtype = 'd'
where attribute.attrelid = %s::regclass and attribute.attnum > 0 and not attribute.attisdropped
    and attribute.attgenerated = '' and attribute.attidentity <> 'a'
order by attribute.attnum
"""
_CHECKS = """
select conrelid::regclass::text, conname from pg_constraint
where contype = 'c' and conrelid <> 0 and conparentid = 0 and coninhcount = 0
"""


@dataclass(frozen=True)
class Leaver:
    """Somebody of whom every table holds a row, and their signed-in client."""

    client: TestClient
    headers: dict[str, str]
    user_id: UUID
    email: str
    owner: psycopg.Connection
    store: ReceiptStore
    settings: Settings

    def tables(self) -> dict[str, str]:
        """Every table with rows of users, and its schema, as the database says."""
        return dict(self.owner.execute(_TABLES).fetchall())

    def tables_with(self, *words: str) -> set[str]:
        """All tables, with a user_id or without, of which some row's text contains one of the words."""
        every = self.owner.execute("""
            select format('%I.%I', nspname, relname) from pg_class
            inner join pg_namespace on relnamespace = pg_namespace.oid
            where relkind in ('r', 'p', 'm')
                and nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
        """).fetchall()
        pattern = "|".join([*words, *(word.encode().hex() for word in words)])
        return {
            name
            for (name,) in every
            if self.owner.execute(
                sql.SQL("select 1 from {} as kept where to_jsonb(kept)::text ~ %s limit 1").format(
                    sql.SQL(name)
                ),
                [pattern],
            ).fetchone()
        }

    def files_with(self, *words: str) -> list[str]:
        """Files of the data folder whose name or content has one of the words."""
        files = (file for file in self.settings.root.rglob("*") if file.is_file())
        return [
            str(file)
            for file in files
            if any(word in str(file) or word.encode() in file.read_bytes() for word in words)
        ]


def plant(owner: psycopg.Connection, user_id: UUID) -> None:
    """A row of the user with the word in it, in every table that has rows of users."""
    for table, constraint in owner.execute(_CHECKS).fetchall():
        owner.execute(
            sql.SQL("alter table {} drop constraint {}").format(sql.SQL(table), sql.Identifier(constraint))
        )
    owner.execute("set session_replication_role = replica")  # a row need not fit to those of other tables
    for table, _ in owner.execute(_TABLES).fetchall():
        columns: list[Any] = owner.execute(_COLUMNS, [table]).fetchall()
        names = sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
        filled = sql.SQL(", ").join(
            sql.Literal(user_id) if name == "user_id" else sql.SQL(FILLINGS[kind]) for name, kind in columns
        )
        owner.execute(
            sql.SQL("insert into {} ({}) values ({}) on conflict do nothing").format(
                sql.SQL(table), names, filled
            )
        )
    owner.execute("set session_replication_role = origin")


@pytest.fixture
def leaver(server: URL, api_settings: Settings, built_template: str, worker_id: str) -> Iterator[Leaver]:
    """On a database of its own, because what keeps rows in order is taken away there."""
    place = server.set(database=f"mita_leaving_{worker_id}")
    with psycopg.connect(administration(server), autocommit=True) as connection:
        copy_database(connection, built_template, str(place.database))
    warehouse = Warehouse(api_settings, place)
    person = Person(
        f"{uuid4()}@example.org", "EUR", "UTC", 100_000, 5, (Line(0, -1234, "coffee", f"{WORD} BAR"),)
    )
    user_id = move_in(warehouse, person).user_id
    app = create_app(api_settings, dsn(place))
    with (
        psycopg.connect(dsn(place), autocommit=True) as owner,
        TestClient(app, raise_server_exceptions=False) as client,
    ):
        headers = sign_in(client, person)
        plant(owner, user_id)
        store = ReceiptStore.of(api_settings)
        store.put(user_id, uuid4(), b"a photo")
        yield Leaver(client, headers, user_id, person.email, owner, store, api_settings)
        store.delete_user(user_id)
    with psycopg.connect(administration(server), autocommit=True) as connection:
        connection.execute(
            sql.SQL("drop database {} with (force)").format(sql.Identifier(str(place.database)))
        )


def test_an_erased_account_is_in_no_table_and_no_file(leaver: Leaver) -> None:
    needles = WORD, str(leaver.user_id), leaver.email
    assert leaver.tables_with(str(leaver.user_id)) >= set(leaver.tables())
    assert set(leaver.tables().values()) >= {"raw", "app", "ml", "ops", "marts"}
    assert leaver.files_with(*needles)
    gone = leaver.client.request(
        "DELETE",
        "/api/auth/delete-account",
        json={"confirmation": True},
        headers=leaver.headers | {"idempotency-key": "leaving"},
    )
    assert gone.status_code == 200, gone.text
    assert leaver.tables_with(*needles) == set()
    assert leaver.files_with(*needles) == []


def test_the_export_has_every_table_and_the_word_in_each(leaver: Leaver) -> None:
    answer = leaver.client.get("/api/users/me/export", headers=leaver.headers)
    tables = answer.json()["data"]["tables"]
    kept = {"raw", "app", "ml", "ops", "marts"}
    assert {name for name, schema in leaver.tables().items() if schema in kept} == set(tables)
    assert [name for name, rows in tables.items() if not rows] == []
    owners = {row["user_id"] for rows in tables.values() for row in rows}
    assert owners == {str(leaver.user_id)}
    # Who moved in had settings and an account before the word was planted.
    assert {
        "raw.import_batches",
        "app.category_rules",
        "ml.insights",
        "ops.outbox",
        "marts.fct_transactions",
    } <= {name for name, rows in tables.items() if WORD in str(rows)}
    assert "$argon2" not in answer.text
