"""What the user does with receipts, each within the writer's transaction: photos left, words said."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from anyio import to_thread

from api.database import Work
from api.documents import read_own_write
from api.errors import InvalidRequestError, NotFoundError, PhotoNotKeptError, UnusableImageError
from api.logs import logger
from api.receipts.queries import LATEST_JOB, MATCHES
from warehouse.money import exponent
from warehouse.receipt_store import StoreUnusableError

if TYPE_CHECKING:
    from decimal import Decimal

    from api.auth.tokens import Principal
    from warehouse.receipt_store import ReceiptStore


#: Pictures and documents by their first bytes; a name or a declared type says nothing.
_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
#: HEIC and AVIF, by the beginning of their brand.
_PHOTOS_OF_PHONES = frozenset({b"ftyphe", b"ftypmi", b"ftypms", b"ftypav"})
_AS_JPEG = (
    "This is a HEIC or AVIF photo: send it as JPEG (iPhone: Settings, Camera, Formats, Most Compatible)."
)
_ADD = """
insert into raw.receipt_images (user_id, image_id, content_sha256, media_type, content_bytes, storage_key)
values (
    %(user_id)s, %(image_id)s, %(digest)s, %(media_type)s, %(size)s, %(key)s
)
on conflict (user_id, content_sha256) do nothing
returning image_id
"""
_KNOWN = "select image_id from raw.receipt_images where user_id = %(user_id)s and content_sha256 = %(digest)s"
_JOB = """
insert into ops.receipt_jobs (user_id, image_id, kind) values (%(user_id)s, %(image_id)s, %(kind)s)
returning job_id
"""
_LATEST = """
select job_id from ops.receipt_jobs where user_id = %(user_id)s and image_id = %(image_id)s
order by created_at desc limit 1
"""
_CORRECT = """
insert into app.receipt_corrections (user_id, receipt_id, field, value_read, value, box)
select %(user_id)s, read.receipt_id, %(field)s, case %(field)s
        when 'merchant' then read.merchant
        when 'date' then read.spent_date::text
        when 'total' then read.total_minor::text
        when 'currency' then read.currency
        else read.category_code
    end, %(value)s, read.boxes -> %(field)s
from app.receipts as read
where read.user_id = %(user_id)s and read.receipt_id = %(receipt_id)s
on conflict (user_id, receipt_id, field) do update
set value = excluded.value, corrected_at = now()
"""
_CATEGORY = """
select coalesce(
    (select leaf.code from seeds.categories as leaf where leaf.code = %(category)s),
    (select named.category_code from seeds.client_categories as named
        where named.client_code = %(category)s limit 1)
)
"""
# A receipt is paid by one line, and a line pays one receipt.
_RIVALS = """
update app.receipt_matches set band = 'no', decided_at = now()
where user_id = %(user_id)s and band <> 'no'
    and (receipt_id = %(receipt_id)s or entry_id = %(transaction_id)s)
    and (receipt_id, entry_id) <> (%(receipt_id)s, %(transaction_id)s)
"""
_ANSWER = """
insert into app.receipt_matches (user_id, receipt_id, entry_id, probability, band, origin, reasons)
select read.user_id, read.receipt_id, line.transaction_id, %(probability)s, %(band)s, 'user', '{}'
from app.receipts as read
inner join app.transactions as line using (user_id)
where read.user_id = %(user_id)s and read.receipt_id = %(receipt_id)s and read.status = 'completed'
    and line.transaction_id = %(transaction_id)s and line.deleted_at is null
on conflict (user_id, receipt_id, entry_id) do update
set band = excluded.band, origin = 'user', probability = excluded.probability, decided_at = now()
returning entry_id
"""
_READ = "select currency from app.receipts where user_id = %(user_id)s and receipt_id = %(receipt_id)s"


@dataclass(frozen=True, slots=True)
class Said:
    """What the user says a receipt is; None where they say nothing."""

    receipt_id: UUID
    merchant: str | None
    total: Decimal | None
    date: date | None
    category: str | None
    currency: str | None


def media_type_of(content: bytes) -> str:
    """The type by content; raises UnusableImageError."""
    for magic, media_type in _MAGIC:
        if content.startswith(magic):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:10] in _PHOTOS_OF_PHONES:
        raise UnusableImageError({"advice": _AS_JPEG})
    raise UnusableImageError


async def leave(work: Work, user: Principal, store: ReceiptStore, content: bytes) -> UUID:
    """Keep a photo sealed and leave its job; a photo that was sent before gives its latest job."""
    media_type = media_type_of(content)
    digest = await to_thread.run_sync(lambda: hashlib.sha256(content).hexdigest())
    known = await work.row(_KNOWN, user_id=user.user_id, digest=digest)
    if known is not None:
        return await _latest(work, user, known[0])
    image_id = _new_id()
    try:
        key = await to_thread.run_sync(store.put, user.user_id, image_id, content)
    except StoreUnusableError as error:
        logger.exception("A photo was not kept")
        raise PhotoNotKeptError from error
    added = await work.row(
        _ADD,
        user_id=user.user_id,
        image_id=image_id,
        digest=digest,
        media_type=media_type,
        size=len(content),
        key=key,
    )
    if added is None:  # the same photo, sent twice at once
        await to_thread.run_sync(store.delete, key)
        known = await work.row(_KNOWN, user_id=user.user_id, digest=digest)
        return await _latest(work, user, (known or (image_id,))[0])
    job = await work.row(_JOB, user_id=user.user_id, image_id=image_id, kind="read")
    await work.audit("receipt_left", receipt=str(image_id))
    return UUID(str((job or (image_id,))[0]))


def _new_id() -> UUID:
    from uuid import uuid4  # noqa: PLC0415

    return uuid4()


async def _latest(work: Work, user: Principal, image_id: UUID) -> UUID:
    row = await work.row(_LATEST, user_id=user.user_id, image_id=image_id)
    if row is None:
        raise NotFoundError
    return UUID(str(row[0]))


async def correct(work: Work, user: Principal, said: Said) -> bytes:
    """Keep the user's word on a receipt and leave a job that acts on it; raises NotFoundError."""
    read = await work.row(_READ, user_id=user.user_id, receipt_id=said.receipt_id)
    if read is None:
        raise NotFoundError
    for field, value in (await _values(work, said, read[0])).items():
        await work.run(_CORRECT, user_id=user.user_id, receipt_id=said.receipt_id, field=field, value=value)
    await work.row(_JOB, user_id=user.user_id, image_id=said.receipt_id, kind="settle")
    await work.audit("receipt_confirmed", receipt=str(said.receipt_id))
    document = await read_own_write(work, user, LATEST_JOB, image_id=said.receipt_id)
    if document is None:
        raise NotFoundError
    return document


async def answer_match(
    work: Work, user: Principal, receipt_id: UUID, transaction_id: UUID, *, is_paid: bool
) -> bytes:
    """Keep the user's word whether a transaction paid a receipt, and leave a job that acts on it.

    Raises NotFoundError for a receipt that is not read to its end, and for nobody's transaction.
    """
    pair = {"user_id": user.user_id, "receipt_id": receipt_id, "transaction_id": transaction_id}
    if is_paid:
        await work.run(_RIVALS, **pair)
    band = "paired" if is_paid else "no"
    if await work.row(_ANSWER, **pair, probability=float(is_paid), band=band) is None:
        raise NotFoundError
    await work.row(_JOB, user_id=user.user_id, image_id=receipt_id, kind="settle")
    await work.audit("receipt_matched", receipt=str(receipt_id), transaction=str(transaction_id), band=band)
    document = await read_own_write(work, user, MATCHES, receipt_id=receipt_id)
    return document or b"[]"


async def _values(work: Work, said: Said, currency_read: str | None) -> dict[str, str]:
    values: dict[str, str] = {}
    currency = said.currency or currency_read
    if said.merchant:
        values["merchant"] = said.merchant
    if said.date:
        values["date"] = said.date.isoformat()
    if said.currency:
        values["currency"] = said.currency
    if said.total is not None:
        minor = said.total.scaleb(exponent(currency or "EUR"))
        if minor != minor.to_integral_value():
            raise InvalidRequestError
        values["total"] = str(int(minor))
    if said.category:
        row = await work.row(_CATEGORY, category=said.category)
        if row is not None and row[0] is not None:
            values["category"] = str(row[0])
    return values


async def pause() -> None:
    """Between two looks at a job."""
    await asyncio.sleep(0.25)
