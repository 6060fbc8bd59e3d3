"""Forecasts, alerts, clusters, insights and cohorts of a crowd, through their flows: time and memory.

Each flow runs in a process of its own, so that its peak of memory is its own. MITA_BENCH_MEANING_USERS (1000)
and MITA_BENCH_MEANING_MONTHS (8) say how many people live how long; 60 lives are generated, their marts
built, and both copied. MITA_BENCH_MEANING_FLOWS picks some of the flows; with MITA_BENCH_MEANING_HOME the
crowd stays in that folder, so that the next run goes on where the last one ended. What the build of marts
itself takes is measured by bench_plan.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import text

from flows.dbt import run_dbt
from tests.benchmarks.crowd import multiply
from tests.flows.generated_people import move_in
from warehouse.engine import Warehouse, open_warehouse
from warehouse.provision import provision
from warehouse.repositories import freshness
from warehouse.server import EmbeddedServer
from warehouse.settings import Settings

USERS = int(os.environ.get("MITA_BENCH_MEANING_USERS", "1000"))
MONTHS = int(os.environ.get("MITA_BENCH_MEANING_MONTHS", "8"))
LIVES = 60
WORKERS = 2
BUILD = ["build", "--full-refresh", "--exclude-resource-type", "test", "unit_test"]
FLOWS = os.environ.get(
    "MITA_BENCH_MEANING_FLOWS",
    "recurring forecast alerts meaning insights advice calibrate clusters cohorts dask",
).split()
_FORECASTS = "select md5(string_agg(f::text, ',' order by user_id, forecast_date)) from ml.forecast_days as f"


@dataclass(frozen=True)
class Spent:
    """What a flow took."""

    seconds: float
    processor_seconds: float
    megabytes: float
    result: str


def main() -> None:
    """Print every figure on a line."""
    with home() as folder:
        os.environ["MITA_HOME"] = str(folder)
        settings = Settings()
        with open_warehouse(settings) as warehouse:
            provision(settings, warehouse.server)
            people = settled(warehouse) or settle(warehouse, folder / "bank")
            for name in FLOWS:
                if name == "dask":
                    compare_with_dask(warehouse, people)
                else:
                    tell_spent(name, in_own_process(name), people)


@contextlib.contextmanager
def home() -> Iterator[Path]:
    """The folder that was asked for, or one that is gone afterwards with its server."""
    kept = os.environ.get("MITA_BENCH_MEANING_HOME")
    if kept is not None:
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
        if Settings().external_server is None:
            EmbeddedServer(Settings()).remove()


def settled(warehouse: Warehouse) -> int:
    """How many people an earlier run moved in; none before it ended."""
    with warehouse.transaction() as connection:
        people = int(connection.execute(text("select count(*) from app.users")).scalar_one())
    return people if people >= USERS else 0


def settle(warehouse: Warehouse, folder: Path) -> int:
    """Generated lives and their marts, copied until there are enough people."""
    tomorrow = date.today() + timedelta(days=1)  # noqa: DTZ011 - the bench's users all live in UTC's date
    move_in(warehouse, folder, users=LIVES, months=MONTHS, end=tomorrow)
    with warehouse.transaction() as connection:
        freshness.queue_all_users(connection)
        freshness.renew_statistics(connection)
    run_dbt(warehouse.settings, warehouse.server, BUILD)
    begin = time.perf_counter()
    with warehouse.transaction() as connection:
        people = multiply(connection, USERS)
        freshness.renew_statistics(connection)
        rows = connection.execute(text("select count(*) from app.transactions")).scalar_one()
    seconds = time.perf_counter() - begin
    tell("users, months, transactions", f"{people:,}, {MONTHS}, {rows:,}, moved in {seconds:.0f} s")
    return people


def in_own_process(name: str) -> Spent:
    """Run a flow's work in a new process."""
    command = (sys.executable, "-m", "tests.benchmarks.bench_meaning", name)
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Spent(**json.loads(said.splitlines()[-1]))


def spent(name: str) -> Spent:
    """Run it here; the peak is that of this process."""
    begin, before = time.perf_counter(), time.process_time()
    result = work(name)
    return Spent(time.perf_counter() - begin, time.process_time() - before, peak_megabytes(), str(result))


def peak_megabytes() -> float:
    """The most memory that this program held; getrusage tells of the one that started it as well."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def work(name: str) -> object:
    """What the flow of that name does."""
    from flows import alerts, cohorts, forecast, insights, recurring

    settings = Settings()
    month = cohorts.last_complete_month(date.today())  # noqa: DTZ011
    works: dict[str, Callable[[], object]] = {
        "recurring": lambda: recurring.search_series(settings),
        "forecast": lambda: forecast.forecast_users(settings),
        "alerts": lambda: alerts.alert_users(settings),
        "meaning": lambda: insights.build_meaning(settings),
        "insights": lambda: insights.insight_users(settings),
        "advice": lambda: insights.advise_users(settings),
        "calibrate": lambda: forecast.calibrate_on_users(settings),
        "clusters": lambda: cohorts.cluster_month(settings, month),
        "dask": on_dask,
        "cohorts": lambda: cohorts.release_month(settings, month),
    }
    return works[name]()


def compare_with_dask(warehouse: Warehouse, people: int) -> None:
    """The forecasts of everybody by one process, and by two workers of a Dask cluster: the same rows."""
    forget(warehouse)
    alone = in_own_process("forecast")
    first = told(warehouse)
    forget(warehouse)
    spread = in_own_process("dask")
    tell_spent("forecast again, alone", alone, people)
    tell("forecast by two Dask workers", f"{spread.seconds:.1f} s, {spread.result}")
    tell("the same rows", "yes" if told(warehouse) == first else "NO")


def on_dask() -> str:
    """The spread flow with a Prefect server and cluster of its own."""
    from prefect.testing.utilities import prefect_test_harness

    from flows.spread import forecast_on_dask

    with prefect_test_harness(server_startup_timeout=240):
        return str(forecast_on_dask(WORKERS))


def forget(warehouse: Warehouse) -> None:
    """As if nobody had been forecast today."""
    with warehouse.transaction() as connection:
        connection.execute(text("delete from ops.done_days where work = 'forecast'"))
        connection.execute(text("delete from ml.forecast_days"))


def told(warehouse: Warehouse) -> str:
    """A digest of every forecast."""
    with warehouse.transaction() as connection:
        return str(connection.execute(text(_FORECASTS)).scalar_one())


def tell_spent(name: str, figures: Spent, people: int) -> None:
    """A flow's line."""
    tell(
        name,
        f"{figures.seconds:.1f} s, of processor {figures.processor_seconds:.1f} s "
        f"({1000 * figures.seconds / people:.1f} ms a user), peak {figures.megabytes:.0f} MB, "
        f"{figures.result}",
    )


def tell(what: str, figure: str) -> None:
    """One line of the result."""
    sys.stdout.write(f"  {what:<32} {figure}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.stdout.write(json.dumps(asdict(spent(sys.argv[1]))) + "\n")
    else:
        main()
