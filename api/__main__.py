"""``python -m api --host HOST --port PORT`` serves the API until it is stopped."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import uvicorn

from warehouse.settings import Settings


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve with one worker; more are more processes behind a proxy."""
    settings = Settings()
    parser = argparse.ArgumentParser(prog="python -m api", description="Serve the MITA API.")
    parser.add_argument("--host", default=settings.api_host)
    parser.add_argument("--port", type=int, default=settings.api_port)
    given = parser.parse_args(arguments)
    uvicorn.run(
        "api.main:app",
        factory=True,
        host=given.host,
        port=given.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
