"""COPY: the way that many rows enter Postgres at once."""

from __future__ import annotations

import io
from collections.abc import Iterator

import polars as pl
import psycopg
from psycopg import sql
from sqlalchemy import Connection, text

#: Postgres stores no NUL; the picture for it keeps the text readable.
NUL, NUL_PICTURE = "\x00", "\u2400"
#: Marks null in COPY; a text of just these two characters is escaped by quoting.
NULL = "\\N"


def copy_frame(connection: Connection, table: str, rows: pl.DataFrame) -> None:
    """COPY a frame into ``schema.table``, whose columns have the frame's names."""
    if rows.is_empty():
        return
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        message = f"COPY needs psycopg, not {type(driver).__name__}"
        raise TypeError(message)
    statement = sql.SQL("copy {} ({}) from stdin (format csv, null {})").format(
        sql.Identifier(*table.split(".")),
        sql.SQL(", ").join(map(sql.Identifier, rows.columns)),
        sql.Literal(NULL),
    )
    storable = rows.with_columns(pl.col(pl.String).str.replace_all(NUL, NUL_PICTURE, literal=True))
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(
            storable.write_csv(include_header=False, null_value=NULL, quote_style="non_numeric").encode()
        )


def insert_frame(connection: Connection, table: str, rows: pl.DataFrame, conflict: str = "") -> int:
    """Insert a frame into a table with row-level security, which COPY refuses: by way of a temporary one.

    ``conflict`` is an ``on conflict`` clause of ours.
    """
    if rows.is_empty():
        return 0
    staged = f"staged_{table.replace('.', '_')}"
    names = ", ".join(rows.columns)
    connection.execute(text(f"drop table if exists {staged}"))
    connection.execute(
        text(f"create temporary table {staged} on commit drop as select {names} from {table} limit 0")  # noqa: S608
    )
    copy_frame(connection, staged, rows)
    inserted = connection.execute(
        text(f"insert into {table} ({names}) select {names} from {staged} {conflict}")  # noqa: S608
    )
    return inserted.rowcount


#: Bytes.
_PARSED_AT_ONCE = 16_000_000


def read_frame(connection: Connection, query: sql.Composable, schema: pl.Schema) -> pl.DataFrame:
    """The rows of a query as a frame, by COPY: a fifth of the time and memory of fetching them as tuples.

    Nulls of text come as empty texts.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        message = f"COPY needs psycopg, not {type(driver).__name__}"
        raise TypeError(message)
    statement = sql.SQL("copy ({}) to stdout (format csv)").format(query)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        parts = [pl.read_csv(part, has_header=False, schema=schema) for part in _parts(copy)]
    return pl.concat([schema.to_frame(), *parts]).with_columns(pl.col(pl.String).fill_null(""))


def _parts(copy: psycopg.Copy) -> Iterator[io.BytesIO]:
    """What a COPY gives, some millions of bytes at a time: libpq hands on whole rows only."""
    part = io.BytesIO()
    for row in copy:
        part.write(row)
        if part.tell() >= _PARSED_AT_ONCE:
            part.seek(0)
            yield part
            part = io.BytesIO()
    if part.tell():
        part.seek(0)
        yield part
