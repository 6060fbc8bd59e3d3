"""Postgres is killed at random moments of an ingest: after a second try everything counts once."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from flows.ingest import ingest
from tests.factories import make_user
from warehouse.engine import Warehouse, WarehouseUnavailableError, open_warehouse
from warehouse.provision import provision
from warehouse.server import EmbeddedServer
from warehouse.settings import Settings

pytestmark = pytest.mark.slow

ROWS = 600
TRIALS = 12


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("MITA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MITA_CHUNK_ROWS", "50")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    yield Settings()
    EmbeddedServer(Settings()).remove()


def write_statement(path: Path, shift: int) -> None:
    lines = [
        f"2026-{1 + row % 12:02}-{1 + row % 28:02},SHOP {row % 40},-{shift + row % 5}.10,EUR"
        for row in range(ROWS)
    ]
    path.write_text("\n".join(["Date,Description,Amount,Currency", *lines]) + "\n")


def seconds_of_an_ingest(path: Path, email: str) -> float:
    """Ingest twice: what is imported at the first time is not part of an ingest's length."""
    for shift in (100, 0):
        write_statement(path, shift)
        start = time.monotonic()
        ingest.fn([str(path)], email, refresh=False)
    return time.monotonic() - start


def postmaster(server: EmbeddedServer) -> int:
    return int((server.folder / "postmaster.pid").read_text().splitlines()[0])


def kill_after(server: EmbeddedServer, seconds: float) -> threading.Thread:
    def kill() -> None:
        time.sleep(seconds)
        victim = postmaster(server)
        os.kill(victim, signal.SIGKILL)
        while server.is_running() and postmaster(server) == victim:
            time.sleep(0.01)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def stored(warehouse: Warehouse) -> tuple[int, int, int]:
    with warehouse.transaction() as connection:
        row = connection.execute(
            text("""
                select
                    (select count(*) from app.transactions),
                    (select count(*) from raw.statement_lines),
                    (select count(*) from app.transaction_lines)
            """)
        ).one()
    return row[0], row[1], row[2]


def test_nothing_is_lost_and_nothing_counts_twice(settings: Settings, tmp_path: Path) -> None:
    dice = random.Random(20261123)  # noqa: S311 - reproducible moments
    server = EmbeddedServer(settings)
    died = 0
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        user = make_user(warehouse)
        length = seconds_of_an_ingest(tmp_path / "warm-up.csv", user.email)
        for trial in range(1, TRIALS):
            path = tmp_path / f"statement{trial}.csv"
            write_statement(path, shift=trial)
            killer = kill_after(server, dice.uniform(0.0, length))
            try:
                ingest.fn([str(path)], user.email, refresh=False)
            except WarehouseUnavailableError:
                died += 1
            killer.join()
            server.start()  # unless a later step of the ingest has started it again
            ingest.fn([str(path)], user.email, refresh=False)
            assert stored(warehouse) == ((trial + 2) * ROWS,) * 3
    assert died > 0, "no kill fell into an ingest: the moments need another range"
