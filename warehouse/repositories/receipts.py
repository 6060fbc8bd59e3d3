"""Photos of receipts, jobs, what was read, and the user's word on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from warehouse.tables.receipts import (
    receipt_corrections,
    receipt_images,
    receipt_items,
    receipt_jobs,
    receipts,
)

JobKind = Literal["read", "settle"]
#: After so many attempts a job has failed; each wait is four times the one before.
MOST_ATTEMPTS = 4
_FIRST_WAIT = timedelta(seconds=5)

_CLAIM = """
update ops.receipt_jobs as job
set status = 'processing', attempts = attempts + 1, leased_until = now() + make_interval(secs => :lease)
from (
    select user_id, job_id from ops.receipt_jobs
    where (status = 'pending' or (status = 'processing' and leased_until < now()))
        and due_at <= now() and (cast(:user_id as uuid) is null or user_id = :user_id)
    order by due_at, job_id
    limit 1
    for update skip locked
) as next
where job.user_id = next.user_id and job.job_id = next.job_id
returning job.user_id, job.job_id, job.image_id, job.kind, job.attempts
"""
_LOOKALIKES = """
select r.receipt_id, r.merchant, r.spent_time, i.perceptual_hash
from app.receipts as r
inner join raw.receipt_images as i on r.user_id = i.user_id and r.receipt_id = i.image_id
where r.user_id = :user_id and r.receipt_id <> :receipt_id and r.status <> 'duplicate'
    and r.spent_date = :spent_date and r.total_minor = :total_minor
    and r.currency is not distinct from :currency
    and i.uploaded_at <= (
        select self.uploaded_at from raw.receipt_images as self
        where self.user_id = :user_id and self.image_id = :receipt_id
    )
order by i.uploaded_at, r.receipt_id
"""
_MEMORY = """
select coalesce(told.value, d.category_code)
from app.receipts as r
left join app.receipt_corrections as told
    on r.user_id = told.user_id and r.receipt_id = told.receipt_id and told.field = 'category'
left join app.receipt_matches as m
    on r.user_id = m.user_id and r.receipt_id = m.receipt_id and m.band = 'paired'
left join app.category_decisions as d
    on r.user_id = d.user_id and coalesce(m.entry_id, r.receipt_id) = d.transaction_id
where r.user_id = :user_id and lower(r.merchant) = lower(:merchant)
    and coalesce(told.value, d.category_code) is not null
order by coalesce(told.corrected_at, d.decided_at) desc
limit 1
"""


@dataclass(frozen=True, slots=True)
class Job:
    """Work on one image that this process holds until its lease ends."""

    user_id: UUID
    job_id: UUID
    image_id: UUID
    kind: JobKind
    attempts: int


@dataclass(frozen=True, slots=True)
class ReceiptImage:
    """A stored photo; ``page`` is the recognised text once it was read.

    ``second_reading`` is what a language model read of it, with the model's name, once one was asked.
    """

    image_id: UUID
    media_type: str
    storage_key: str | None
    perceptual_hash: str | None
    page: Mapping[str, Any] | None
    second_reading: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ReceiptItem:
    """A bought line; ``amount_minor`` is what it adds to the total, below zero for a discount.

    ``quantity`` counts pieces, or measures in ``unit`` (kg, l, m, lb); ``unit_minor`` is the price of one.
    """

    name: str
    quantity: Decimal
    unit: str | None
    unit_minor: int
    amount_minor: int
    is_discount: bool
    category_code: str | None
    box: Sequence[float] | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a photo says; amounts in minor units of ``currency``, above zero for money spent."""

    receipt_id: UUID
    status: str
    merchant: str | None
    spent_date: date | None
    spent_time: time | None
    total_minor: int | None
    currency: str | None
    tax_minor: int | None
    tip_minor: int | None
    payment: str | None
    card_tail: str | None
    category_code: str | None
    confidence: Mapping[str, float]
    boxes: Mapping[str, Sequence[int]]
    reasons: Sequence[str]
    reader: str
    duplicate_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class Lookalike:
    """Another receipt of the same day and total."""

    receipt_id: UUID
    merchant: str | None
    spent_time: time | None
    perceptual_hash: str | None


def add_image(
    connection: Connection, user_id: UUID, sha256: str, media_type: str, size: int
) -> tuple[UUID, bool]:
    """The image of this content, and whether it is new to the user."""
    values = {
        "user_id": user_id,
        "content_sha256": sha256,
        "media_type": media_type,
        "content_bytes": size,
    }
    added = connection.execute(
        upsert(receipt_images).values(values).on_conflict_do_nothing().returning(receipt_images.c.image_id)
    ).scalar_one_or_none()
    if added is not None:
        return added, True
    known = connection.execute(
        select(receipt_images.c.image_id).where(
            receipt_images.c.user_id == user_id, receipt_images.c.content_sha256 == sha256
        )
    ).scalar_one()
    return known, False


def get_image(connection: Connection, user_id: UUID, image_id: UUID) -> ReceiptImage:
    """One image of a user."""
    row = connection.execute(
        select(
            receipt_images.c.image_id,
            receipt_images.c.media_type,
            receipt_images.c.storage_key,
            receipt_images.c.perceptual_hash,
            receipt_images.c.page,
            receipt_images.c.second_reading,
        ).where(receipt_images.c.user_id == user_id, receipt_images.c.image_id == image_id)
    ).one()
    return ReceiptImage(*row)


def change_image(connection: Connection, user_id: UUID, image_id: UUID, **values: object) -> None:
    """Set columns of an image: where it lies, what was recognised on it."""
    connection.execute(
        update(receipt_images)
        .where(receipt_images.c.user_id == user_id, receipt_images.c.image_id == image_id)
        .values(**values)
    )


def add_job(connection: Connection, user_id: UUID, image_id: UUID, kind: JobKind = "read") -> UUID:
    """Leave work on an image; what waits already is not left twice."""
    waiting = connection.execute(
        select(receipt_jobs.c.job_id).where(
            receipt_jobs.c.user_id == user_id,
            receipt_jobs.c.image_id == image_id,
            receipt_jobs.c.kind == kind,
            receipt_jobs.c.status == "pending",
        )
    ).scalar_one_or_none()
    if waiting is not None:
        return UUID(str(waiting))
    added: UUID = connection.execute(
        insert(receipt_jobs)
        .values(user_id=user_id, image_id=image_id, kind=kind)
        .returning(receipt_jobs.c.job_id)
    ).scalar_one()
    return added


def claim_job(connection: Connection, lease_seconds: float, user_id: UUID | None = None) -> Job | None:
    """The next job that is due, also one whose worker died, held for so long; None when there is none."""
    row = connection.execute(text(_CLAIM), {"lease": lease_seconds, "user_id": user_id}).one_or_none()
    return Job(*row) if row else None


def outcome_of(connection: Connection, user_id: UUID, image_id: UUID) -> tuple[str, str | None]:
    """What became of the reading of an image: the status of its last job, and why it failed."""
    row = connection.execute(
        select(receipt_jobs.c.status, receipt_jobs.c.failure)
        .where(
            receipt_jobs.c.user_id == user_id,
            receipt_jobs.c.image_id == image_id,
            receipt_jobs.c.kind == "read",
        )
        .order_by(receipt_jobs.c.job_id.desc())
        .limit(1)
    ).one()
    return row.status, row.failure


def finish_job(connection: Connection, job: Job, status: str, failure: str | None = None) -> None:
    """Say what became of a job, unless somebody else took it over meanwhile."""
    connection.execute(
        _of_job(job).values(status=status, failure=failure, finished_at=func.now(), leased_until=None)
    )


def postpone_job(connection: Connection, job: Job, failure: str) -> bool:
    """Let a job that failed be tried again later; False when it was tried often enough and has failed."""
    if job.attempts >= MOST_ATTEMPTS:
        finish_job(connection, job, "failed", failure)
        return False
    wait = _FIRST_WAIT * 4 ** (job.attempts - 1)
    connection.execute(
        _of_job(job).values(status="pending", failure=failure, leased_until=None, due_at=func.now() + wait)
    )
    return True


def _of_job(job: Job) -> Any:  # noqa: ANN401 - an update that values are given to
    return update(receipt_jobs).where(
        receipt_jobs.c.user_id == job.user_id,
        receipt_jobs.c.job_id == job.job_id,
        receipt_jobs.c.attempts == job.attempts,
        receipt_jobs.c.status == "processing",
    )


def put_receipt(
    connection: Connection, user_id: UUID, receipt: Receipt, items: Sequence[ReceiptItem]
) -> None:
    """Keep what a photo says in place of what it said before."""
    values = {"user_id": user_id, **asdict(receipt)}
    statement = upsert(receipts).values(values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "receipt_id"],
            set_={name: statement.excluded[name] for name in values} | {"read_at": func.now()},
        )
    )
    of_it = receipt_items.c.user_id == user_id, receipt_items.c.receipt_id == receipt.receipt_id
    connection.execute(delete(receipt_items).where(*of_it))
    rows = [
        {"user_id": user_id, "receipt_id": receipt.receipt_id, "line_number": number, **asdict(item)}
        for number, item in enumerate(items, start=1)
    ]
    if rows:
        connection.execute(insert(receipt_items), rows)


def corrections_of(connection: Connection, user_id: UUID, receipt_id: UUID) -> dict[str, str]:
    """What the user said the fields are."""
    rows = connection.execute(
        select(receipt_corrections.c.field, receipt_corrections.c.value).where(
            receipt_corrections.c.user_id == user_id, receipt_corrections.c.receipt_id == receipt_id
        )
    )
    return {row.field: row.value for row in rows}


def lookalikes(connection: Connection, user_id: UUID, receipt: Receipt) -> list[Lookalike]:
    """Receipts of the same day, total and currency that came before this one."""
    rows = connection.execute(
        text(_LOOKALIKES),
        {
            "user_id": user_id,
            "receipt_id": receipt.receipt_id,
            "spent_date": receipt.spent_date,
            "total_minor": receipt.total_minor,
            "currency": receipt.currency,
        },
    )
    return [Lookalike(*row) for row in rows]


def remembered_category(connection: Connection, user_id: UUID, merchant: str) -> str | None:
    """What the user last said that a merchant's receipts are."""
    row = connection.execute(text(_MEMORY), {"user_id": user_id, "merchant": merchant}).first()
    return row[0] if row else None


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A photo that lies in the store."""

    user_id: UUID
    image_id: UUID
    storage_key: str


def images_before(connection: Connection, days: int) -> list[StoredImage]:
    """Photos older than so many days, and those whose deletion was asked for, that still lie in the store."""
    rows = connection.execute(
        text("""
            select user_id, image_id, storage_key from raw.receipt_images
            where storage_key is not null
                and (deleted_at is not null or uploaded_at < now() - make_interval(days => :days))
            order by user_id, image_id
        """),
        {"days": days},
    )
    return [StoredImage(*row) for row in rows]


def known_users(connection: Connection, user_ids: Sequence[UUID]) -> set[UUID]:
    """Those of some ids that are users: photos of others are left over."""
    rows = connection.execute(
        text("select user_id from app.users where user_id = any(:ids)"), {"ids": list(user_ids)}
    )
    return set(rows.scalars())


def forget_image(connection: Connection, image: StoredImage) -> None:
    """Note that a photo is gone from the store; what was read from it stays."""
    change_image(connection, image.user_id, image.image_id, storage_key=None, deleted_at=func.now())


def corrected_pages(connection: Connection) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """Recognised pages of receipts that users have corrected or confirmed, with what is true of them."""
    rows = connection.execute(
        text("""
            select i.page, jsonb_build_object(
                'merchant', r.merchant, 'date', r.spent_date, 'total_minor', r.total_minor
            ) || jsonb_object_agg(c.field, c.value)
            from app.receipt_corrections as c
            inner join app.receipts as r on c.user_id = r.user_id and c.receipt_id = r.receipt_id
            inner join raw.receipt_images as i on c.user_id = i.user_id and c.receipt_id = i.image_id
            where i.page is not null and r.merchant is not null and r.spent_date is not null
                and r.total_minor is not null
            group by i.user_id, i.image_id, i.page, r.merchant, r.spent_date, r.total_minor
            order by i.user_id, i.image_id
        """)
    )
    return [(row[0], row[1]) for row in rows]
