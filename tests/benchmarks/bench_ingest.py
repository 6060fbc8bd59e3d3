"""A million-row CSV from file to transactions, against raw COPY and INSERT ON CONFLICT of the same rows."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import polars as pl
import psycopg

from warehouse.engine import Warehouse, open_warehouse
from warehouse.provision import provision
from warehouse.records import ReadingHints
from warehouse.repositories.users import NewUser, User, add_user
from warehouse.settings import Settings

ROWS = int(os.environ.get("MITA_BENCH_ROWS", "1000000"))
SHOPS = 5000
FIRST_DAY, DAYS = date(2005, 1, 1), 7300


def main() -> None:
    """Print rows a second, the ratio to the floor, and the most memory that the process took."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MITA_HOME"] = folder
        settings = Settings()
        file = Path(folder) / "million.csv"
        with open_warehouse(settings) as warehouse:
            provision(settings, warehouse.server)
            write_statement(file, ROWS)
            size = file.stat().st_size
            floor = copy_and_insert(warehouse, file)
            before = peak_megabytes()
            ours = ingest_file(settings, warehouse, file)
        tell("rows", f"{ROWS:,} ({size / 1e6:,.0f} MB)")
        tell("COPY and INSERT ON CONFLICT", f"{ROWS / floor:,.0f} rows/s")
        tell("file to transactions", f"{ROWS / ours:,.0f} rows/s, {floor / ours:.2f} of the floor")
        tell("memory at the most", f"{peak_megabytes():,.0f} MB ({before:,.0f} MB before)")


def write_statement(file: Path, rows: int) -> None:
    """A bank's CSV: dates, texts, amounts, a running balance; deterministic."""
    numbers = pl.int_range(rows, eager=True)
    frame = pl.DataFrame(
        {
            "day": numbers * DAYS // rows,
            "shop": numbers * 7919 % SHOPS,
            "cents": numbers * 104729 % 20_000 + 50,
        }
    ).select(
        Date=pl.lit(FIRST_DAY).dt.offset_by(pl.format("{}d", "day")).cast(pl.String),
        Description=pl.format("POS PURCHASE SHOP {} CARD 1234", "shop"),
        Amount=pl.format(
            "-{}.{}", pl.col("cents") // 100, (pl.col("cents") % 100).cast(pl.String).str.zfill(2)
        ),
        Currency=pl.lit("EUR"),
    )
    frame.write_csv(file)


def copy_and_insert(warehouse: Warehouse, file: Path) -> float:
    """Seconds that Postgres takes for the same rows: COPY to a staging table, insert into a keyed one."""
    dsn = warehouse.server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn) as connection, timed() as seconds:
        connection.execute(
            "create unlogged table public.staged (id bigint generated always as identity, "
            "booked date, text text, amount numeric, currency text)"
        )
        connection.execute(
            "create table public.kept (booked date, text text, amount numeric, currency text, "
            "occurrence bigint, primary key (booked, text, amount, occurrence))"
        )
        with connection.cursor().copy(
            "copy public.staged (booked, text, amount, currency) from stdin (format csv, header)"
        ) as copy:
            copy.write(file.read_bytes())
        connection.execute(
            "insert into public.kept select booked, text, amount, currency, "
            "row_number() over (partition by booked, text, amount order by id) from public.staged "
            "on conflict do nothing"
        )
        connection.commit()
        connection.execute("drop table public.staged, public.kept")
    return seconds[0]


def ingest_file(settings: Settings, warehouse: Warehouse, file: Path) -> float:
    """Seconds from the file to transactions, judged by Great Expectations; its import is not counted."""
    from flows.archives import FoundFile
    from flows.ingest import ingest_group
    from flows.judging import start_gate

    start_gate(settings)
    with warehouse.transaction() as connection:
        user: User = add_user(connection, NewUser("bench@example.org", "EUR", "UTC"))
    with timed() as seconds:
        (outcome,) = ingest_group(settings, user, [FoundFile(file, file.name, str(file))], ReadingHints())
    if outcome.transactions_added != ROWS:
        message = f"{outcome.transactions_added} transactions of {ROWS} rows: {outcome}"
        raise RuntimeError(message)
    return seconds[0]


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
