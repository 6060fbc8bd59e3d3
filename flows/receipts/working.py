"""Work off jobs one by one: each either ends, or waits to be tried again; a dead worker's is taken over."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.clients.ocr.protocol import OcrError
from flows.receipts.opening import ReceiptRefusedError
from warehouse.errors import ActionableError
from warehouse.repositories import receipts
from warehouse.repositories.users import get_user_by_id

if TYPE_CHECKING:
    from uuid import UUID

    from flows.receipts.processing import Engines
    from warehouse.engine import Warehouse
    from warehouse.receipt_store import ReceiptStore
    from warehouse.repositories.receipts import Job

#: How long a worker holds a job; the reading of one takes seconds, and what takes longer is given up before.
LEASE_SECONDS = 180.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a job; ``status`` is pending for one that will be tried again."""

    user_id: UUID
    image_id: UUID
    status: str
    failure: str | None = None


def work_off(
    warehouse: Warehouse, store: ReceiptStore, engines: Engines, user_id: UUID | None = None
) -> Done | None:
    """Take the next job that is due and do it; None when there is none."""
    with warehouse.transaction() as connection:
        job = receipts.claim_job(connection, LEASE_SECONDS, user_id)
    return do(warehouse, store, engines, job) if job else None


def do(warehouse: Warehouse, store: ReceiptStore, engines: Engines, job: Job) -> Done:
    """Do a job that this process holds; never raises for what is wrong with a photo or an engine."""
    if job.attempts > receipts.MOST_ATTEMPTS:
        return _failed(warehouse, job, "reading it took more memory or time than it may: photograph it anew")
    try:
        status = _read(warehouse, store, engines, job)
    except ReceiptRefusedError as refusal:
        return _failed(warehouse, job, str(refusal))
    except (OcrError, OSError, ActionableError) as error:
        return _again(warehouse, job, str(error))
    except Exception:  # noqa: BLE001 - a defect: told in the log, and not tried for ever
        _log.exception("Receipt %s could not be read", job.image_id)
        return _again(warehouse, job, "the receipt could not be read; the worker's log says why")
    return Done(job.user_id, job.image_id, status)


def _read(warehouse: Warehouse, store: ReceiptStore, engines: Engines, job: Job) -> str:
    from flows.receipts.asking import ask_for_doubts  # noqa: PLC0415 - numpy
    from flows.receipts.processing import read_image, understand  # noqa: PLC0415
    from flows.receipts.settling import settle_receipts  # noqa: PLC0415 - polars, prefect

    read_image(warehouse, store, job, engines, warehouse.settings.folder("tmp"))
    ask_for_doubts(warehouse, job, engines)
    with warehouse.locked(f"receipts:{job.user_id}"), warehouse.transaction() as connection:
        user = get_user_by_id(connection, job.user_id)
        receipt = understand(connection, user, job.image_id, engines)
        if receipt is None:
            message = "the photo was deleted before it was read: send it again"
            raise ReceiptRefusedError(message)
        settle_receipts(connection, job.user_id)
        status = "needs_review" if receipt.status == "needs_review" else "completed"
        receipts.finish_job(connection, job, status)
    return status


def _failed(warehouse: Warehouse, job: Job, failure: str) -> Done:
    with warehouse.transaction() as connection:
        receipts.finish_job(connection, job, "failed", failure)
    return Done(job.user_id, job.image_id, "failed", failure)


def _again(warehouse: Warehouse, job: Job, failure: str) -> Done:
    with warehouse.transaction() as connection:
        is_waiting = receipts.postpone_job(connection, job, failure)
    return Done(job.user_id, job.image_id, "pending" if is_waiting else "failed", failure)
