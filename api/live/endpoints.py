"""`your plan changed`, over a WebSocket or as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
from fastapi import APIRouter, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse

from api.analytics.queries import SIGNED_IN
from api.auth.tokens import Principal
from api.changes import Change
from api.dependencies import CurrentReader, Services, services_of
from api.documents import read_document
from api.envelope import downloaded
from api.errors import READING, AppError, answers

router = APIRouter(prefix="/api/live", tags=["live"])

#: A comment as often keeps proxies from closing the connection, and finds sessions that have ended.
KEEP_ALIVE_SECONDS = 20.0
#: The close code for "who are you", from the range that is left to applications.
UNAUTHORISED = 4401


@router.get(
    "/events",
    response_class=Response,
    responses=downloaded("text/event-stream") | answers(*READING),
)
async def events(request: Request, reader: CurrentReader) -> Response:
    """Server-sent events: `facts` when something of the user's changed, `plan` when marts were built."""
    await reader.read(SIGNED_IN)
    stream = _written(services_of(request), reader.principal)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"cache-control": "no-store"})


@router.websocket("/ws")
async def socket(websocket: WebSocket) -> None:
    """The same over a WebSocket; the first message is `{"access_token": ...}`, as no address keeps it."""
    services: Services = websocket.app.state.services
    await websocket.accept()
    try:
        hello = await asyncio.wait_for(websocket.receive_json(), KEEP_ALIVE_SECONDS)
        principal = services.sign_in.tokens.read(str(hello.get("access_token", "")))
        if not await _is_signed_in(services, principal):
            await websocket.close(UNAUTHORISED)
            return
        async for change in _changes(services, principal):
            await websocket.send_json(change or {"what": "nothing"})
        await websocket.close(UNAUTHORISED)
    except (AppError, TimeoutError, ValueError, AttributeError):
        await websocket.close(UNAUTHORISED)
    except WebSocketDisconnect:
        return


async def _written(services: Services, principal: Principal) -> AsyncIterator[str]:
    yield ": listening\n\n"
    async for change in _changes(services, principal):
        if change is None:
            yield ": still here\n\n"
        else:
            yield f"event: {change['what']}\ndata: {orjson.dumps(change).decode()}\n\n"


async def _changes(services: Services, principal: Principal) -> AsyncIterator[Change | None]:
    """What changes, and None now and then, until the session ends."""
    with services.changes.of(principal.user_id) as queue:
        while True:
            try:
                yield await asyncio.wait_for(queue.get(), KEEP_ALIVE_SECONDS)
            except TimeoutError:
                if not await _is_signed_in(services, principal):
                    return
                yield None


async def _is_signed_in(services: Services, principal: Principal) -> bool:
    try:
        await read_document(services.database, principal, SIGNED_IN)
    except AppError:
        return False
    return True
