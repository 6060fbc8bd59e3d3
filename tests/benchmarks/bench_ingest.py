"""A million mixed rows from two overlapping exports to matched transactions, against what Postgres needs.

The floor is COPY into a staging table and INSERT ON CONFLICT into the same table of transactions, with its
keys, indexes and triggers. It counts identical rows and knows nothing else: not what the columns mean, not
that a line written in other words is the same purchase, not where a line came from.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import psycopg
from sqlalchemy import text

from warehouse.engine import Warehouse, open_warehouse
from warehouse.provision import provision
from warehouse.records import ReadingHints
from warehouse.repositories.users import NewUser, User, add_user
from warehouse.settings import Settings

ROWS = int(os.environ.get("MITA_BENCH_ROWS", "1000000"))
SHOPS, DAYS, FIRST_DAY = 5000, 7300, date(2005, 1, 1)
#: Shares of the history that the two exports cover; the middle is in both, in other words.
FIRST_EXPORT, SECOND_EXPORT = (0.0, 0.75), (0.5, 1.0)
EVENTS = ROWS * 4 // 5
PENDING_DAYS, TWIN_EVERY = 2, 20

_STAGE = """
create unlogged table public.staged (
    id bigint generated always as identity, booked date, description text, amount numeric, currency text,
    state text
)
"""
_INSERT = """
insert into app.transactions (
    user_id, transaction_id, account_id, booked_date, spent_date, amount_minor, currency, status, description
)
select
    %(user_id)s, md5(concat_ws('|', booked, amount, occurrence))::uuid, %(account_id)s, booked, booked,
    amount * 100, currency, case state when 'PENDING' then 'pending' else 'posted' end, description
from (
    select *, row_number() over (partition by booked, amount order by id) as occurrence from public.staged
) as counted
on conflict (user_id, transaction_id) do update set status = excluded.status
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What one way of taking the files brought: seconds of each file and transactions at the end."""

    seconds: tuple[float, ...]
    transactions: int


def main() -> None:
    """Print rows a second, the ratio to the floor, what importing again costs, and the memory taken."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MITA_HOME"] = folder
        settings = Settings()
        files = [Path(folder) / name for name in ("first.csv", "second.csv", "again.csv")]
        rows = write_exports(files)
        with open_warehouse(settings) as warehouse:
            provision(settings, warehouse.server)
            floor = copy_and_insert(warehouse, files[:2])
            before = peak_megabytes()
            ours = ingest_files(settings, warehouse, files)
    tell_run(rows, floor, ours)
    tell("memory at the most", f"{peak_megabytes():,.0f} MB ({before:,.0f} MB before)")


def tell_run(rows: list[int], floor: Run, ours: Run) -> None:
    """What a reader wants of it, a line each."""
    both, again = sum(rows[:2]), rows[2]
    tell("rows", f"{both:,} of two exports that share {both - EVENTS:,} events of {EVENTS:,}")
    tell("COPY and INSERT ON CONFLICT", f"{both / sum(floor.seconds):,.0f} rows/s")
    for name, place in (("first export", 0), ("overlapping export", 1)):
        rate, ratio = rows[place] / ours.seconds[place], floor.seconds[place] / ours.seconds[place]
        tell(name, f"{rate:,.0f} rows/s, {ratio:.2f} of the floor")
    seconds = sum(ours.seconds[:2])
    tell("both, file to transactions", f"{both / seconds:,.0f} rows/s, {sum(floor.seconds) / seconds:.2f}")
    tell("the first again, other bytes", f"{again / ours.seconds[2]:,.0f} rows/s")
    tell("transactions", f"{ours.transactions:,} of {EVENTS:,} events; the floor has {floor.transactions:,}")


def write_exports(files: list[Path]) -> list[int]:
    """Write two overlapping exports of one account and the first again with other line ends; rows of each."""
    history = events(EVENTS)
    rows = []
    for file, (begin, end), is_reworded in (
        (files[0], FIRST_EXPORT, False),
        (files[1], SECOND_EXPORT, True),
        (files[2], FIRST_EXPORT, False),
    ):
        part = history.slice(round(begin * EVENTS), round((end - begin) * EVENTS))
        is_pending = pl.col("day") > pl.col("day").max() - (PENDING_DAYS if end < 1 else 0)
        wording = "SHOP {} LONDON GB" if is_reworded else "POS PURCHASE SHOP {} CARD 1234"
        statement(part, wording, is_pending).write_csv(
            file, line_terminator="\r\n" if file == files[2] else "\n"
        )
        rows.append(part.height)
    return rows


def events(count: int) -> pl.DataFrame:
    """Purchases in order of their days; one in twenty is the same again, on the same day in the same shop."""
    numbers = pl.int_range(count, eager=True)
    source = numbers - (numbers % TWIN_EVERY == 1).cast(pl.Int64)
    return pl.DataFrame(
        {
            "day": source * DAYS // count,
            "shop": source * 7919 % SHOPS,
            "cents": source * 104729 % 20_000 + 50,
        }
    )


def statement(part: pl.DataFrame, wording: str, is_pending: pl.Expr) -> pl.DataFrame:
    """A bank's table of some events, in its own words."""
    cents = pl.col("cents")
    return part.select(
        Date=pl.lit(FIRST_DAY).dt.offset_by(pl.format("{}d", "day")).cast(pl.String),
        Description=pl.format(wording, "shop"),
        Amount=pl.format("-{}.{}", cents // 100, (cents % 100).cast(pl.String).str.zfill(2)),
        Currency=pl.lit("EUR"),
        State=pl.when(is_pending).then(pl.lit("PENDING")).otherwise(pl.lit("POSTED")),
    )


def copy_and_insert(warehouse: Warehouse, files: list[Path]) -> Run:
    """The same files by COPY to a staging table and INSERT ON CONFLICT into the table of transactions."""
    with warehouse.transaction() as connection:
        user = add_user(connection, NewUser("floor@example.org", "EUR", "UTC"))
        account = connection.execute(
            text(
                "insert into app.accounts (user_id, account_ref, currency) values (:user, 'floor', 'EUR')"
                " returning account_id"
            ),
            {"user": user.user_id},
        ).scalar_one()
    dsn = warehouse.server.set(drivername="postgresql").render_as_string(hide_password=False)
    seconds = []
    with psycopg.connect(dsn) as connection:
        connection.execute(_STAGE)
        connection.commit()
        for file in files:
            with timed() as taken:
                connection.execute("truncate public.staged")
                with connection.cursor().copy(
                    "copy public.staged (booked, description, amount, currency, state)"
                    " from stdin (format csv, header)"
                ) as copy:
                    copy.write(file.read_bytes())
                connection.execute(_INSERT, {"user_id": user.user_id, "account_id": account})
                connection.commit()
            seconds.append(taken[0])
        connection.execute("drop table public.staged")
    return Run(tuple(seconds), count_transactions(warehouse, user))


def ingest_files(settings: Settings, warehouse: Warehouse, files: list[Path]) -> Run:
    """The files to transactions, judged by Great Expectations; its import is not counted."""
    from flows.archives import FoundFile
    from flows.ingest import ingest_group
    from flows.judging import GREAT_EXPECTATIONS, start_gate

    start_gate(settings)
    GREAT_EXPECTATIONS.call(int)
    with warehouse.transaction() as connection:
        user = add_user(connection, NewUser("bench@example.org", "EUR", "UTC"))
    seconds = []
    for file in files:
        with timed() as taken:
            (outcome,) = ingest_group(settings, user, [FoundFile(file, file.name, str(file))], ReadingHints())
        if outcome.outcome != "loaded" or outcome.lines_quarantined:
            raise RuntimeError(str(outcome))
        seconds.append(taken[0])
    return Run(tuple(seconds), count_transactions(warehouse, user))


def count_transactions(warehouse: Warehouse, user: User) -> int:
    """How many transactions a user has."""
    with warehouse.transaction() as connection:
        count = connection.execute(
            text("select count(*) from app.transactions where user_id = :user"), {"user": user.user_id}
        )
        return int(count.scalar_one())


@contextmanager
def timed() -> Iterator[list[float]]:
    """A list that holds the block's seconds once it is left."""
    seconds = [0.0]
    start = time.perf_counter()
    yield seconds
    seconds[0] = time.perf_counter() - start


def peak_megabytes() -> float:
    """The most memory that this process has held so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def tell(what: str, figure: str) -> None:
    """One line of the result."""
    sys.stdout.write(f"  {what:<32} {figure}\n")


if __name__ == "__main__":
    main()
