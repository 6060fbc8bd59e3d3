"""JSON as RFC 8259 has it and no more: no NaN, no key twice, decimals as written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute


class StrictRequest(Request):
    """A request whose body is read exactly."""

    async def json(self) -> Any:  # noqa: ANN401 - JSON
        """The body; raises JSONDecodeError, which is answered with 422."""
        if not hasattr(self, "_json"):
            self._json = _read(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """A route whose JSON bodies are read so."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, given a stricter request."""
        handler = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            given = StrictRequest(request.scope, request.receive)
            if "idempotency-key" in given.headers:
                await given.body()  # kept, so that a form can be read and be told from another
            return await handler(given)

        return strictly


#: Escapes of half a character.
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def _read(body: bytes) -> Any:  # noqa: ANN401
    try:
        text = body.decode()
        value = json.loads(text, parse_float=_decimal, parse_constant=_refuse, object_pairs_hook=_object)
        if _HALF.search(text):
            json.dumps(value, ensure_ascii=False, default=str).encode()  # fails on one without its other
    except (UnicodeError, RecursionError) as error:
        message = "not UTF-8 text, or nested too deep"
        raise json.JSONDecodeError(message, "", 0) from error
    return value


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    return number if number.is_finite() and abs(number.adjusted()) < MAX_EXPONENT else _refuse(text)


#: Beyond it a few characters would be a number of many megabytes.
MAX_EXPONENT = 1000


def _refuse(constant: str) -> NoReturn:
    message = f"{constant[:20]} is not JSON"
    raise json.JSONDecodeError(message, "", 0)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        message = "a key stands twice in an object"
        raise json.JSONDecodeError(message, "", 0)
    return result
