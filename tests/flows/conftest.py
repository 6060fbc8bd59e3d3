"""Flows in process, against a database of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flows.ingest import FileOutcome, ingest
from tests.factories import make_user
from warehouse.engine import Warehouse
from warehouse.repositories.users import User

Ingest = Callable[..., list[FileOutcome]]


@pytest.fixture
def user(warehouse: Warehouse) -> User:
    return make_user(warehouse)


@pytest.fixture
def ingest_files(warehouse: Warehouse, user: User, monkeypatch: pytest.MonkeyPatch) -> Ingest:
    """Ingest files of ``user`` without renewing the marts, which tests of dbt look at."""
    monkeypatch.setenv("MITA_HOME", str(warehouse.settings.root))
    monkeypatch.setenv("MITA_DATABASE_URL", warehouse.server.render_as_string(hide_password=False))
    monkeypatch.setenv("MITA_CHUNK_ROWS", "100")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)

    def run(*paths: Path, **hints: str) -> list[FileOutcome]:
        return ingest.fn([str(path) for path in paths], user.email, refresh=False, **hints)

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file for a test to ingest."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file
