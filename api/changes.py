"""Telling signed-in clients that something of theirs changed, from Postgres' own notifications."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypedDict
from uuid import UUID

import orjson
import psycopg

from api.logs import log

CHANNEL = "mita_user_changes"
RECONNECT_SECONDS = 1.0
#: Changes that a slow reader may be behind; it is then told of the latest only.
BACKLOG = 16


class Change(TypedDict):
    """What changed: the user's facts, or the plan that was built of them."""

    user_id: str
    what: str
    version: int


@dataclass(frozen=True)
class Changes:
    """One listening connection for all clients of this process."""

    conninfo: str
    _queues: dict[UUID, set[asyncio.Queue[Change]]] = field(default_factory=lambda: defaultdict(set))

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen for as long as the application runs, again after the server was away."""
        task = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    @contextmanager
    def of(self, user_id: UUID) -> Iterator[asyncio.Queue[Change]]:
        """What changes for one user from now on."""
        queue: asyncio.Queue[Change] = asyncio.Queue(BACKLOG)
        self._queues[user_id].add(queue)
        try:
            yield queue
        finally:
            self._queues[user_id].discard(queue)
            if not self._queues[user_id]:
                del self._queues[user_id]

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(psycopg.Error, OSError):
                async with await psycopg.AsyncConnection.connect(
                    self.conninfo, autocommit=True, application_name="mita-api-changes"
                ) as connection:
                    await connection.execute(f"listen {CHANNEL}")
                    log("listening")
                    async for notice in connection.notifies():
                        self._pass_on(orjson.loads(notice.payload))
            await asyncio.sleep(RECONNECT_SECONDS)

    def _pass_on(self, change: Change) -> None:
        for queue in self._queues.get(UUID(change["user_id"]), ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(change)
