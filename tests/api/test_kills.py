"""API processes and Postgres are killed while purchases are sent: each counts once and is answered alike."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import httpx
import psutil
import pytest
from sqlalchemy import text

from api.auth.tokens import Tokens
from flows.dbt import run_dbt
from tests.api.people import Line, Person, move_in, principal_of
from warehouse.engine import Warehouse, open_warehouse
from warehouse.provision import provision
from warehouse.repositories import freshness
from warehouse.server import EmbeddedServer, free_port
from warehouse.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = int(os.environ.get("MITA_KILLS", "3"))
PURCHASES = 20
SEED = int(os.environ.get("MITA_KILLS_SEED", "20261123"))
PATIENCE_SECONDS = 120.0


def title_of(process: psutil.Process) -> str:
    """What a process calls itself; empty for one that has just ended, as autovacuum's do at any time."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


@dataclass
class Process:
    """One API process, started again on its port when it was killed."""

    settings: Settings
    port: int = field(default_factory=free_port)
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {**os.environ, "MITA_HOME": str(self.settings.root), "MITA_RATE_LIMITS": "false"}
        self.running = subprocess.Popen(
            [sys.executable, "-m", "api", "--port", str(self.port)],
            env=environment,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        if self.running is not None:
            self.running.kill()
            self.running.wait()


@dataclass(frozen=True)
class Platform:
    """Two API processes on one Postgres, and whoever shops."""

    warehouse: Warehouse
    server: EmbeddedServer
    processes: tuple[Process, Process]
    user_id: UUID
    bearer: str
    client: httpx.Client  # one for all, as making one takes longer than asking
    heard: Counter[str] = field(default_factory=Counter)  # what callers were told, to say when a test fails

    def break_something(self, dice: random.Random) -> str:
        """Kill without warning: an API process, a connection's server process, or all of Postgres."""
        kind = dice.choice(["api", "api", "backend", "postgres"])
        if kind == "api":
            process = dice.choice(self.processes)
            process.kill()
            process.start()
            return kind
        self.server.start()
        postmaster = psutil.Process(int((self.server.folder / "postmaster.pid").read_text().split()[0]))
        victims = postmaster.children()
        if kind == "backend":
            victims = [one for one in victims if "mita_api" in title_of(one)][:1]
        else:
            victims.insert(0, postmaster)
        for victim in victims:
            with suppress(psutil.NoSuchProcess):
                victim.kill()
        psutil.wait_procs(victims, timeout=10)
        # Somebody looks after the server, as 'mita up' does; it recovers from a lost connection by itself.
        self.server.start()
        return kind

    def buy(self, dice: random.Random, key: str, amount: int) -> list[bytes]:
        """Ask until it is answered with success, then perhaps again: what was answered."""
        answers: list[bytes] = []
        deadline = time.monotonic() + PATIENCE_SECONDS
        wanted = dice.randint(1, 3)
        while len(answers) < wanted and time.monotonic() < deadline:
            try:
                answer = self.client.post(
                    f"http://127.0.0.1:{dice.choice(self.processes).port}/api/transactions/",
                    json={"amount": amount, "category": "dining", "merchant": key},
                    headers={"authorization": f"Bearer {self.bearer}", "idempotency-key": key},
                    timeout=15,
                )
            except httpx.TransportError as error:
                self.heard[type(error).__name__] += 1
            else:
                self.heard[str(answer.status_code)] += 1
                assert answer.status_code in {201, 409, 500, 503}, answer.text
                if answer.status_code == 201:
                    answers.append(answer.content)
            time.sleep(dice.random() / 50)
        return answers

    def counted(self, prefix: str) -> list[tuple[str, int]]:
        """The purchases of a round as they are stored, and as the user said them."""
        query = text("""
            select made.counterparty, -made.amount_minor / 100
            from app.transactions as made
            inner join app.purchases as said
                on made.user_id = said.user_id and made.transaction_id = said.purchase_id
                and made.amount_minor = said.amount_minor
            inner join app.category_decisions as decided
                on made.user_id = decided.user_id and made.transaction_id = decided.transaction_id
            where made.user_id = :user_id and starts_with(made.counterparty, :prefix)
            order by 2
        """)
        with self.warehouse.transaction() as connection:
            rows = connection.execute(query, {"user_id": self.user_id, "prefix": prefix})
            return [(row[0], row[1]) for row in rows]


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    settings = Settings(home=tmp_path / "home")
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        person = Person(f"{uuid4()}@example.org", "EUR", "UTC", 200_000, 1_000, (Line(0, -999, "coffee"),))
        user_id = move_in(warehouse, person).user_id
        with warehouse.transaction() as connection:
            freshness.queue_all_users(connection)
        run_dbt(settings, warehouse.server, ["build", "--exclude-resource-type", "test", "unit_test"])
        principal = principal_of(warehouse, user_id)
        bearer = Tokens.of(settings).pair(principal, uuid4()).access_token
        server, processes = EmbeddedServer(settings), (Process(settings), Process(settings))
        with running(processes), httpx.Client(limits=httpx.Limits(max_connections=PURCHASES)) as client:
            yield Platform(warehouse, server, processes, user_id, bearer, client)
    EmbeddedServer(settings).remove()


@contextmanager
def running(processes: tuple[Process, Process]) -> Iterator[None]:
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()


@pytest.mark.slow
@pytest.mark.timeout(120 + 180 * ROUNDS)
def test_purchases_are_counted_once_whatever_is_killed(platform: Platform) -> None:
    for round_number in range(ROUNDS):
        dice = random.Random(SEED + round_number)  # noqa: S311 - reproducible moments
        prefix = f"round {round_number} "
        killed: list[str] = []
        is_over = threading.Event()

        def break_things(
            dice: random.Random = dice, killed: list[str] = killed, is_over: threading.Event = is_over
        ) -> None:
            moments = (is_over.wait(dice.random()) for _ in range(dice.randint(1, 3)))
            killed.extend(platform.break_something(dice) for is_late in moments if not is_late)

        breaker = threading.Thread(target=break_things)
        breaker.start()
        with ThreadPoolExecutor(PURCHASES) as pool:
            keys = [f"{prefix}{number:02}".replace(" ", "-") for number in range(PURCHASES)]
            own = [random.Random(dice.random()) for _ in keys]  # noqa: S311
            asked = [
                pool.submit(platform.buy, own[number], key, 1 + number) for number, key in enumerate(keys)
            ]
            answers = [one.result() for one in asked]
        is_over.set()
        breaker.join()
        assert all(answers), (round_number, killed, platform.heard)
        assert [len(set(bodies)) for bodies in answers] == [1] * PURCHASES, (round_number, killed)
        expected = [(key, 1 + number) for number, key in enumerate(keys)]
        assert platform.counted(keys[0][:-2]) == expected, (round_number, killed)
        sys.stdout.write(f"round {round_number}: {' '.join(killed)}\n")
        sys.stdout.flush()
