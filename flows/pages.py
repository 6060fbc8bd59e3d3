"""Serves a folder of pages on this machine."""

from __future__ import annotations

import functools
import http.server
from pathlib import Path


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Say nothing: whoever reads the terminal asked for pages, not for a log of them."""


def serve_folder(folder: Path, port: int) -> None:
    """Serve the folder to this machine only, until interrupted."""
    handler = functools.partial(_QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.serve_forever()
