"""The daily plan of generated people: full build, refresh of a few, one user live, growth with users.

A build is told as a ratio to the same compiled SQL without dbt, with the same indexes and statistics.
MITA_BENCH_PLAN_SIZES ("20,100,200") says of how many users builds are measured, MITA_BENCH_PLAN_MONTHS (24)
of how many months. At most MITA_BENCH_PLAN_LIVES (100) are generated; the others are copies of these with
amounts of their own.
"""

from __future__ import annotations

import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import polars as pl
import psycopg
from sqlalchemy import text

from flows.dbt import NodeResult, run_dbt
from flows.generator.run import generate
from tests.benchmarks.crowd import multiply_facts
from warehouse.engine import Warehouse, open_warehouse
from warehouse.provision import provision
from warehouse.repositories import freshness
from warehouse.repositories.users import NewUser, add_user
from warehouse.server import EmbeddedServer
from warehouse.settings import Settings

SIZES = tuple(sorted(map(int, os.environ.get("MITA_BENCH_PLAN_SIZES", "20,100,200").split(","))))
LIVES = min(SIZES[-1], int(os.environ.get("MITA_BENCH_PLAN_LIVES", "100")))
MONTHS = int(os.environ.get("MITA_BENCH_PLAN_MONTHS", "24"))
FIXED_RUNS = 3
LIVE_READS = 300
WARM_UP_READS = 10
FULL = ("run", "--full-refresh")
REFRESH = ("run", "--selector", "user_refresh", "--no-write-json")


@dataclass(frozen=True)
class Bench:
    """The warehouse under test, who lives in it, and the day."""

    warehouse: Warehouse
    people: list[UUID]
    today: date


def main() -> None:
    """Print every figure on a line."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MITA_HOME"] = folder
        settings = Settings()
        with open_warehouse(settings) as warehouse:
            provision(settings, warehouse.server)
            bench = move_in(warehouse, Path(folder) / "bank")
            with warehouse.transaction() as connection:
                purchases = connection.execute(text("select count(*) from app.transactions")).scalar_one()
            tell("users, months, transactions", f"{len(bench.people):,}, {MONTHS}, {purchases:,}")
            measure_builds(bench)
            measure_live(bench)
        if settings.external_server is None:
            EmbeddedServer(settings).remove()


def move_in(warehouse: Warehouse, folder: Path) -> Bench:
    """Generated lives as users with accounts and categorised transactions."""
    today = date.today()  # noqa: DTZ011 - the bench's users all live in UTC's date
    generate(users=LIVES, months=MONTHS, seed=7, out=folder, end=today + timedelta(days=1))
    truth = folder / "truth"
    people = pl.read_parquet(truth / "people.parquet")
    with warehouse.transaction() as connection:
        keys = {
            row["user"]: add_user(
                connection, NewUser(row["email"], row["currency"], "UTC", row["country"])
            ).user_id
            for row in people.iter_rows(named=True)
        }
    dsn = warehouse.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn) as connection:
        for name in ("people", "accounts", "events"):
            frame = pl.read_parquet(truth / f"{name}.parquet")
            frame = frame.with_columns(pl.col("user").replace_strict(keys_text(keys)))
            _COPIES[name](connection, frame)
    with warehouse.transaction() as connection:
        copies = multiply_facts(connection, SIZES[-1])
        connection.execute(text("analyze app.transactions, ml.category_predictions"))
    return Bench(warehouse, [*keys.values(), *copies][: SIZES[-1]], today)


def keys_text(keys: dict[str, UUID]) -> dict[str, str]:
    """The generator's names of people and our keys."""
    return {name: str(key) for name, key in keys.items()}


def copy_people(_connection: psycopg.Connection, _frame: pl.DataFrame) -> None:
    """They are in already."""


def copy_accounts(connection: psycopg.Connection, frame: pl.DataFrame) -> None:
    """One row per account."""
    connection.execute("create temporary table made_accounts (name text, user_id uuid, currency text)")
    _copy(connection, "made_accounts", frame.select("account", "user", pl.col("currency").cast(pl.String)))
    connection.execute(
        "insert into app.accounts (user_id, account_ref, currency, kind) "
        "select user_id, name, currency, 'checking' from made_accounts on conflict do nothing"
    )


def copy_events(connection: psycopg.Connection, frame: pl.DataFrame) -> None:
    """Transactions in the account's currency, each with the true category as if a model had said it."""
    connection.execute(
        "create temporary table made (id text, user_id uuid, account text, day date, amount bigint, "
        "currency text, merchant text, category text)"
    )
    columns = (
        "event_id",
        "user",
        "account",
        "spent_date",
        "amount_minor",
        "currency",
        "merchant",
        "category",
    )
    _copy(connection, "made", frame.filter(pl.col("posted")).select(columns))
    connection.execute(
        """
        create temporary table keyed as
        select gen_random_uuid() as transaction_id, accounts.account_id, made.*
        from made
        inner join app.accounts
            on made.user_id = accounts.user_id and made.account = accounts.account_ref
            and made.currency = accounts.currency
        """
    )
    connection.execute(
        """
        insert into app.transactions (
            user_id, transaction_id, account_id, booked_date, spent_date,
            amount_minor, currency, status, description, counterparty
        )
        select user_id, transaction_id, account_id, day, day, amount, currency,
            'posted', coalesce(merchant, category), merchant
        from keyed
        """
    )
    connection.execute(
        """
        insert into ml.category_predictions (
            user_id, transaction_id, category_code, suggested_code, probability, model_name, model_version
        )
        select user_id, transaction_id, category, category, 0.9, 'truth', '1' from keyed
        """
    )


_COPIES = {"people": copy_people, "accounts": copy_accounts, "events": copy_events}


def _copy(connection: psycopg.Connection, table: str, frame: pl.DataFrame) -> None:
    with connection.cursor().copy(f"copy {table} from stdin (format csv)") as copy:
        copy.write(frame.write_csv(include_header=False).encode())


def queue(bench: Bench, people: list[UUID]) -> None:
    """The next build renews these."""
    with bench.warehouse.transaction() as connection:
        connection.execute(text("delete from ops.build_queue"))
        connection.execute(
            text(
                "insert into ops.build_queue select user_id, version, :today "
                "from ops.user_versions where user_id = any(:people)"
            ),
            {"today": bench.today, "people": people},
        )
        freshness.renew_statistics(connection)


def build(bench: Bench, people: list[UUID], command: tuple[str, ...]) -> tuple[float, list[NodeResult]]:
    """Seconds of a build of these people."""
    queue(bench, people)
    with timed() as seconds:
        results = run_dbt(bench.warehouse.settings, bench.warehouse.server, command)
    with bench.warehouse.transaction() as connection:
        freshness.record_build(connection)
    return seconds[0], results


def measure_builds(bench: Bench) -> None:
    """Full, the same by SQL alone, of a few people, and how it grows."""
    run_dbt(bench.warehouse.settings, bench.warehouse.server, ("seed",))
    build(bench, bench.people[:1], FULL)
    for size in SIZES:
        seconds, results = build(bench, bench.people[:size], FULL)
        tell(f"full build of {size}", f"{seconds:.1f} s, {1000 * seconds / size:.0f} ms a user")
    alone = compiled_alone(bench, results)
    tell("the same SQL without dbt", f"{alone:.1f} s, dbt takes {seconds / alone:.2f} of it")
    tell_sizes(bench)
    measure_refresh(bench, seconds)


def measure_refresh(bench: Bench, full: float) -> None:
    """What a hundredth of the users costs, and apart from it what dbt costs with nobody to renew."""
    fixed = min(build(bench, [], REFRESH)[0] for _ in range(FIXED_RUNS))
    tell("refresh of nobody", f"{fixed:.2f} s, what dbt costs whatever there is to do")
    few = bench.people[: max(1, len(bench.people) // 100)]
    warm, results = build(bench, few, REFRESH)
    apart = (warm - fixed) / (full - fixed)
    tell(
        f"refresh of {len(few)} (1 %)",
        f"{warm:.2f} s, {warm / full:.4f} of the full build, {apart:.4f} without dbt's own",
    )
    slowest = sorted(results, key=lambda result: -result.seconds)[:3]
    tell("slowest of it", ", ".join(f"{result.node} {result.seconds:.2f} s" for result in slowest))


def compiled_alone(bench: Bench, results: list[NodeResult]) -> float:
    """Seconds of the compiled SQL of what a refresh builds, as plain tables with their indexes."""
    compiled = bench.warehouse.settings.folder("dbt") / "target" / "compiled" / "mita" / "models"
    texts = {
        path.stem: path.read_text()
        for folder in ("per_build", "per_user")
        for path in compiled.rglob(f"{folder}/*.sql")
    }
    order = [result.node for result in results if result.node in texts]
    queue(bench, bench.people)
    dsn = bench.warehouse.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn, autocommit=True) as connection:
        made = {node: statements_of(connection, node, texts[node]) for node in order}
        with timed() as seconds:
            for node in order:
                for statement in made[node]:
                    connection.execute(statement.encode())
        for node in order:
            connection.execute(f"drop table {_schema(node)}.alone_{node}".encode())
    return seconds[0]


def statements_of(connection: psycopg.Connection, node: str, query: str) -> list[str]:
    """What makes a table beside the one that dbt made: as durable, with the same indexes and statistics."""
    schema = _schema(node)
    table = f"{schema}.{node}"
    unlogged, indexes = connection.execute(
        """
        select c.relpersistence = 'u',
            array(select pg_get_indexdef(i.indexrelid) from pg_index as i where i.indrelid = c.oid)
        from pg_class as c where c.oid = %s::regclass
        """,
        [table],
    ).fetchone() or (False, [])
    return [
        f"set enable_nestloop = {'on' if node in _BY_INDEX else 'off'}",
        f"create {'unlogged ' if unlogged else ''}table {schema}.alone_{node} as {query}",
        *(re.sub(r"INDEX .*? ON \S+", f"INDEX ON {schema}.alone_{node}", index) for index in indexes),
        f"analyze {schema}.alone_{node}",
    ]


def _schema(node: str) -> str:
    return "marts" if node.startswith(("fct_", "dim_")) else "intermediate"


_BY_INDEX = {
    "int_plan_users", "int_daily_amounts", "int_account_openings", "dim_accounts", "fct_daily_cash_flow",
    "fct_spendable_days", "fct_transactions", "fct_plan_gaps",
}  # fmt: skip


def tell_sizes(bench: Bench) -> None:
    """Rows and bytes of what grows with days."""
    for mart in ("fct_daily_plan", "fct_budget_moves", "fct_daily_totals"):
        with bench.warehouse.transaction() as connection:
            rows, size = connection.execute(
                text(f"select count(*), pg_total_relation_size('marts.{mart}') from marts.{mart}")  # noqa: S608
            ).one()
        tell(mart, f"{rows:,} rows, {size / 1e6:,.0f} MB, {size / len(bench.people) / 1000:,.0f} kB a user")


def measure_live(bench: Bench) -> None:
    """Milliseconds of one user's month by the twin, as the API's role."""
    api = bench.warehouse.as_role("api").url.set(drivername="postgresql")
    chance = random.Random(7)  # noqa: S311 - only spreads the readers
    first = bench.today.replace(day=1)
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    with psycopg.connect(
        api.render_as_string(hide_password=False),
        autocommit=True,
        options="-c plan_cache_mode=force_generic_plan",
    ) as connection:
        for twin in ("live_daily_plan", "live_daily_totals", "live_budget_moves"):
            spent = [
                read_once(connection, twin, chance.choice(bench.people), first, last)
                for _ in range(WARM_UP_READS + LIVE_READS)
            ]
            quantiles = statistics.quantiles(spent[WARM_UP_READS:], n=20)
            tell(
                f"{twin}, one month",
                f"p50 {quantiles[9]:.1f} ms, p95 {quantiles[18]:.1f} ms, first {spent[0]:.0f} ms",
            )


def read_once(connection: psycopg.Connection, twin: str, person: UUID, first: date, last: date) -> float:
    """Milliseconds from asking to having the rows."""
    connection.execute("select set_config('mita.user_id', %s, false)", [str(person)])
    begin = time.perf_counter()
    connection.execute(
        f"select * from marts.{twin}(%s, %s, %s)",  # noqa: S608
        [person, first, last],
        prepare=True,
    ).fetchall()
    return (time.perf_counter() - begin) * 1000


@contextmanager
def timed() -> Iterator[list[float]]:
    """A list that holds the block's seconds once it is left."""
    seconds = [0.0]
    start = time.perf_counter()
    yield seconds
    seconds[0] = time.perf_counter() - start


def tell(what: str, figure: str) -> None:
    """One line of the result."""
    sys.stdout.write(f"  {what:<32} {figure}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
