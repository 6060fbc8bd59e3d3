"""The worker of the platform: it holds the engines warm and reads photos as they come in.

A receipt that needs more memory or time than it may have ends this process and not the platform: the
supervisor starts another, the job's lease runs out, and after a few such attempts the job has failed.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import sys
from typing import TYPE_CHECKING

from flows.platform.client import run_module
from flows.receipts.working import LEASE_SECONDS, Done, do
from warehouse.engine import open_warehouse
from warehouse.receipt_store import ReceiptStore
from warehouse.repositories import receipts
from warehouse.settings import Settings

if TYPE_CHECKING:
    import psycopg

    from flows.receipts.processing import Engines
    from warehouse.engine import Warehouse

#: Photos wait; people at the API and in the terminal do not.
BEHIND = 5
#: Bytes of data that the worker may hold, twice what a photo of a shop takes; the engine's memory counts.
MOST_MEMORY = 1_200_000_000
#: Seconds between looks when nobody says that there is work: a job that waits to be tried again, or a
#: dead worker's.
LOOK_SECONDS = 5.0
CHANNEL = "mita_receipt_jobs"


def serve(settings: Settings) -> None:
    """Read photos until told to stop."""
    os.nice(BEHIND)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, hard))
    store = ReceiptStore.of(settings)
    with open_warehouse(settings) as warehouse:
        engines = _engines(settings, warehouse)
        with _listening(warehouse) as connection:
            while True:
                done = work_once(warehouse, store, engines)
                if done is None:
                    _wait(connection)
                elif done.status in {"completed", "needs_review"}:
                    renew_plans(settings)


def work_once(warehouse: Warehouse, store: ReceiptStore, engines: Engines) -> Done | None:
    """Do the next job within its time; None when there is none."""
    with warehouse.transaction() as connection:
        job = receipts.claim_job(connection, LEASE_SECONDS)
    if job is None:
        return None
    signal.setitimer(signal.ITIMER_REAL, LEASE_SECONDS)  # unheard, it ends the process, whatever it is doing
    try:
        return do(warehouse, store, engines, job)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def renew_plans(settings: Settings) -> None:
    """Let the warm process bring what follows up to date; without one it is done here."""
    if run_module(settings.root, "flows.receipts.renewal", []) is None:
        from flows.receipts.flow import renew  # noqa: PLC0415 - prefect and dbt

        renew(settings)


def _engines(settings: Settings, warehouse: Warehouse) -> Engines:
    from flows.receipts.flow import load_engines  # noqa: PLC0415

    return load_engines(settings, warehouse)


def _listening(warehouse: Warehouse) -> psycopg.Connection:
    import psycopg  # noqa: PLC0415

    address = warehouse.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg.connect(address, autocommit=True)
    connection.execute(f"listen {CHANNEL}")
    return connection


def _wait(connection: psycopg.Connection) -> None:
    """Until a job was left, or it is time to look."""
    select.select([connection.fileno()], [], [], LOOK_SECONDS)
    for _ in connection.notifies(timeout=0):
        pass


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    serve(Settings())
