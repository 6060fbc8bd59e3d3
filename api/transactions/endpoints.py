"""Transactions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Query, Response
from pydantic import ValidationError

from api.dependencies import CurrentReader, CurrentWriter
from api.envelope import NEVER_STORE, Envelope, answered, downloaded
from api.errors import (
    READING,
    WRITING,
    BankFactError,
    InvalidRequestError,
    NotFoundError,
    WrongAmountError,
    answers,
)
from api.schemas import Line, Nothing, instant
from api.strict import StrictRoute
from api.transactions import writing
from api.transactions.export import as_csv, as_xlsx
from api.transactions.queries import AFFORDABILITY, BY_DATE, CURSOR_PAGE, DAY_STATUS, MERCHANTS, ONE, PAGE
from api.transactions.schemas import (
    EXAMPLE,
    EXAMPLE_TRANSACTION,
    Affordability,
    AffordabilityRequest,
    BulkImport,
    BulkResult,
    CursorQuery,
    DayEntry,
    DayStatus,
    ExportQuery,
    NewPurchase,
    PageQuery,
    Transaction,
    TransactionPage,
    When,
)

router = APIRouter(prefix="/api/transactions", tags=["transactions"], route_class=StrictRoute)

SPREADSHEETS: dict[str, tuple[str, Any]] = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_xlsx),
}
MAX_EXPORT = 1_000_000
_CHANGING = answers(WrongAmountError, BankFactError, NotFoundError, *WRITING)


@router.get("", include_in_schema=False)
@router.get("/", response_model=Envelope[list[Transaction]], responses=answered(EXAMPLE) | answers(*READING))
async def transactions(query: Annotated[PageQuery, Query()], reader: CurrentReader) -> Response:
    """Purchases and refunds, the latest first; with `include=all` everything on the accounts."""
    return await reader.reply(PAGE, **query.parameters())


@router.post("", status_code=201, include_in_schema=False)
@router.post(
    "/",
    status_code=201,
    response_model=Envelope[Transaction],
    responses=answered(EXAMPLE_TRANSACTION, 201) | answers(WrongAmountError, *WRITING),
)
async def add_transaction(given: NewPurchase, writer: CurrentWriter) -> Response:
    """Enter a purchase; it counts from this answer on."""
    return await writer.reply(lambda work: writing.add(work, writer.principal, given), 201)


@router.get("/pages", response_model=Envelope[TransactionPage], responses=answers(*READING))
async def transaction_pages(query: Annotated[CursorQuery, Query()], reader: CurrentReader) -> Response:
    """The same by cursor: nothing is left out or told twice while purchases are added."""
    try:
        parameters = query.parameters()
    except (ValueError, ValidationError):
        raise InvalidRequestError from None
    return await reader.reply(CURSOR_PAGE, **parameters)


@router.get("/by-date", response_model=list[DayEntry], responses=answers(*READING))
async def transactions_by_date(
    reader: CurrentReader, date: Annotated[When | None, Query()] = None
) -> Response:
    """What was spent on one day (today's without a date), as a bare list."""
    return await reader.reply_bare(BY_DATE, **_on(date))


@router.get("/budget-status", response_model=Envelope[DayStatus], responses=answers(*READING))
async def budget_status(reader: CurrentReader, date: Annotated[When | None, Query()] = None) -> Response:
    """What is left of one day's plan; `date` may be a day or an instant."""
    return await reader.reply(DAY_STATUS, **_on(date))


@router.get("/merchants/suggestions", response_model=Envelope[list[str]], responses=answers(*READING))
async def merchant_suggestions(
    reader: CurrentReader,
    q: Annotated[Line, Query()] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Response:
    """Merchants whose names begin so, those visited most first."""
    return await reader.reply(MERCHANTS, start=q, limit=limit)


@router.get(
    "/export",
    response_class=Response,
    responses=downloaded(*(kind for kind, _ in SPREADSHEETS.values())) | answers(*READING),
)
async def export(query: Annotated[ExportQuery, Query()], reader: CurrentReader) -> Response:
    """Everything that the filters let through, for a spreadsheet."""
    listed = await reader.read(PAGE, **query.parameters(), skip=0, limit=MAX_EXPORT)
    media_type, written = SPREADSHEETS[query.format]
    content = await to_thread.run_sync(written, listed)
    disposition = f'attachment; filename="transactions.{query.format}"'
    return Response(
        content, headers={**NEVER_STORE, "content-disposition": disposition}, media_type=media_type
    )


@router.post(
    "/bulk-import",
    status_code=201,
    response_model=Envelope[BulkResult],
    responses=answers(WrongAmountError, *WRITING),
)
async def bulk_import(given: BulkImport, writer: CurrentWriter) -> Response:
    """Store many purchases, all or none; one whose id is known already is passed over."""
    return await writer.reply(lambda work: writing.add_many(work, writer.principal, given), 201)


@router.post("/check-affordability", response_model=Envelope[Affordability], responses=answers(*READING))
async def check_affordability(given: AffordabilityRequest, reader: CurrentReader) -> Response:
    """What a purchase would do to the day's plan."""
    return await reader.reply_now(
        AFFORDABILITY, category=given.category, amount=given.amount, **_on(given.date)
    )


@router.get(
    "/{transaction_id}",
    response_model=Envelope[Transaction],
    responses=answered(EXAMPLE_TRANSACTION) | answers(NotFoundError, *READING),
)
async def transaction(transaction_id: UUID, reader: CurrentReader) -> Response:
    """One transaction."""
    return await reader.reply(ONE, transaction_id=transaction_id)


@router.put(
    "/{transaction_id}",
    response_model=Envelope[Transaction],
    responses=answered(EXAMPLE_TRANSACTION) | _CHANGING,
)
async def change_transaction(transaction_id: UUID, given: NewPurchase, writer: CurrentWriter) -> Response:
    """Correct a transaction; of a bank's line amount, currency and day stay the bank's."""
    return await writer.reply(lambda work: writing.change(work, writer.principal, transaction_id, given))


@router.delete("/{transaction_id}", response_model=Envelope[Nothing], responses=_CHANGING)
async def delete_transaction(transaction_id: UUID, writer: CurrentWriter) -> Response:
    """Delete a transaction; it stays away when its statement is imported again."""
    return await writer.reply(lambda work: writing.delete(work, writer.principal, transaction_id))


def _on(value: datetime | date | None) -> dict[str, object]:
    if isinstance(value, datetime):
        return {"day": None, "instant": instant(value)}
    return {"day": value, "instant": None}
