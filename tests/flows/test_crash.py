"""Postgres, or the worker, is killed at random moments of an ingest: after a second try all counts once."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

import psutil
import pytest
from sqlalchemy import Engine, event, text

from flows.ingest import ingest
from flows.sync_bank import sync_bank
from tests.factories import make_user
from tests.flows.dying import counted_statements, start
from tests.plaid_server import FakePlaid, line, serving
from warehouse.engine import Warehouse, WarehouseUnavailableError, open_warehouse
from warehouse.plaid import TOKENS
from warehouse.provision import provision
from warehouse.repositories.feeds import NewConnection, add_connection
from warehouse.repositories.users import User
from warehouse.sealing import Vault
from warehouse.server import EmbeddedServer
from warehouse.settings import Settings

ROWS = 100
#: Kills of each kind, at statements that a seed chooses; MITA_CRASHES asks for more of them.
TRIALS = int(os.environ.get("MITA_CRASHES", "6"))
#: Another seed tries other moments, so that runs of few trials add up.
SEED = int(os.environ.get("MITA_CRASH_SEED", "20261123"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300 + 40 * TRIALS)]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("MITA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MITA_CHUNK_ROWS", "50")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    yield Settings()
    EmbeddedServer(Settings()).remove()


def write_statement(path: Path) -> None:
    lines = [
        f"2026-{1 + row % 12:02}-{1 + row % 28:02},SHOP {row % 40},-{row % 5}.10,EUR" for row in range(ROWS)
    ]
    path.write_text("\n".join(["Date,Description,Amount,Currency", *lines]) + "\n")


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


def stored(warehouse: Warehouse, user: User) -> tuple[int, int, int]:
    with warehouse.transaction() as connection:
        row = connection.execute(
            text("""
                select
                    (select count(*) from app.transactions where user_id = :user_id),
                    (select count(*) from raw.statement_lines where user_id = :user_id),
                    (select count(*) from app.transaction_lines where user_id = :user_id)
            """),
            {"user_id": user.user_id},
        ).one()
    return row[0], row[1], row[2]


@pytest.fixture
def warehouse(settings: Settings) -> Iterator[Warehouse]:
    with open_warehouse(settings) as opened:
        provision(settings, opened.server)
        yield opened


def moments(needed: int, seed: int) -> Iterator[int]:
    """At which statement each trial ends, of those that an undisturbed run needs."""
    dice = random.Random(seed)  # noqa: S311 - reproducible moments
    return iter([dice.randrange(needed) + 1 for _ in range(TRIALS)])


def statements_of(warehouse: Warehouse, path: Path) -> int:
    """How many statements an ingest sends; the first one of a database sends more than all others."""
    for _ in range(2):
        user = make_user(warehouse)
        with counted_statements() as needed:
            ingest.fn([str(path)], user.email, refresh=False)
    return needed[0]


def test_a_killed_database_loses_nothing_and_nothing_counts_twice(
    settings: Settings, warehouse: Warehouse, tmp_path: Path
) -> None:
    """Each trial has a user of its own, so that the hundredth costs no more than the first."""
    server, path = EmbeddedServer(settings), tmp_path / "statement.csv"
    write_statement(path)
    for moment in moments(statements_of(warehouse, path), SEED):
        user = make_user(warehouse)
        with killed_at(server, moment), pytest.raises(WarehouseUnavailableError):
            ingest.fn([str(path)], user.email, refresh=False)
        server.start()
        assert stored(warehouse, user)[0] in {0, ROWS}, f"all of a file or none of it, at {moment}"
        ingest.fn([str(path)], user.email, refresh=False)
        assert stored(warehouse, user) == (ROWS,) * 3, f"killed at statement {moment}"


def test_a_killed_worker_loses_nothing_and_nothing_counts_twice(warehouse: Warehouse, tmp_path: Path) -> None:
    path = tmp_path / "statement.csv"
    write_statement(path)
    for moment in moments(statements_of(warehouse, path), SEED + 1):
        user = make_user(warehouse)
        worker = start(moment, "ingest", ([str(path)], user.email))
        worker.join()
        assert worker.exitcode == -signal.SIGKILL, f"it ended before statement {moment}"
        assert stored(warehouse, user)[0] in {0, ROWS}, f"all of a file or none of it, at {moment}"
        ingest.fn([str(path)], user.email, refresh=False)
        assert stored(warehouse, user) == (ROWS,) * 3, f"killed at statement {moment}"


def test_a_reader_of_a_feed_that_is_killed_loses_nothing(
    settings: Settings, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between two pages of ``/transactions/sync``, or while it stores what they said."""
    monkeypatch.setenv("MITA_PLAID_CLIENT_ID", "id")
    monkeypatch.setenv("MITA_PLAID_SECRET", "secret")
    dice = random.Random(SEED + 2)  # noqa: S311 - reproducible moments
    needed = 1
    for trial in range(TRIALS + 1):
        bank = FakePlaid(page=7, item_id=f"item-{trial}")
        bank.add(*(line(f"t{n}", 1 + n, f"2026-03-{1 + n % 28:02}", f"SHOP {n % 9}") for n in range(40)))
        user = make_user(warehouse, currency="USD", country="US")
        sealed = Vault(settings.derived_key(TOKENS)).seal(bank.access_token)
        with warehouse.transaction() as connection:
            new = NewConnection(bank.item_id, sealed, "ins_1", "First Platypus Bank")
            add_connection(connection, user.user_id, new)
        with serving(bank) as address:
            monkeypatch.setenv("MITA_PLAID_URL", address)
            if trial:
                _kill_reader(bank, user, dice.randrange(needed) + 1, trial)
                assert stored(warehouse, user)[0] in {0, 40}, "all of an update or none of it"
            with counted_statements() as seen:
                sync_bank.fn(user.email, refresh=False)
            needed = needed if trial else seen[0]
        assert stored(warehouse, user) == (40,) * 3, f"trial {trial}"


def _kill_reader(bank: FakePlaid, user: User, moment: int, trial: int) -> None:
    """Every other trial dies when the bank is asked for one of six pages, the others at a statement."""
    if trial % 2:
        reader = start(moment, "sync", (user.email,))
    else:
        page = moment % 6 + 1
        answer = bank.transactions_sync
        started = Event()

        def die(asked: dict[str, object]) -> dict[str, object]:
            if len([path for path, _ in bank.calls if path == "/transactions/sync"]) == page:
                started.wait()
                reader.kill()
            return answer(asked)

        bank.transactions_sync = die  # type: ignore[method-assign]
        reader = start(0, "sync", (user.email,))
        started.set()
    reader.join()
    assert reader.exitcode == -signal.SIGKILL, f"it ended before {moment}"
    if not trial % 2:
        bank.transactions_sync = answer  # type: ignore[method-assign]
        bank.calls.clear()
