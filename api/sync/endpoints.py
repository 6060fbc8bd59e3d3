"""A queue of changes that a client made offline, and everything that changed since its last sync.

The rule for conflicts: the later of two changes of one transaction stands, by the client's time of the
change but never later than now; a deletion stands over every change that was made before it; what a bank
says stands over everybody. Every change says what became of it, and the answer holds what stands.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import orjson
import psycopg
from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from api.auth.tokens import Principal
from api.database import Work
from api.dependencies import CurrentWriter
from api.documents import read_own_write
from api.envelope import Envelope
from api.errors import WRITING, WrongAmountError, answers
from api.strict import StrictRoute
from api.transactions.queries import CHANGED
from api.transactions.schemas import NewPurchase, Transaction
from warehouse.repositories import purchases

router = APIRouter(prefix="/api", tags=["sync"], route_class=StrictRoute)

_REFUSALS = (purchases.UnknownCategoryError, purchases.BankLineError, WrongAmountError)
Outcome = Literal["applied", "known", "older", "refused"]


class Change(BaseModel):
    """One change, with the id of the transaction, which the client makes for a new one."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    operation: Literal["put", "delete"]
    changed_at: AwareDatetime
    transaction: NewPurchase | None = Field(default=None, description="What it is now; for `put`.")


class SyncRequest(BaseModel):
    """The client's changes in the order in which they were made, and how far it had read."""

    model_config = ConfigDict(frozen=True)

    cursor: Annotated[str, StringConstraints(pattern=r"^\d{1,18}$")] | None = Field(
        default=None, description="Of the last answer; without it everything is sent."
    )
    changes: list[Change] = Field(default=[], max_length=500)


class ChangeOutcome(BaseModel):
    """What became of a change.

    `applied`; `known` (it had arrived before); `older` (a later change stands); `refused` (it cannot be).
    """

    id: UUID
    outcome: Outcome


class SyncAnswer(BaseModel):
    """What became of the changes, what changed since the cursor, and the next cursor."""

    outcomes: list[ChangeOutcome]
    changed: list[Transaction]
    deleted: list[UUID]
    cursor: str


@router.post("/sync", response_model=Envelope[SyncAnswer], responses=answers(WrongAmountError, *WRITING))
async def sync(given: SyncRequest, writer: CurrentWriter) -> Response:
    """Take in what a client did offline and give it what changed; safe to repeat."""

    async def exchange(work: Work) -> bytes:
        currency = work.currency
        outcomes = [
            {"id": str(change.id), "outcome": await apply(work, writer.principal, change, currency)}
            for change in given.changes
        ]
        await work.audit("synced", changes=len(outcomes))
        cursor = None if given.cursor is None else int(given.cursor)
        changed = await read_own_write(work, writer.principal, CHANGED, cursor=cursor)
        return b'{"outcomes":%b,%b' % (orjson.dumps(outcomes), (changed or b"{}").lstrip()[1:])

    return await writer.reply(exchange)


async def apply(work: Work, user: Principal, change: Change, currency: str) -> Outcome:
    """Apply one change by the rule, or say why not."""
    said_at = min(change.changed_at, datetime.now(tz=UTC))
    last = await purchases.last_word(work.connection, user.user_id, change.id)
    if change.operation == "delete":
        return await _delete(work, user, change.id, last, said_at)
    if change.transaction is None:
        return "refused"
    try:
        async with work.connection.transaction():  # a refused change must not end the others'
            purchase = change.transaction.purchase(currency, change.id)
            return await _put(work, user, purchase, last, said_at)
    except (*_REFUSALS, psycopg.errors.ForeignKeyViolation):
        return "refused"


async def _put(
    work: Work,
    user: Principal,
    purchase: purchases.Purchase,
    last: purchases.LastWord | None,
    said_at: datetime,
) -> Outcome:
    if last is None or purchase.transaction_id is None:
        added = await purchases.add_purchase(work.connection, user.user_id, purchase, said_at=said_at)
        return "applied" if added else "known"
    if last.is_deleted:
        return "older"
    changed = await purchases.change_purchase(
        work.connection, user.user_id, purchase.transaction_id, purchase, said_at=said_at
    )
    return "applied" if changed else "older"


async def _delete(
    work: Work, user: Principal, transaction_id: UUID, last: purchases.LastWord | None, said_at: datetime
) -> Outcome:
    if last is None or last.is_deleted:
        return "known"
    if last.said_at is not None and said_at < last.said_at:
        return "older"
    await purchases.delete_purchase(work.connection, user.user_id, transaction_id)
    return "applied"
