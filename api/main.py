"""The application as a server starts it: ``uvicorn --factory api.main:app``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.app import create_app
from api.logs import configure_logs
from warehouse.server import EmbeddedServer
from warehouse.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI


def app() -> FastAPI:
    """The API of this machine's settings; the embedded server is whoever's who runs the platform."""
    configure_logs()
    settings = Settings()
    return create_app(settings, settings.external_conninfo or EmbeddedServer(settings).conninfo())
