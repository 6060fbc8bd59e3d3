"""A server on this machine that speaks as much of OpenAI's Responses API as the real client asks for."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Gives the status and the body for a request.
Script = Callable[[dict[str, Any]], tuple[int, bytes]]


@dataclass
class FakeLlm:
    """What a test lets the service say, and what it was asked."""

    answer: Script
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)


def said(text: str, *, input_tokens: int = 100, output_tokens: int = 20) -> tuple[int, bytes]:
    """A response of the service whose one message is this text."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    response = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "fake",
        "status": "completed",
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        "output": [
            {"id": "m", "type": "message", "role": "assistant", "status": "completed", "content": content}
        ],
        "usage": {
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "total_tokens": input_tokens + output_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
    }
    return 200, json.dumps(response).encode()


def refused(status: int, code: str = "error") -> tuple[int, bytes]:
    """An error of the service."""
    return status, json.dumps({"error": {"message": "no", "type": "error", "code": code}}).encode()


def slow(seconds: float) -> Script:
    """An answer that comes too late."""

    def answer(_: dict[str, Any]) -> tuple[int, bytes]:
        time.sleep(seconds)
        return said("{}")

    return answer


@contextmanager
def serving(answer: Script) -> Iterator[FakeLlm]:
    """The service, for as long as the block lasts."""
    fake = FakeLlm(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            fake.asked.append(body)
            status, content = fake.answer(body)
            try:
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.send_header("retry-after-ms", "1")
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                pass  # the client gave up

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
