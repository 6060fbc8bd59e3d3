"""Requests a second of the API, each as a ratio to what it could be and to how it is usually written.

The floors: pgbench running the same statement, a bare ASGI application giving the same bytes, and FastAPI
with mapped objects and response models. Latencies are taken at half the rate that was reached, counted
from when a request was due rather than from when there was a connection for it.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import psycopg
import uvloop
from psycopg import sql
from sqlalchemy import text

from api.auth.tokens import Principal, Tokens
from api.calendar.queries import SAVED_MONTH
from api.dashboard.queries import DASHBOARD
from api.database import MAX_CONNECTIONS, SESSION, Database
from api.documents import Document, read_document
from api.transactions.queries import PAGE
from api.transactions.schemas import PageQuery
from flows.dbt import run_dbt
from flows.platform.services import compiled_modules
from tests.benchmarks.load import Figures, closed_loop, fixed_rate, head_of, request
from warehouse.engine import Warehouse, open_warehouse
from warehouse.passwords import hash_password
from warehouse.provision import provision
from warehouse.repositories import freshness
from warehouse.repositories.users import NewUser, add_user
from warehouse.server import EmbeddedServer, binaries, free_port
from warehouse.settings import Settings

USERS = int(os.environ.get("MITA_BENCH_USERS", "50"))
SECONDS = float(os.environ.get("MITA_BENCH_SECONDS", "4"))
WARM_UP_SECONDS = 1.0
#: Of each role, and the roles by turns.
RUNS = 120
ROLES: tuple[Literal["api", "owner"], ...] = ("api", "owner")
CONNECTIONS = 16
WORKERS = tuple(int(number) for number in os.environ.get("MITA_BENCH_WORKERS", "1,2").split(","))
MONTHS = 3
PASSWORD = "a long and quiet passphrase"  # noqa: S105 - of people who do not exist

_ACCOUNTS = """
insert into app.accounts (user_id, account_ref, currency)
select user_id, '1', 'EUR' from app.users
"""
# Four purchases a day over the everyday categories, a salary a month: by number, so always the same.
_FACTS = """
with lines as (
    select
        users.user_id,
        gen_random_uuid() as transaction_id,
        accounts.account_id,
        current_date - n / 4 as day,
        case n % 120 when 0 then 250000 else -(200 + n * 7919 % 4000) end as amount_minor,
        case n % 120 when 0 then 'salary' else (array[
            'groceries', 'groceries', 'coffee', 'restaurants', 'fuel', 'public_transport', 'pharmacy',
            'streaming', 'clothing', 'electricity', 'mobile_phone', 'rent', 'books_media',
            'household_supplies'
        ])[1 + n * 104729 % 14] end as category_code
    from app.users
    inner join app.accounts using (user_id)
    cross join generate_series(0, :days * 4) as n
),
made as (
    insert into app.transactions (
        user_id, transaction_id, account_id, booked_date, spent_date, amount_minor,
        currency, status, description, counterparty
    )
    select
        user_id, transaction_id, account_id, day, day, amount_minor,
        'EUR', 'posted', 'POS PURCHASE 4711', 'Shop ' || category_code
    from lines
)
insert into ml.category_predictions (
    user_id, transaction_id, category_code, suggested_code, probability, model_name, model_version
)
select user_id, transaction_id, category_code, category_code, 0.9, 'bench', '1' from lines
"""


def main() -> None:
    """Print start-up, memory, and for each request: rate, p50, p99, ratio to the statement alone."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MITA_HOME"] = folder
        settings = Settings()
        with open_warehouse(settings) as warehouse:
            provision(settings, warehouse.server)
            people = move_in(warehouse)
            build(warehouse)
            signed_in = sign_in(warehouse, people)
            floors = uvloop.run(measure_floors(warehouse, signed_in, Path(folder)))
            with served(API):  # leaves its compiled modules, as any first start does
                pass
            for workers in WORKERS:
                build(warehouse)  # what was measured before has added purchases
                tell(f"-- {workers} worker{'s' * (workers > 1)}", "")
                with served(API, workers) as (port, process):
                    tell("memory of a process at start", f"{memory_megabytes(process.pid):.0f} MB")
                    uvloop.run(measure(warehouse, signed_in, port, floors))
                    tell("memory of a process after", f"{memory_megabytes(process.pid):.0f} MB")
        if settings.external_server is None:
            EmbeddedServer(settings).remove()


@dataclass(frozen=True)
class Subject:
    """One request of the client, and the statement that answers it."""

    name: str
    path: str
    document: Document
    parameters: dict[str, Any]


#: How the three applications are started; a port follows.
API = ("api",)
BARE = ("uvicorn", "--factory", "tests.benchmarks.bare:app", "--no-access-log", "--log-level", "error")
USUAL = ("uvicorn", "--factory", "tests.benchmarks.usual:app", "--no-access-log", "--log-level", "error")
PURCHASE = '{"amount": 3.10, "category": "dining", "merchant": "Bench"}'
#: Of one person each; pgbench takes 128.
MOST_SCRIPTS = 100
#: Rates by what was asked and what it is held against.
Floors = dict[str, dict[str, float]]


def subjects(today: date) -> list[Subject]:
    """What the client asks most."""
    first = today.replace(day=1)
    path = f"/api/calendar/saved/{today.year}/{today.month}"
    return [
        Subject("calendar month", path, SAVED_MONTH, {"first_day": first}),
        Subject("dashboard", "/api/dashboard", DASHBOARD, {}),
        Subject("100 transactions", "/api/transactions/", PAGE, PageQuery().parameters()),
    ]


def move_in(warehouse: Warehouse) -> list[UUID]:
    """Users with an account and facts."""
    password_hash = hash_password(PASSWORD)
    with warehouse.transaction() as connection:
        people = [
            add_user(
                connection,
                NewUser(f"p{number}@example.org", "EUR", "UTC", password_hash=password_hash),
            ).user_id
            for number in range(USERS)
        ]
        connection.execute(text(_ACCOUNTS))
        connection.execute(text(_FACTS), {"days": MONTHS * 30})
    return people


def build(warehouse: Warehouse) -> None:
    """The marts, by dbt."""
    with warehouse.transaction() as connection:
        freshness.queue_all_users(connection)
    run_dbt(
        warehouse.settings,
        warehouse.server,
        ["build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"],
    )
    with warehouse.transaction() as connection:
        freshness.record_build(connection)


def sign_in(warehouse: Warehouse, people: list[UUID]) -> list[Principal]:
    """A session for everybody."""
    with warehouse.transaction() as connection:
        rows = connection.execute(
            text(
                "insert into app.sessions (user_id, refresh_id, expires_at) "
                "select user_id, uuidv7(), now() + interval '1 day' from app.users "
                "returning user_id, session_id"
            )
        ).all()
    sessions = {user_id: session_id for user_id, session_id in rows}  # noqa: C416 - rows are no pairs to mypy
    return [Principal(person, 1, sessions[person]) for person in people]


@contextmanager
def served(command: tuple[str, ...], workers: int = 1) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """An application as it is started by hand, on a port of its own."""
    port = free_port()
    started = time.perf_counter()
    many = ["--workers", str(workers)] if workers > 1 else []
    arguments = [sys.executable, "-m", *command, "--host", "127.0.0.1", "--port", str(port), *many]
    environment = {**os.environ, **compiled_modules(Settings()), "MITA_RATE_LIMITS": "false"}
    process = subprocess.Popen(arguments, env=environment, stderr=subprocess.DEVNULL)
    try:
        while socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.01)
        if command is API:
            tell("start-up", f"{time.perf_counter() - started:.2f} s")
        yield port, process
    finally:
        process.terminate()
        process.wait()


def bearers_of(warehouse: Warehouse, people: list[Principal]) -> list[str]:
    """A token of everybody."""
    tokens = Tokens.of(warehouse.settings)
    return [tokens.pair(person, person.session_id).access_token for person in people]


async def measure_floors(warehouse: Warehouse, people: list[Principal], folder: Path) -> Floors:
    """What to hold the figures against: the statement alone, the bare server, the usual application."""
    bearers = bearers_of(warehouse, people)
    database = Database.at(conninfo(warehouse))
    floors: Floors = {}
    body = folder / "body.json"
    os.environ["MITA_BENCH_BODY"], os.environ["MITA_BENCH_KEY"] = str(body), tokens_key(warehouse)
    address = warehouse.as_role("api").url.render_as_string(hide_password=False)
    os.environ["MITA_BENCH_DATABASE"] = address
    async with database.pool:
        for subject in subjects(datetime.now(tz=UTC).date()):
            reading = await read_document(database, people[0], subject.document, **subject.parameters)
            body.write_bytes(reading.data or b"")
            requests = [request("GET", subject.path, bearer) for bearer in bearers]
            alone = direct(warehouse, people, subject)
            costs = f"row-level security costs {row_level_security(warehouse, people[0], subject):.0f} %"
            tell(f"{subject.name}: the statement", f"{alone:,.0f} a second, {costs}")
            with served(BARE) as (port, _):
                bare = await warm(port, requests)
            tell(f"{subject.name}: bare bytes", str(bare))
            floors[subject.name] = {"of pgbench": alone, "of bare bytes": bare.rate}
    usual_requests = {
        **{one.name: [request("GET", one.path, bearer) for bearer in bearers]
           for one in subjects(datetime.now(tz=UTC).date())},
        "purchase": [request("POST", "/api/transactions/", one, body=PURCHASE) for one in bearers],
    }  # fmt: skip
    with served(USUAL) as (port, _):
        for name, requests in usual_requests.items():
            usual = await warm(port, requests)
            tell(f"{name}: as usual", str(usual))
            floors.setdefault(name, {})["times the usual"] = usual.rate
    return floors


async def measure(warehouse: Warehouse, people: list[Principal], port: int, floors: Floors) -> None:
    """Each request with one connection, with many, and at half the rate that these reached."""
    for name, requests in (await everything(warehouse, people, port)).items():
        if name == "login":  # a password is hashed for each
            tell(name, str(await closed_loop(port, requests, 4, SECONDS)))
            continue
        one = await warm(port, requests, 1)
        many = await warm(port, requests)
        half = await fixed_rate(port, requests, CONNECTIONS, SECONDS, many.rate / 2)
        tell(f"{name}, 1 connection", str(one))
        ratios = "".join(f", {many.rate / floor:.2f} {told}" for told, floor in floors.get(name, {}).items())
        tell(name, f"{many}{ratios}")
        tell(
            f"{name}, at half of that", f"p50 {half.percentile(50):.1f} ms, p99 {half.percentile(99):.1f} ms"
        )


async def everything(warehouse: Warehouse, people: list[Principal], port: int) -> dict[str, list[bytes]]:
    """What is measured, by name, as everybody asks it."""
    bearers = bearers_of(warehouse, people)
    reads = {
        one.name: [request("GET", one.path, bearer) for bearer in bearers]
        for one in subjects(datetime.now(tz=UTC).date())
    }
    tags = [
        (await head_of(port, sent)).partition("etag: ")[2].partition("\r")[0] for sent in reads["dashboard"]
    ]
    unchanged = [
        request("GET", "/api/dashboard", bearer, {"if-none-match": tag.replace("w/", "W/")})
        for bearer, tag in zip(bearers, tags, strict=True)
    ]
    # A query that was never asked is answered by Postgres, as each first one after a change is.
    fresh = [
        request("GET", f"/api/calendar/saved/{datetime.now(tz=UTC):%Y/%-m}?n={n}", bearers[n % len(bearers)])
        for n in range(20_000)
    ]
    return {
        **reads,
        "dashboard, unchanged (304)": unchanged,
        "calendar month, not asked before": fresh,
        "purchase": [request("POST", "/api/transactions/", one, body=PURCHASE) for one in bearers],
        "health, no database": [request("GET", "/health")],
        "login": [
            request(
                "POST", "/api/auth/login", body=f'{{"email": "p{n}@example.org", "password": "{PASSWORD}"}}'
            )
            for n in range(len(bearers))
        ],
    }


async def warm(port: int, requests: list[bytes], connections: int = CONNECTIONS) -> Figures:
    """The rate of a server that has warmed up."""
    await closed_loop(port, requests, connections, WARM_UP_SECONDS)
    return await closed_loop(port, requests, connections, SECONDS)


def conninfo(warehouse: Warehouse, role: Literal["api", "owner"] = "api") -> str:
    """How a role reaches the database."""
    owner = warehouse.server.set(drivername="postgresql").render_as_string(hide_password=False)
    return warehouse.settings.conninfo_for(role, owner)


def tokens_key(warehouse: Warehouse) -> str:
    """The key that signs tokens."""
    return Tokens.of(warehouse.settings).key


def row_level_security(warehouse: Warehouse, person: Principal, subject: Subject) -> float:
    """Of the statement's processor time, how many percent go into it: it binds the API, and not the owner.

    Both run by turns, each in its own server process, whose time other work on the machine hardly changes.
    """
    statement, values = subject.document.statement.sql, values_of(subject, person)
    with ExitStack() as opened:
        sessions = [
            opened.enter_context(
                psycopg.connect(conninfo(warehouse, role), autocommit=True, options=SESSION,
                                cursor_factory=psycopg.RawCursor, prepare_threshold=0)
            )
            for role in ROLES
        ]  # fmt: skip
        taken: list[list[int]] = [[] for _ in sessions]
        for _ in range(RUNS):
            for session, times in zip(sessions, taken, strict=True):
                before = processor_time(session.info.backend_pid)
                session.execute(statement, values).fetchone()
                times.append(processor_time(session.info.backend_pid) - before)
    bound, unbound = (sorted(times)[RUNS // 4] for times in taken)
    return 100 * (1 - unbound / bound)


def processor_time(process_id: int) -> int:
    """Nanoseconds that a process has run, as Linux counts them."""
    return int(Path(f"/proc/{process_id}/schedstat").read_text().split()[0])


def direct(warehouse: Warehouse, people: list[Principal], subject: Subject) -> float:
    """Statements a second by pgbench, on as many connections as the API uses."""
    with tempfile.TemporaryDirectory() as folder:
        scripts = []
        for number, person in enumerate(people[:MOST_SCRIPTS]):
            scripts += ["-f", str(Path(folder) / f"{number}.sql")]
            Path(scripts[-1]).write_text(script_of(subject, person))
        command = [
            str(binaries() / "pgbench"), "-n", "-M", "prepared", "-c", str(MAX_CONNECTIONS),
            "-T", str(max(1, round(SECONDS))), *scripts, conninfo(warehouse),
        ]  # fmt: skip
        run = subprocess.run(
            command, check=True, capture_output=True, text=True, env={**os.environ, "PGOPTIONS": SESSION}
        )
    return float(run.stdout.partition("tps = ")[2].split()[0])


def script_of(subject: Subject, person: Principal) -> str:
    """The subject's statement for one person, as pgbench takes it: a colon would begin a variable."""
    values = values_of(subject, person)
    query = subject.document.statement.sql.decode()
    for number in range(len(values), 0, -1):
        value = values[number - 1]
        literal = "'{}'" if value == [] else sql.Literal(value).as_string()
        query = query.replace(f"${number}", literal.split("::")[0])
    return re.sub(r"'[^']*'", lambda text: unicode_literal(text[0]), re.sub(r"--.*", "", query)) + ";"


def values_of(subject: Subject, person: Principal) -> list[object]:
    """What the statement takes when this person asks."""
    reader = {"user_id": str(person.user_id), "session_id": person.session_id}
    unknown = {"token_version": 1, "known_versions": []}
    return subject.document.statement.values({**reader, **unknown, **subject.parameters})


def unicode_literal(literal: str) -> str:
    """The same literal without its colons."""
    return "U&" + literal.replace("\\", "\\\\").replace(":", "\\003A") if ":" in literal else literal


def tell(name: str, figure: str) -> None:
    """One line of the report."""
    sys.stdout.write(f"  {name:<34} {figure}\n")
    sys.stdout.flush()


def memory_megabytes(process_id: int) -> float:
    """Resident memory of a process and the workers that it started, each its own."""
    table = subprocess.run(
        ["/bin/ps", "-eo", "pid=,ppid=,rss="], check=True, capture_output=True, text=True
    ).stdout
    rows = [[int(number) for number in line.split()] for line in table.splitlines()]
    return max(size for one, parent, size in rows if process_id in {one, parent}) / 1024


if __name__ == "__main__":
    main()
