"""Postgres as the API sees it: a pool, one statement and round trip for one answer."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from api.errors import DatabaseTooSlowError, DatabaseUnavailableError, NotBuiltError
from warehouse.outages import lost_connection

#: More connections than this only queue inside Postgres on a few cores.
MAX_CONNECTIONS = 8
#: How long a request waits for a connection before it is told to come back.
PATIENCE_SECONDS = 2.0
#: Plans are made once per connection: making one takes longer than reading a month.
SESSION = "-c statement_timeout=5s -c plan_cache_mode=force_generic_plan"

Row = tuple[Any, ...]
_NAMED = re.compile(r"(?<!:):([a-z_]+)")
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL as Postgres takes it, with the names of its parameters in order.

    Translated once: psycopg translates long statements on every call, a tenth of a request's time.
    """

    sql: bytes
    names: tuple[str, ...]

    @classmethod
    def of(cls, query: str) -> Statement:
        """A query whose parameters are written ``%(name)s``."""
        names = tuple(dict.fromkeys(_PLACEHOLDER.findall(query)))
        sql = _PLACEHOLDER.sub(lambda found: f"${names.index(found[1]) + 1}", query)
        return cls(sql.encode(), names)

    def values(self, parameters: Mapping[str, object]) -> list[object]:
        """The parameters in the order of their numbers."""
        return [parameters[name] for name in self.names]


class _RawJson(Loader):
    """JSON as the bytes that Postgres wrote: it is handed on, never read."""

    def load(self, data: Buffer) -> bytes:
        return bytes(data)


@dataclass(frozen=True)
class Database:
    """The pool of connections of the role ``mita_api``; every statement is its own transaction."""

    pool: AsyncConnectionPool

    @classmethod
    def at(cls, conninfo: str) -> Database:
        """A pool that is not open yet; ``conninfo`` is that of the API's role."""
        return cls(
            AsyncConnectionPool(
                conninfo,
                open=False,
                min_size=1,
                max_size=MAX_CONNECTIONS,
                timeout=PATIENCE_SECONDS,
                # Giving up soon lets the next request try at once, when the server may be back.
                reconnect_timeout=PATIENCE_SECONDS,
                kwargs={
                    "autocommit": True,
                    "options": SESSION,
                    "application_name": "mita-api",
                    "prepare_threshold": 1,
                    "cursor_factory": psycopg.AsyncRawCursor,
                },
                configure=_configure,
                name="mita-api",
            )
        )

    async def read(self, statement: Statement, parameters: Mapping[str, object]) -> Row | None:
        """The first row of a statement that changes nothing, tried again once if its connection died.

        Raises DatabaseUnavailableError, DatabaseTooSlowError or NotBuiltError.
        """
        values = statement.values(parameters)
        with _told_to_callers():
            try:
                return await self._read_once(statement.sql, values)
            except psycopg.OperationalError as error:
                if isinstance(error, PoolTimeout) or not lost_connection(error):
                    raise
            await self.pool.check()  # a restarted server has left dead connections behind
            return await self._read_once(statement.sql, values)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Work]:
        """One transaction of several statements; what it did stays only if the block ends well.

        Raises what ``read`` raises; nothing is tried again, because a lost answer may have been a success.
        """
        with _told_to_callers():
            async with self.pool.connection() as connection, connection.transaction():
                yield Work(connection)

    async def _read_once(self, sql: bytes, values: list[object]) -> Row | None:
        async with self.pool.connection() as connection:
            cursor = await connection.execute(sql, values)
            return await cursor.fetchone()


@dataclass(frozen=True, slots=True)
class Work:
    """A transaction in progress. Parameters are written ``%(name)s``."""

    connection: psycopg.AsyncConnection
    currency: str = "EUR"  # in which whoever writes plans; known once they are let in

    async def become(self, user_id: UUID) -> None:
        """From here to the end of the transaction row-level security shows this user's rows."""
        await self.run("select set_config('mita.user_id', %(user_id)s, true)", user_id=str(user_id))

    async def run(self, query: LiteralString, **parameters: object) -> int:
        """Carry a statement out and give how many rows it touched."""
        return (await self._do(query, parameters)).rowcount

    async def row(self, query: LiteralString, **parameters: object) -> Row | None:
        """The first row that a statement gives."""
        return await (await self._do(query, parameters)).fetchone()

    async def rows(self, query: LiteralString, **parameters: object) -> list[Row]:
        """All rows that a statement gives."""
        return await (await self._do(query, parameters)).fetchall()

    async def _do(self, query: LiteralString, parameters: Mapping[str, object]) -> psycopg.AsyncCursor:
        statement = _translated(query)
        return await self.connection.execute(statement.sql, statement.values(parameters))

    async def json(self, statement: Statement, parameters: Mapping[str, object]) -> Row | None:
        """The row of a document's statement, whose JSON comes as the bytes that Postgres wrote."""
        cursor = await self.connection.execute(statement.sql, statement.values(parameters))
        return await cursor.fetchone()

    async def audit(self, event: str, **details: object) -> None:
        """Add to the current user's chain of security and money events; no personal data in ``details``."""
        await self.run(
            "select ops.add_audit_event(%(event)s, %(details)s)", event=event, details=Jsonb(details)
        )


@cache
def named(query: str) -> LiteralString:
    """A statement of the repositories, whose parameters are written ``:name``, as ``Work`` takes it."""
    return _NAMED.sub(r"%(\1)s", query.replace("%", "%%"))


@cache
def _translated(query: LiteralString) -> Statement:
    return Statement.of(query)


@contextmanager
def _told_to_callers() -> Iterator[None]:
    """What Postgres complains of, as errors that pass."""
    try:
        yield
    except psycopg.errors.QueryCanceled:
        raise DatabaseTooSlowError from None
    except (
        psycopg.errors.UndefinedTable,
        psycopg.errors.UndefinedFunction,
        psycopg.errors.InvalidSchemaName,
    ):
        raise NotBuiltError from None
    except psycopg.OperationalError as error:
        if lost_connection(error):
            raise DatabaseUnavailableError from error
        raise


async def _configure(connection: psycopg.AsyncConnection) -> None:
    connection.adapters.register_loader("json", _RawJson)
