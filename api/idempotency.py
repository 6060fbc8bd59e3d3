"""Idempotency-Key: a write that is sent again is done once and answered alike, byte for byte."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Header, Request, Response
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

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


async def fingerprint_of(request: Request) -> bytes:
    """The same of a request; a form is known by its parts, as each sending draws its boundary anew."""
    content = await request.body()
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        with suppress(HTTPException):  # no form after all: its bytes are what it is known by
            content = await _parts(request)
    return fingerprint(request.method, request.url.path, content)


async def _parts(request: Request) -> bytes:
    """Names and values in their order, files by the hash of what they hold; raises HTTPException."""
    form = await request.form()
    told = [
        [name, "file", await _hash_of(value)] if isinstance(value, UploadFile) else [name, "text", value]
        for name, value in form.multi_items()
    ]
    return json.dumps(told).encode()


async def _hash_of(file: UploadFile) -> str:
    """Of the content of an upload, which is read from its beginning by whoever reads it next."""
    await file.seek(0)
    content = await file.read()
    await file.seek(0)
    return hashlib.sha256(content).hexdigest()


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
