"""Everything that is kept of a user: what an account export holds, defined here for the API and the command.

The database says which tables those are and which columns are left out (``app.exported_tables``), and gives
their rows as JSON (``app.export_rows``) to the user whom the transaction speaks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString
from uuid import UUID

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: The layout that docs/exchange.md describes; a change that old readers cannot take is a new number.
LAYOUT = "mita-export/1"
TABLES_QUERY: LiteralString = "select name, left_out from app.exported_tables()"
#: Takes the name of a table as its only parameter, under the name that each driver writes its own way.
ROWS_QUERY: LiteralString = "select exported::text from app.export_rows({name}) as exported"
#: Rows that are fetched at a time: a million rows take the memory of these.
FETCHED_ROWS = 2000


@dataclass(frozen=True, slots=True)
class ExportedTable:
    """A table of a user, and the columns that hold secrets."""

    name: str  # with its schema
    left_out: tuple[str, ...]


def read_as(connection: Connection, user_id: UUID) -> None:
    """Let a transaction that has just begun see one user's rows, all as of one moment, and change nothing."""
    from sqlalchemy import text  # noqa: PLC0415 - a second, which the API does without

    connection.execute(text("set transaction isolation level repeatable read, read only"))
    connection.execute(text("select set_config('mita.user_id', :id, true)"), {"id": str(user_id)})


def list_tables(connection: Connection) -> list[ExportedTable]:
    """All tables with rows of users, in order of their names."""
    from sqlalchemy import text  # noqa: PLC0415

    rows = connection.execute(text(TABLES_QUERY))
    return [ExportedTable(row.name, tuple(row.left_out)) for row in rows]


def rows_of(connection: Connection, table: ExportedTable) -> Iterator[str]:
    """The rows of a table as JSON texts, of the user whom the transaction speaks for."""
    from sqlalchemy import text  # noqa: PLC0415

    query = text(ROWS_QUERY.format(name=":name"))
    streamed = connection.execution_options(stream_results=True, yield_per=FETCHED_ROWS)
    yield from streamed.execute(query, {"name": table.name}).scalars()
