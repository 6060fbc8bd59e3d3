"""Receipts: a photo is left as a job; a worker reads it, and its results are read here."""

from __future__ import annotations

import json
import time
from datetime import date as civil_date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Depends, File, Query, Request, Response, UploadFile
from pydantic import BaseModel, Field

from api.database import Work
from api.dependencies import CurrentReader, CurrentWriter, services_of, user_limited
from api.envelope import NEVER_STORE, Envelope, success
from api.errors import (
    READING,
    WRITING,
    NotFoundError,
    PhotoNotKeptError,
    TooLargeError,
    UnusableImageError,
    answers,
)
from api.insights.categories import suggestions
from api.receipts import leaving
from api.receipts.queries import HISTORY, JOB, LATEST_JOB, MATCHES
from api.schemas import Nothing, SpentDay
from api.strict import StrictRoute
from warehouse.receipt_store import ImageGoneError, ReceiptStore

router = APIRouter(prefix="/api", tags=["receipts"], route_class=StrictRoute)
#: How long an upload waits for its fields, which the client wants in the same answer.
PATIENCE_SECONDS = 25.0
MOST_FILES = 20
_LEAVING = answers(UnusableImageError, PhotoNotKeptError, TooLargeError, *WRITING)
_limited = [user_limited("ocr")]


class ReceiptFields(BaseModel):
    """What was read, and how sure that is; fields are null until the job has ended."""

    job_id: UUID
    receipt_id: UUID
    status: str
    progress: float
    error: str | None
    created_at: str
    merchant: str | None
    total: float | None
    currency: str | None
    date: str | None
    category: str
    category_code: str | None
    tax: float | None
    items: list[dict[str, Any]]
    confidence: float
    merchant_confidence: float | None
    total_confidence: float | None
    date_confidence: float | None
    category_confidence: float | None
    raw_text: str | None
    receipt_image_path: str | None
    is_premium_processing: bool
    metadata: dict[str, Any]


class LeftJobs(BaseModel):
    """The jobs of several photos; ``job_id`` is the last one's, which ends last."""

    job_id: UUID
    status: str
    jobs: list[UUID]


class Confirmation(BaseModel):
    """What the user says a receipt is; the receipt is named by itself or within ``metadata``."""

    receipt_id: UUID | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    merchant: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] | None = None
    total: Annotated[Decimal, Field(ge=-(10**12), le=10**12)] | None = None
    date: SpentDay | None = None
    category: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None

    def said(self) -> leaving.Said:
        """The user's word; raises NotFoundError when it names no receipt."""
        try:
            receipt_id = self.receipt_id or UUID(str(self.metadata.get("receipt_id")))
        except ValueError:
            raise NotFoundError from None
        return leaving.Said(receipt_id, self.merchant, self.total, self.date, self.category, self.currency)


class ImageAddress(BaseModel):
    """Where the photo is streamed to whoever is signed in as its owner."""

    url: str


class ReceiptLine(BaseModel):
    """A transaction that paid a receipt or may have; ``match`` is paired, suggested or no."""

    transaction_id: UUID
    match: str
    probability: float
    told_by: str
    date: civil_date
    amount: float
    currency: str
    description: str


class MatchAnswer(BaseModel):
    """The user's word whether a transaction paid a receipt."""

    transaction_id: UUID
    is_paid: bool


class DescribedPurchase(BaseModel):
    """A purchase in words."""

    description: Annotated[str, Field(max_length=500)]
    amount: Decimal | None = None


class LikelyCategories(BaseModel):
    """The likeliest categories."""

    suggestions: list[str]


async def _store(request: Request) -> ReceiptStore:
    store: ReceiptStore = services_of(request).receipts
    return store


Store = Annotated[ReceiptStore, Depends(_store)]


@router.post(
    "/transactions/receipt", response_model=Envelope[ReceiptFields], responses=_LEAVING, dependencies=_limited
)
@router.post(
    "/transactions/receipt/advanced",
    response_model=Envelope[ReceiptFields],
    responses=_LEAVING,
    dependencies=_limited,
    name="upload_receipt_advanced",
)
async def upload_receipt(
    file: UploadFile, writer: CurrentWriter, reader: CurrentReader, store: Store
) -> Response:
    """Read a photo and answer with its fields; with status pending when that takes too long."""
    content = await _content(file)
    answer = await writer.reply(lambda work: leaving.leave(work, writer.principal, store, content))
    job_id = UUID(json.loads(bytes(answer.body))["data"])
    return success(await _when_read(reader, job_id), writer.request_id, NEVER_STORE)


@router.post(
    "/ocr/process", response_model=Envelope[ReceiptFields], responses=_LEAVING, dependencies=_limited
)
async def process_receipt(
    writer: CurrentWriter,
    reader: CurrentReader,
    store: Store,
    receipt: Annotated[UploadFile | None, File()] = None,
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Leave a photo (as `receipt` or `file`) and answer at once with its job."""

    async def leave(work: Work) -> UUID:  # looks at the photo only once the session is known to hold
        given = receipt or file
        if given is None:
            raise UnusableImageError
        return await leaving.leave(work, writer.principal, store, await _content(given))

    answer = await writer.reply(leave)
    job_id = UUID(json.loads(bytes(answer.body))["data"])
    return success(await reader.read(JOB, job_id=job_id), writer.request_id, NEVER_STORE)


@router.post(
    "/transactions/receipt/batch",
    response_model=Envelope[LeftJobs],
    responses=_LEAVING,
    dependencies=_limited,
)
async def upload_receipts(files: list[UploadFile], writer: CurrentWriter, store: Store) -> Response:
    """Leave several photos and answer with their jobs."""
    if len(files) > MOST_FILES:
        raise TooLargeError
    contents = [await _content(file) for file in files]

    async def leave(work: Work) -> LeftJobs:
        jobs = [await leaving.leave(work, writer.principal, store, content) for content in contents]
        return LeftJobs(job_id=jobs[-1], status="pending", jobs=jobs)

    return await writer.reply(leave)


@router.get(
    "/transactions/receipt/status/{job_id}",
    response_model=Envelope[ReceiptFields],
    responses=answers(NotFoundError, *READING),
)
@router.get(
    "/ocr/status/{job_id}",
    response_model=Envelope[ReceiptFields],
    responses=answers(NotFoundError, *READING),
    name="ocr_status",
)
@router.get(
    "/ocr/jobs/{job_id}",
    response_model=Envelope[ReceiptFields],
    responses=answers(NotFoundError, *READING),
    name="ocr_job",
)
async def receipt_status(job_id: UUID, reader: CurrentReader) -> Response:
    """How far a job is, and what was read once it has ended."""
    document = await reader.read(JOB, job_id=job_id)
    if document == b"null":
        raise NotFoundError
    return success(document, reader.request_id, NEVER_STORE)


@router.get("/ocr/history", response_model=Envelope[list[ReceiptFields]], responses=answers(*READING))
async def receipt_history(
    reader: CurrentReader,
    skip: Annotated[int, Query(ge=0, le=100_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """The user's receipts, the latest first."""
    return await reader.reply_now(HISTORY, skip=skip, limit=limit)


@router.post(
    "/transactions/receipt/validate",
    response_model=Envelope[ReceiptFields],
    responses=answers(NotFoundError, *WRITING),
)
@router.post(
    "/ocr/enhance",
    response_model=Envelope[ReceiptFields],
    responses=answers(NotFoundError, *WRITING),
    name="enhance_receipt",
)
async def confirm_receipt(given: Confirmation, writer: CurrentWriter) -> Response:
    """Confirm or correct what was read; the receipt is matched anew, and the next training learns from it."""
    return await writer.reply(lambda work: leaving.correct(work, writer.principal, given.said()))


@router.get(
    "/transactions/receipt/{receipt_id}/matches",
    response_model=Envelope[list[ReceiptLine]],
    responses=answers(NotFoundError, *READING),
)
async def receipt_matches(receipt_id: UUID, reader: CurrentReader) -> Response:
    """The transactions that paid a receipt or may have, the likeliest first."""
    document = await reader.read(MATCHES, receipt_id=receipt_id)
    if document == b"null":
        raise NotFoundError
    return success(document, reader.request_id, NEVER_STORE)


@router.post(
    "/transactions/receipt/{receipt_id}/matches",
    response_model=Envelope[list[ReceiptLine]],
    responses=answers(NotFoundError, *WRITING),
)
async def answer_match(receipt_id: UUID, given: MatchAnswer, writer: CurrentWriter) -> Response:
    """Say whether a transaction paid a receipt: it ends all doubt, and the plan follows."""
    return await writer.reply(
        lambda work: leaving.answer_match(
            work, writer.principal, receipt_id, given.transaction_id, is_paid=given.is_paid
        )
    )


@router.post("/ocr/categorize", response_model=Envelope[LikelyCategories], responses=answers(*READING))
async def categorise_purchase(given: DescribedPurchase, reader: CurrentReader) -> Response:
    """The likeliest categories of a purchase."""
    found = await to_thread.run_sync(suggestions, given.description)
    told = LikelyCategories(suggestions=[one["category"] for one in found])
    return success(told, reader.request_id, NEVER_STORE)


@router.get(
    "/transactions/receipt/{receipt_id}/image",
    response_model=Envelope[ImageAddress],
    responses=answers(NotFoundError, *READING),
)
async def receipt_image(receipt_id: UUID, reader: CurrentReader) -> Response:
    """Where the photo is."""
    known = json.loads(await reader.read(LATEST_JOB, image_id=receipt_id))
    if not known or not known["receipt_image_path"]:
        raise NotFoundError
    return success(ImageAddress(url=known["receipt_image_path"]), reader.request_id, NEVER_STORE)


@router.get(
    "/transactions/receipt/{receipt_id}/photo",
    response_class=Response,
    responses={
        200: {"description": "The photo.", "content": {"image/jpeg": {}}},
        **answers(NotFoundError, *READING),
    },
)
async def receipt_photo(receipt_id: UUID, reader: CurrentReader, store: Store) -> Response:
    """The photo itself, for its owner; whatever it is, it is never run as a page."""
    known = json.loads(await reader.read(LATEST_JOB, image_id=receipt_id))
    if not known or not known["receipt_image_path"]:
        raise NotFoundError
    try:
        content = await to_thread.run_sync(store.get, f"{reader.principal.user_id}/{receipt_id}")
    except ImageGoneError:
        raise NotFoundError from None
    headers = {**NEVER_STORE, "content-disposition": 'attachment; filename="receipt"'}
    return Response(content, media_type=leaving.media_type_of(content), headers=headers)


@router.delete(
    "/transactions/receipt/{receipt_id}/image",
    response_model=Envelope[Nothing],
    responses=answers(NotFoundError, *WRITING),
)
async def delete_receipt_image(receipt_id: UUID, writer: CurrentWriter, store: Store) -> Response:
    """Delete the photo; what was read from it stays."""

    async def delete(work: Work) -> Nothing:
        gone = await work.run(
            "update raw.receipt_images set deleted_at = now(), storage_key = null "
            "where user_id = %(user_id)s and image_id = %(image_id)s and deleted_at is null",
            user_id=writer.principal.user_id,
            image_id=receipt_id,
        )
        if not gone:
            raise NotFoundError
        await to_thread.run_sync(store.delete, f"{writer.principal.user_id}/{receipt_id}")
        await work.audit("receipt_photo_deleted", receipt=str(receipt_id))
        return Nothing()

    return await writer.reply(delete)


async def _content(file: UploadFile) -> bytes:
    """The bytes of an upload, which the body's limit bounds; raises UnusableImageError."""
    content = await file.read()
    leaving.media_type_of(content)
    return content


async def _when_read(reader: Any, job_id: UUID) -> bytes:  # noqa: ANN401 - a CurrentReader
    """The job's document once it has ended, or as it stands when patience ends."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        document: bytes = await reader.read(JOB, job_id=job_id)
        is_open = json.loads(document)["status"] in {"pending", "processing"}
        if not is_open or time.monotonic() > until:
            return document
        await leaving.pause()
