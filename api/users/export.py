"""Everything that is kept of a user, streamed: a million rows take the memory of some thousand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import orjson
import psycopg

from api.clock import timestamp
from api.database import Database, Work
from warehouse.repositories.exports import FETCHED_ROWS, LAYOUT, ROWS_QUERY, TABLES_QUERY

#: Reading everything of one user may take longer than the answer to a request.
TIMEOUT = "set local statement_timeout = '10min'"


async def stream_export(database: Database, user_id: UUID, request_id: str) -> AsyncIterator[bytes]:
    """The export in the envelope of all answers, piece by piece, as of one moment."""
    async with database.transaction() as work:
        await work.run("set transaction isolation level repeatable read, read only")
        await work.become(user_id)
        await work.run(TIMEOUT)
        tables = await work.rows(TABLES_QUERY)
        left_out = {name: columns for name, columns in tables if columns}
        head = orjson.dumps({"layout": LAYOUT, "left_out": left_out})
        yield b'{"success":true,"message":"OK","data":%b,"tables":{' % head[:-1]
        for place, (name, _) in enumerate(tables):
            yield b"%b%b:[" % (b"," if place else b"", orjson.dumps(name))
            async for piece in _rows(work, name):
                yield piece
            yield b"]"
        yield b'}},"timestamp":"%b","request_id":"%b"}' % (timestamp().encode(), request_id.encode())


async def _rows(work: Work, name: str) -> AsyncIterator[bytes]:
    """The rows of one table with commas between, some thousand at a time."""
    cursor = psycopg.AsyncServerCursor(work.connection, "exported")
    async with cursor:
        await cursor.execute(ROWS_QUERY.format(name="%(name)s"), {"name": name})
        first = True
        while rows := await cursor.fetchmany(FETCHED_ROWS):
            joined = ",".join(row[0] for row in rows)
            yield joined.encode() if first else f",{joined}".encode()
            first = False
