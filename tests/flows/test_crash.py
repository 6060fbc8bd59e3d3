"""Postgres is killed at random moments of an ingest: after a second try everything counts once."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine, event, text

from flows.ingest import ingest
from tests.factories import make_user
from warehouse.engine import Warehouse, WarehouseUnavailableError, open_warehouse
from warehouse.provision import provision
from warehouse.server import EmbeddedServer
from warehouse.settings import Settings

pytestmark = pytest.mark.slow

ROWS = 600
#: Kills at statements of the database that the seed chooses; MITA_CRASHES asks for more of them.
TRIALS = int(os.environ.get("MITA_CRASHES", "12"))


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


@contextmanager
def counted_statements() -> Iterator[list[int]]:
    """How many statements are sent to the database within the block."""
    seen = [0]

    def count(*_args: object) -> None:
        seen[0] += 1

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", count)


@contextmanager
def killed_at(server: EmbeddedServer, statement: int) -> Iterator[list[int]]:
    """Kill Postgres, all its processes at once, when the n-th statement of the block is about to be sent."""
    with counted_statements() as seen:

        def kill(*_args: object) -> None:
            if seen[0] == statement:
                kill_all(server)

        event.listen(Engine, "before_cursor_execute", kill)
        try:
            yield seen
        finally:
            event.remove(Engine, "before_cursor_execute", kill)


def kill_all(server: EmbeddedServer) -> None:
    postmaster = psutil.Process(int((server.folder / "postmaster.pid").read_text().splitlines()[0]))
    victims = [postmaster, *postmaster.children(recursive=True)]
    for victim in victims:
        with suppress(psutil.NoSuchProcess):
            victim.kill()
    psutil.wait_procs(victims, timeout=10)


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
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        user = make_user(warehouse)
        write_statement(tmp_path / "statement0.csv", shift=0)
        with counted_statements() as needed:
            ingest.fn([str(tmp_path / "statement0.csv")], user.email, refresh=False)
        for trial in range(1, TRIALS + 1):
            path = tmp_path / f"statement{trial}.csv"
            write_statement(path, shift=10 * trial)
            with (
                killed_at(server, dice.randrange(needed[0]) + 1),
                pytest.raises(WarehouseUnavailableError),
            ):
                ingest.fn([str(path)], user.email, refresh=False)
            server.start()
            assert stored(warehouse)[0] in {trial * ROWS, (trial + 1) * ROWS}, "all of a file or none of it"
            ingest.fn([str(path)], user.email, refresh=False)
            assert stored(warehouse) == ((trial + 1) * ROWS,) * 3
