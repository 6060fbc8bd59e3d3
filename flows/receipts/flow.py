"""Flows for receipts: a batch of photos, jobs that wait, and photos whose time is over."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from prefect import flow

from flows.build import build_marts
from flows.categorise import score_transactions
from flows.dbt import start_dbt
from flows.links import link_transactions
from flows.orchestration import DATABASE_RETRIES, publish_table, task
from flows.progress import report
from flows.receipts.intake import leave_file
from flows.receipts.opening import ReceiptRefusedError
from flows.receipts.working import work_off
from warehouse.engine import open_warehouse
from warehouse.receipt_store import ReceiptStore
from warehouse.repositories import receipts, users
from warehouse.settings import Settings

if TYPE_CHECKING:
    from flows.receipts.processing import Engines
    from warehouse.engine import Warehouse

#: Photos read in one task; the deployment starts again for more.
AT_ONCE = 500
#: How often to look whether another process has read a photo.
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file: completed, needs_review, failed, known (sent before) or pending."""

    file: str
    status: str
    receipt_id: str | None = None
    failure: str | None = None


@flow(name="ingest-receipts", description="Read photos of receipts of a user, match them, renew the plan.")
def ingest_receipts(paths: list[str], email: str, *, refresh: bool = True) -> list[FileOutcome]:
    """Take photos and PDFs to purchases or bank lines; a bad file is refused and the rest goes on."""
    settings = Settings()
    if refresh:
        start_dbt()
    outcomes = read_files(settings, paths, email)
    rows = [{"file": Path(one.file).name, "status": one.status, "failure": one.failure} for one in outcomes]
    publish_table("receipts-read", rows, "What became of each photo")
    if any(one.status in {"completed", "needs_review"} for one in outcomes):
        renew(settings, refresh=refresh)
    return outcomes


@flow(name="read-receipts", description="Read photos that the API left, and renew the plans.")
def read_receipts() -> int:
    """Work off what waits, and give how many jobs that were: what a worker that died left behind."""
    settings = Settings()
    done = work_off_jobs(settings)
    if done:
        renew(settings)
    return done


@flow(name="forget-receipts", description="Delete photos of receipts whose time is over.")
def forget_receipts() -> int:
    """Delete what is due and give how many photos that were; what was read from them stays."""
    return delete_photos(Settings())


def renew(settings: Settings, *, refresh: bool = True) -> None:
    """Bring all that follows from new purchases up to date."""
    score_transactions(settings)
    link_transactions(settings)
    if refresh:
        build_marts(settings)


@task(name="read receipt files", **DATABASE_RETRIES)
def read_files(settings: Settings, paths: Sequence[str], email: str) -> list[FileOutcome]:
    """Read some files of a user in this process."""
    store, outcomes = ReceiptStore.of(settings), []
    with open_warehouse(settings) as warehouse:
        with warehouse.transaction() as connection:
            user = users.get_user(connection, email)
        engines = load_engines(settings, warehouse)
        for number, path in enumerate(paths, 1):
            outcomes.append(read_file(warehouse, store, engines, user.user_id, path))
            report("receipts", number, len(paths))
    return outcomes


def read_file(
    warehouse: Warehouse, store: ReceiptStore, engines: Engines, user_id: UUID, path: str
) -> FileOutcome:
    """Take in a file and see that it is read: by this process, or by another one that was quicker."""
    try:
        left = leave_file(warehouse, store, user_id, Path(path))
    except ReceiptRefusedError as refusal:
        return FileOutcome(path, "failed", failure=str(refusal))
    while True:
        done = work_off(warehouse, store, engines, user_id) if left.is_new else None
        with warehouse.transaction() as connection:
            status, failure = receipts.outcome_of(connection, user_id, left.image_id)
        if done is None and status == "processing":
            time.sleep(POLL_SECONDS)
        elif done is None or done.image_id == left.image_id:
            break
    if not left.is_new and status != "failed":
        status = "known"
    return FileOutcome(path, status, str(left.image_id), failure)


@task(name="read waiting receipts", **DATABASE_RETRIES)
def work_off_jobs(settings: Settings) -> int:
    """Read what waits, of all users, and give how many jobs that were."""
    store, done = ReceiptStore.of(settings), 0
    with open_warehouse(settings) as warehouse:
        engines = load_engines(settings, warehouse)
        while done < AT_ONCE and work_off(warehouse, store, engines):
            done += 1
    return done


@task(name="delete photos", **DATABASE_RETRIES)
def delete_photos(settings: Settings) -> int:
    """Delete photos that are older than ``receipt_days`` or were asked to go, and those of users who left."""
    store = ReceiptStore.of(settings)
    with open_warehouse(settings) as warehouse:
        with warehouse.transaction() as connection:
            due = receipts.images_before(connection, settings.receipt_days)
        for image in due:
            store.delete(image.storage_key)
            with warehouse.transaction() as connection:
                receipts.forget_image(connection, image)
        owners = [UUID(name) for name in store.owners()]
        with warehouse.transaction() as connection:
            left = set(owners) - receipts.known_users(connection, owners)
        for user_id in left:
            store.delete_user(user_id)
    return len(due)


def load_engines(settings: Settings, warehouse: Warehouse) -> Engines:
    """The engines that the settings ask for, loaded once for many photos of users of all countries."""
    from flows.clients.ocr.choice import text_readers  # noqa: PLC0415 - onnxruntime
    from flows.receipts.asking import second_reader  # noqa: PLC0415 - numpy
    from flows.receipts.processing import Engines  # noqa: PLC0415
    from models_ml.receipts.model import load_folder  # noqa: PLC0415

    readers = text_readers(settings)
    return Engines(readers[""], load_folder(), readers, second_reader(settings, warehouse))
