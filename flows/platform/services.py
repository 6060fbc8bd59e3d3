"""The services of a running platform: how each is started and when it is ready."""

from __future__ import annotations

import http
import http.client
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flows.platform.client import is_listening, socket_path
from warehouse.provision import role_database
from warehouse.server import free_port
from warehouse.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

POOL = "mita"
#: Queues of the work pool, the most urgent first.
QUEUES = ("high", "default", "low", "scheduled")
ANSWER_SECONDS = 1.0


@dataclass(frozen=True)
class Service:
    """One process of the platform."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    address: str
    is_ready: Callable[[], bool]


@dataclass(frozen=True)
class Ports:
    """The ports that this run of the platform listens on."""

    api: int
    prefect: int

    @classmethod
    def choose(cls, settings: Settings) -> Ports:
        """The preferred ports, or free ones where somebody else listens."""
        return cls(free_port(settings.api_port), free_port(settings.prefect_port))


def environment(settings: Settings, ports: Ports) -> dict[str, str]:
    """What all services share: where the data lies, where Prefect is, and no telemetry."""
    return {
        **os.environ,
        **quiet_environment(settings),
        "PREFECT_API_URL": f"http://127.0.0.1:{ports.prefect}/api",
    }


def quiet_environment(settings: Settings) -> dict[str, str]:
    """Folders below the data folder instead of the home folder, and no telemetry."""
    return {
        "MITA_HOME": str(settings.root),
        "PREFECT_HOME": str(settings.folder("prefect")),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": os.environ.get("PREFECT_LOGGING_LEVEL", "WARNING"),
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        **compiled_modules(settings),
    }


def compiled_modules(settings: Settings) -> dict[str, str]:
    """A folder for compiled modules where Python may not keep them beside their sources.

    Compiling takes half of the API's start-up, and as much again of Prefect's.
    """
    if not os.environ.get("PYTHONDONTWRITEBYTECODE"):
        return {}
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(settings.folder("compiled"))}


def all_services(settings: Settings, server: URL, ports: Ports) -> list[Service]:
    """The services in the order in which they start."""
    shared = environment(settings, ports)
    return [
        _warm(settings, shared),
        _api(settings, shared, ports),
        _prefect_server(settings, server, shared, ports),
        _worker(settings, shared, ports),
        _receipts(shared),
    ]


def _api(settings: Settings, shared: dict[str, str], ports: Ports) -> Service:
    address = f"http://{settings.api_host}:{ports.api}"
    return Service(
        "api",
        (sys.executable, "-m", "api", "--host", settings.api_host, "--port", str(ports.api)),
        shared,
        address,
        lambda: answers(f"{address}/health"),
    )


def _prefect_server(settings: Settings, server: URL, shared: dict[str, str], ports: Ports) -> Service:
    address = f"http://127.0.0.1:{ports.prefect}"
    database = settings.url_for("prefect", server, role_database(server, "prefect"))
    return Service(
        "prefect",
        (sys.executable, "-m", "prefect", "server", "start", "--host=127.0.0.1", f"--port={ports.prefect}"),
        {
            **shared,
            "PREFECT_API_DATABASE_CONNECTION_URL": database.set(
                drivername="postgresql+asyncpg"
            ).render_as_string(hide_password=False),
            "PREFECT_SERVER_UI_API_URL": "/api",
        },
        address,
        lambda: answers(f"{address}/api/health"),
    )


def _worker(settings: Settings, shared: dict[str, str], ports: Ports) -> Service:
    pool = f"http://127.0.0.1:{ports.prefect}/api/work_pools/{POOL}"
    return Service(
        "worker",
        (sys.executable, "-m", "flows.platform.worker"),
        # Its runner keeps a folder of a fixed name in the temporary folder, which may be another user's.
        {**shared, "PREFECT_WORKER_QUERY_SECONDS": "1", "TMPDIR": str(settings.folder("tmp"))},
        pool,
        lambda: _pool_is_served(pool),
    )


def _warm(settings: Settings, shared: dict[str, str]) -> Service:
    return Service(
        "pipelines",
        (sys.executable, "-m", "flows.platform.warm"),
        shared,
        str(socket_path(settings.folder())),
        lambda: is_listening(settings.root),
    )


def _receipts(shared: dict[str, str]) -> Service:
    """Reads photos as they come in. It is ready at once: until it has its engines, jobs wait."""
    command = (sys.executable, "-m", "flows.receipts.worker")
    return Service("receipts", command, shared, "", lambda: True)


def answers(address: str) -> bool:
    """Whether something answers there with success."""
    return _body(address) is not None


def _pool_is_served(pool: str) -> bool:
    body = _body(pool)
    return body is not None and json.loads(body).get("status") == "READY"


def _body(address: str) -> bytes | None:
    """What a service of ours answers, without the proxies and certificates of a real client."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        return response.read() if response.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def log_file(settings: Settings, name: str) -> Path:
    """Where a service writes what it has to say."""
    return settings.folder("logs") / f"{name}.log"
