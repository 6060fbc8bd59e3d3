"""Requests a second of one API process, each as a ratio to the same statement run directly."""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID

import uvloop
from sqlalchemy import text

from api.auth.tokens import Principal, Tokens
from api.calendar.queries import SAVED_MONTH
from api.dashboard.queries import DASHBOARD
from api.database import MAX_CONNECTIONS, Database
from api.documents import Document, read_document
from api.transactions.queries import PAGE
from api.transactions.schemas import PageQuery
from flows.dbt import run_dbt
from warehouse.engine import Warehouse, open_warehouse
from warehouse.passwords import hash_password
from warehouse.provision import provision
from warehouse.repositories import freshness
from warehouse.repositories.users import NewUser, add_user
from warehouse.server import EmbeddedServer, free_port
from warehouse.settings import Settings

USERS = int(os.environ.get("MITA_BENCH_USERS", "50"))
SECONDS = float(os.environ.get("MITA_BENCH_SECONDS", "4"))
WARM_UP_SECONDS = 1.0
CONNECTIONS = 16
WORKERS = (1, 2)
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
            for workers in WORKERS:
                tell(f"-- {workers} worker{'s' * (workers > 1)}", "")
                with served(API, workers) as (port, process):
                    tell("memory at start", f"{memory_megabytes(process.pid):.0f} MB")
                    uvloop.run(measure(warehouse, signed_in, port, floors))
                    tell("memory after", f"{memory_megabytes(process.pid):.0f} MB")
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
#: What the usual application answers as well.
USUALLY = ("calendar month", "100 transactions")
Floors = dict[str, dict[str, list[float]]]


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
    environment = {**os.environ, "MITA_RATE_LIMITS": "false"}
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
            found = {"of the statement": await direct(database, people, subject)}
            with served(BARE) as (port, _):
                found["of bare bytes"] = await http(port, requests)
            if subject.name in USUALLY:
                with served(USUAL) as (port, _):
                    await http(port, requests[:1])
                    found["times the usual"] = await http(port, requests)
            for name, times in found.items():
                tell_rates(f"{subject.name}: {name.split(' ', 1)[1]}", times)
            floors[subject.name] = found
    return floors


async def measure(warehouse: Warehouse, people: list[Principal], port: int, floors: Floors) -> None:
    """Each subject with one connection and with many, then what needs no statement, writes or hashes."""
    bearers = bearers_of(warehouse, people)
    for subject in subjects(datetime.now(tz=UTC).date()):
        requests = [request("GET", subject.path, bearer) for bearer in bearers]
        tell_rates(f"{subject.name}, 1 connection", await http(port, requests, 1))
        tell_rates(subject.name, await http(port, requests), floors[subject.name])
    tags = [await etag(port, request("GET", "/api/dashboard", bearer)) for bearer in bearers]
    unchanged = [
        request("GET", "/api/dashboard", bearer, {"if-none-match": tag})
        for bearer, tag in zip(bearers, tags, strict=True)
    ]
    tell_rates("dashboard, unchanged (304)", await http(port, unchanged))
    purchase = '{"amount": 3.10, "category": "dining", "merchant": "Bench"}'
    tell_rates(
        "purchase",
        await http(port, [request("POST", "/api/transactions/", one, body=purchase) for one in bearers]),
    )
    tell_rates("health, no database", await http(port, [request("GET", "/health")]))
    body = f'{{"email": "p0@example.org", "password": "{PASSWORD}"}}'
    tell_rates("login", await http(port, [request("POST", "/api/auth/login", body=body)]))


def conninfo(warehouse: Warehouse) -> str:
    """How the API's role reaches the database."""
    owner = warehouse.server.set(drivername="postgresql").render_as_string(hide_password=False)
    return warehouse.settings.conninfo_for("api", owner)


def tokens_key(warehouse: Warehouse) -> str:
    """The key that signs tokens."""
    return Tokens.of(warehouse.settings).key


async def direct(database: Database, people: list[Principal], subject: Subject) -> list[float]:
    """Times of the statement on as many connections as the API uses."""
    statement = subject.document.statement
    turns = cycle(
        statement.values(
            {
                "user_id": str(person.user_id),
                "token_version": 1,
                "session_id": person.session_id,
                "known_versions": [],
                **subject.parameters,
            }
        )
        for person in people
    )

    async def one(times: list[float], deadline: float) -> None:
        async with database.pool.connection() as connection:

            async def fetch() -> None:
                await (await connection.execute(statement.sql, next(turns))).fetchone()

            await repeat(fetch, times, deadline)

    return await together(one, MAX_CONNECTIONS)


async def http(port: int, requests: list[bytes], connections: int = CONNECTIONS) -> list[float]:
    """Times of requests on kept connections, each with the next as soon as it is answered."""
    turns = cycle(requests)

    async def one(times: list[float], deadline: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def ask() -> None:
            await exchange(reader, writer, next(turns))

        await repeat(ask, times, deadline)
        writer.close()

    return await together(one, connections)


async def together(one: Callable[[list[float], float], Awaitable[None]], number: int) -> list[float]:
    """The times of several callers at once; the first second warms up and does not count."""
    await asyncio.gather(*(one([], time.perf_counter() + WARM_UP_SECONDS) for _ in range(number)))
    times: list[float] = []
    await asyncio.gather(*(one(times, time.perf_counter() + SECONDS) for _ in range(number)))
    return times


async def repeat(call: Callable[[], Awaitable[None]], times: list[float], deadline: float) -> None:
    """Call until the deadline, noting how long each call took."""
    while (started := time.perf_counter()) < deadline:
        await call()
        times.append(time.perf_counter() - started)


def request(
    method: str, path: str, bearer: str = "", headers: dict[str, str] | None = None, body: str = ""
) -> bytes:
    """One HTTP/1.1 request."""
    lines = {"host": "x", "content-length": str(len(body)), "content-type": "application/json"}
    if bearer:
        lines["authorization"] = f"Bearer {bearer}"
    written = "".join(f"{name}: {value}\r\n" for name, value in (lines | (headers or {})).items())
    return f"{method} {path} HTTP/1.1\r\n{written}\r\n{body}".encode()


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> str:
    """Send a request; the head of the answer, which must not be an error."""
    writer.write(sent)
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    status = int(head.split(" ", 2)[1])
    if status not in {200, 201, 304}:
        message = f"the API answered {status}"
        raise RuntimeError(message)
    if "content-length: " in head:
        await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r")[0]))
    return head


async def etag(port: int, sent: bytes) -> str:
    """The version of an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = await exchange(reader, writer, sent)
    writer.close()
    return head.partition("etag: ")[2].partition("\r")[0].replace("w/", "W/")


def tell_rates(name: str, times: list[float], floors: dict[str, list[float]] | None = None) -> None:
    """Requests a second with percentiles, and the ratios to the rates of the floors."""
    percentiles = statistics.quantiles(times, n=100)
    figure = (
        f"{len(times) / SECONDS:,.0f} a second, "
        f"p50 {percentiles[49] * 1000:.1f} ms, p99 {percentiles[98] * 1000:.1f} ms"
    )
    ratios = (f", {len(times) / len(floor):.2f} {told}" for told, floor in (floors or {}).items())
    tell(name, figure + "".join(ratios))


def tell(name: str, figure: str) -> None:
    """One line of the report."""
    sys.stdout.write(f"  {name:<34} {figure}\n")
    sys.stdout.flush()


def memory_megabytes(process_id: int) -> float:
    """Resident memory of a process."""
    run = subprocess.run(
        ["/bin/ps", "-o", "rss=", "-p", str(process_id)], check=True, capture_output=True, text=True
    )
    return int(run.stdout) / 1024


if __name__ == "__main__":
    main()
