"""The same rows by MITA and by ``@actual-app/api``, the importer of Actual Budget, one after the other.

Needs node and a folder in which ``npm install @actual-app/api`` was run, named by MITA_BENCH_ACTUAL.
MITA_BENCH_ACTUAL_ROWS (20,000) says of how many rows.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import polars as pl

from tests.benchmarks.bench_ingest import Run, events, ingest_files, statement, tell
from warehouse.engine import open_warehouse
from warehouse.provision import provision
from warehouse.server import EmbeddedServer
from warehouse.settings import Settings

ROWS = int(os.environ.get("MITA_BENCH_ACTUAL_ROWS", "20000"))
ACTUAL = os.environ.get("MITA_BENCH_ACTUAL", "")
SCRIPT = Path(__file__).with_name("actual_import.cjs")


def main() -> None:
    """Print both rates, new and imported again, and how many times one is the other."""
    if not (ACTUAL and shutil.which("node")):
        tell("not run", "npm install @actual-app/api in a folder, and set MITA_BENCH_ACTUAL to it")
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MITA_HOME"] = folder
        settings = Settings()
        files = [Path(folder) / "new.csv", Path(folder) / "again.csv"]
        write_table(files)
        theirs = import_by_actual(files[0], folder)
        with open_warehouse(settings) as warehouse:
            provision(settings, warehouse.server)
            ours = ingest_files(settings, warehouse, files)
        if settings.external_server is None:
            EmbeddedServer(settings).remove()
    tell("rows", f"{ROWS:,}")
    for name, place in (("new", 0), ("again", 1)):
        rates = ROWS / ours.seconds[place], ROWS / theirs.seconds[place]
        told = f"{rates[0]:,.0f} rows/s, Actual {rates[1]:,.0f}: {rates[0] / rates[1]:.1f} times"
        tell(name, told)
    tell("transactions", f"{ours.transactions:,}, Actual {theirs.transactions:,}")


def write_table(files: list[Path]) -> None:
    """The same purchases twice, with other line ends, so that the second is no file seen before."""
    rows = statement(events(ROWS), "SHOP {}", pl.lit(value=False)).select(
        "Date", "Description", "Amount", "Currency"
    )
    for file, ends in zip(files, ("\n", "\r\n"), strict=True):
        rows.write_csv(file, line_terminator=ends)


def import_by_actual(file: Path, folder: str) -> Run:
    """Both imports of a table by Actual into a budget of its own."""
    data = Path(folder) / "actual"
    data.mkdir()
    command = ["node", str(SCRIPT), str(Path(ACTUAL).resolve()), str(file), str(data)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = json.loads(told.splitlines()[-1])
    return Run(tuple(found["seconds"]), found["transactions"])
