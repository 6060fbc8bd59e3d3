"""What happens around every request: an id, security headers, one log line, no leaking defects."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import UnexpectedError, error_response, new_error_id
from api.logs import log, log_defect

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
}


@dataclass
class _Exchange:
    """One request and what is known of its answer so far."""

    scope: Scope
    send: Send
    request_id: str
    status: int = 0

    async def forward(self, message: Message) -> None:
        """Pass the answer on, with our headers on it."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self.request_id
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await self.send(message)

    def log_entry(self, started: float) -> dict[str, Any]:
        """Method, route and time; the route is the template, so that no id of anything is logged."""
        route = self.scope.get("route")
        return {
            "method": self.scope["method"],
            "route": getattr(route, "path", None),
            "status": self.status,
            "milliseconds": round((time.perf_counter() - started) * 1000, 1),
            "request_id": self.request_id,
        }


class RequestContext:
    """Plain ASGI, because Starlette's function style costs a task per request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        exchange = _Exchange(scope, send, f"req_{secrets.token_hex(6)}")
        scope.setdefault("state", {})["request_id"] = exchange.request_id
        try:
            await self.app(scope, receive, exchange.forward)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller learns only its id
            await _answer_defect(error, exchange, receive)
        finally:
            log("request", **exchange.log_entry(started))


async def _answer_defect(error: Exception, exchange: _Exchange, receive: Receive) -> None:
    error_id = new_error_id()
    log_defect(error, error_id=error_id, request_id=exchange.request_id)
    if exchange.status:
        raise error  # half an answer is out: only a broken connection tells the caller
    await error_response(UnexpectedError(), error_id=error_id)(exchange.scope, receive, exchange.forward)
