"""``python -m api --host HOST --port PORT`` serves the API until it is stopped."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Sequence

import uvicorn

from warehouse.settings import Settings


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until stopped."""
    gc.disable()  # what is imported stays: looking for waste among it takes a sixth of the start
    settings = Settings()
    parser = argparse.ArgumentParser(prog="python -m api", description="Serve the MITA API.")
    parser.add_argument("--host", default=settings.api_host)
    parser.add_argument("--port", type=int, default=settings.api_port)
    parser.add_argument("--workers", type=int, default=1, help="processes that share the port")
    given = parser.parse_args(arguments)
    uvicorn.run(
        "api.main:app",
        factory=True,
        host=given.host,
        port=given.port,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # the application itself believes the proxies that are configured
        workers=given.workers if given.workers > 1 else None,
        server_header=False,
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
