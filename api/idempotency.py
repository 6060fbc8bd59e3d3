"""Idempotency-Key: a write that is sent again is done once and answered alike, byte for byte."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Header, Response

from api.database import Work
from api.envelope import NEVER_STORE
from api.errors import InFlightError, KeyReusedError

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="The same key with the same request is done once and answered alike for 30 days.",
    ),
]

# The lock ends with the transaction, so a server that dies leaves no key in flight for ever.
_LOCK = "select pg_try_advisory_xact_lock(hashtextextended(%(name)s, 7264822))"
_FIND = """
select fingerprint, status, body from ops.idempotency_keys
where user_id = %(user_id)s and idempotency_key = %(key)s and created_at > now() - interval '30 days'
"""
_KEEP = """
insert into ops.idempotency_keys (user_id, idempotency_key, fingerprint, status, body)
values (%(user_id)s, %(key)s, %(fingerprint)s, %(status)s, %(body)s)
on conflict (user_id, idempotency_key) do update
set fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body, created_at = now()
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer as it was given, envelope and all."""

    status: int
    body: bytes

    def response(self) -> Response:
        """The same answer once more."""
        return Response(self.body, self.status, headers=dict(NEVER_STORE), media_type="application/json")


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    """What makes a request the same request."""
    return hashlib.sha256(b"\x00".join((method.encode(), path.encode(), body))).digest()


async def recall(work: Work, user_id: UUID, key: str, mark: bytes) -> Stored | None:
    """The answer that the key was given, None for a new one; raises KeyReusedError or InFlightError."""
    locked = await work.row(_LOCK, name=f"{user_id}:{key}")
    if locked is None or not locked[0]:
        raise InFlightError
    row = await work.row(_FIND, user_id=user_id, key=key)
    if row is None:
        return None
    if row[0] != mark:
        raise KeyReusedError
    return Stored(row[1], row[2])


async def remember(work: Work, user_id: UUID, key: str, mark: bytes, answer: Stored) -> None:
    """Keep the answer with its effect: both stay, or neither does."""
    await work.run(_KEEP, user_id=user_id, key=key, fingerprint=mark, status=answer.status, body=answer.body)
