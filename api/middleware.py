"""What happens around every request: an id, limits, security headers, one log line, no leaking defects."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import TooLargeError, UnexpectedError, error_response, new_error_id
from api.logs import log, log_defect
from api.metrics import Metrics

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "content-security-policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",
}
#: The documentation's pages are ours, and begin with a script within the page.
DOCUMENTATION = ("/docs", "/redoc")
DOCUMENTATION_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; worker-src blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_FOR_ANSWERS = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
_FOR_DOCUMENTATION = [
    (name.encode(), value.encode())
    for name, value in {**SECURITY_HEADERS, "content-security-policy": DOCUMENTATION_POLICY}.items()
]
#: Bytes that a body may have: a photo where photos are sent, a page of purchases elsewhere.
MAX_BODY, MAX_UPLOAD = 1_000_000, 20_000_000
UPLOADS = ("/api/transactions/receipt", "/api/ocr/process")
#: Never end, so asking for their head alone makes no sense.
STREAMS = "/api/live/"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
#: By their own names; whatever else a caller makes up is one.
COUNTED = frozenset({*METHODS, "OPTIONS"})
#: A trace that the caller began (W3C Trace Context): its id joins the log lines of several services.
_TRACE = re.compile(rb"^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")


class BodyTooLargeError(HTTPException):
    """More bytes arrived than the address takes; of this kind, because FastAPI lets such ones pass."""

    def __init__(self) -> None:
        super().__init__(TooLargeError.status)


@dataclass
class _Exchange:
    """One request and what is known of its answer so far."""

    scope: Scope
    receive: Receive
    send: Send
    request_id: str
    trace_id: str
    status: int = 0
    received: int = 0
    is_head: bool = False

    @property
    def limit(self) -> int:
        """How many bytes the body may have."""
        return MAX_UPLOAD if self.scope["path"].startswith(UPLOADS) else MAX_BODY

    async def take(self) -> Message:
        """Pass a part of the body on; raises BodyTooLargeError."""
        message = await self.receive()
        self.received += len(message.get("body", b""))
        if self.received > self.limit:
            raise BodyTooLargeError
        return message

    async def forward(self, message: Message) -> None:
        """Pass the answer on, with our headers on it."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            security = _FOR_DOCUMENTATION if self.scope["path"] in DOCUMENTATION else _FOR_ANSWERS
            identity = (b"x-request-id", self.request_id.encode())
            message["headers"] = [*message["headers"], identity, *security]
        elif self.is_head:
            message["body"] = b""
        await self.send(message)

    @property
    def route(self) -> str | None:
        """The route's template, so that no id of anything is logged."""
        return getattr(self.scope.get("route"), "path", None)

    def log_entry(self, seconds: float) -> dict[str, Any]:
        """Method, route and time."""
        return {
            "method": "HEAD" if self.is_head else self.scope["method"],
            "route": self.route,
            "status": self.status,
            "milliseconds": round(seconds * 1000, 1),
            "request_id": self.request_id,
            "trace_id": self.trace_id,
        }


class RequestContext:
    """Plain ASGI, because Starlette's function style costs a task per request."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD" and not scope["path"].startswith(STREAMS)
        started = time.perf_counter()
        headers = dict(scope["headers"])
        told = headers.get(b"traceparent")
        trace = _TRACE.fullmatch(told) if told else None
        random = os.urandom(22).hex()
        exchange = _Exchange(
            # What GET would answer, without its body (RFC 9110, 9.3.2).
            {**scope, "method": "GET"} if is_head else scope,
            receive,
            send,
            f"req_{random[:12]}",
            trace[1].decode() if trace else random[12:],
        )
        exchange.is_head = is_head
        exchange.scope.setdefault("state", {})["request_id"] = exchange.request_id
        try:
            await self._serve(exchange, headers.get(b"content-length", b""))
        finally:
            seconds = time.perf_counter() - started
            method = scope["method"] if scope["method"] in COUNTED else "other"
            self.metrics.count(method, exchange.route, exchange.status, seconds)
            log("request", **exchange.log_entry(seconds))

    async def _serve(self, exchange: _Exchange, length: bytes) -> None:
        try:
            if length.isdigit() and int(length) > exchange.limit:
                raise BodyTooLargeError  # noqa: TRY301 - told apart from a defect below
            await self.app(exchange.scope, exchange.take, exchange.forward)
        except BodyTooLargeError:
            await error_response(TooLargeError())(exchange.scope, exchange.receive, exchange.forward)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller learns only its id
            await _answer_defect(error, exchange)


class Options:
    """Says which methods an address has (RFC 9110, 9.3.7)."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self.app = app
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer OPTIONS; everything else is passed on."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS" and (allowed := self._allowed(scope)):
            headers = {"allow": ", ".join([*allowed, "OPTIONS"])}
            await Response(status_code=204, headers=headers)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _allowed(self, scope: Scope) -> list[str]:
        asked = {method: "GET" if method == "HEAD" else method for method in METHODS}
        return [
            method
            for method, inner in asked.items()
            if any(route.matches({**scope, "method": inner})[0] is Match.FULL for route in self.routes)
        ]


async def _answer_defect(error: Exception, exchange: _Exchange) -> None:
    error_id = new_error_id()
    log_defect(error, error_id=error_id, request_id=exchange.request_id, trace_id=exchange.trace_id)
    if exchange.status:
        raise error  # half an answer is out: only a broken connection tells the caller
    answer = error_response(UnexpectedError(), error_id=error_id)
    await answer(exchange.scope, exchange.receive, exchange.forward)
