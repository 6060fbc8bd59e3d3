"""The envelope of every answer: success, message, data, timestamp, request_id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar

import orjson
from fastapi import Response
from pydantic import BaseModel, Field

from api.clock import timestamp

Data = TypeVar("Data")

#: An answer belongs to one user, and is used again only after asking whether it still holds.
REVALIDATE: Mapping[str, str] = {"cache-control": "private, no-cache", "vary": "Authorization"}
NEVER_STORE: Mapping[str, str] = {"cache-control": "no-store"}
#: What stands before the data of every answer.
HEAD = b'{"success":true,"message":"OK","data":'


class Envelope(BaseModel, Generic[Data]):
    """What every successful answer looks like; it documents, Postgres writes the data itself."""

    success: Literal[True] = True
    message: str = Field(examples=["OK"])
    data: Data
    timestamp: str = Field(examples=["2026-03-14T09:26:53.589Z"])
    request_id: str = Field(examples=["req_0123456789ab"])


def answered(example: object, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI shows of a successful answer with this data."""
    envelope = {
        "success": True,
        "message": "OK",
        "data": example,
        "timestamp": "2026-03-14T09:26:53.589Z",
        "request_id": "req_0123456789ab",
    }
    return {status: {"description": "OK", "content": {"application/json": {"example": envelope}}}}


def downloaded(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI shows of an answer that is a file."""
    return {200: {"description": "The file.", "content": {kind: {} for kind in media_types}}}


def success(
    data: bytes | BaseModel | object, request_id: str, headers: Mapping[str, str], status: int = 200
) -> Response:
    """Wrap data in the envelope; JSON that Postgres wrote is not read again."""
    content = b"".join((HEAD, _json(data), tail(timestamp(), request_id)))
    return Response(content, status, headers=dict(headers), media_type="application/json")


def tail(at: str, request_id: str) -> bytes:
    """What stands after the data."""
    return b',"timestamp":"%b","request_id":"%b"}' % (at.encode(), request_id.encode())


def _json(data: object) -> bytes:
    if isinstance(data, bytes):
        return data
    if isinstance(data, BaseModel):
        return data.model_dump_json().encode()
    return orjson.dumps(data)
