"""A bare ASGI application that gives the same bytes and knows nothing: the most that the server could do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def app() -> Any:  # noqa: ANN401 - an ASGI application
    """Gives the file that MITA_BENCH_BODY names, whatever is asked."""
    body = Path(os.environ["MITA_BENCH_BODY"]).read_bytes()
    start = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())],
    }

    async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        await send(start)
        await send({"type": "http.response.body", "body": body})

    return answer
