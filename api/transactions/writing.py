"""What the user does to transactions, each within the writer's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import psycopg

from api.auth.tokens import Principal
from api.database import Work
from api.documents import read_own_write
from api.errors import BankFactError, NotFoundError, invalid_request
from api.schemas import Nothing
from api.transactions.queries import ONE
from api.transactions.schemas import BulkImport, BulkResult, NewPurchase
from warehouse.repositories import purchases


async def add(work: Work, user: Principal, given: NewPurchase) -> bytes:
    """Store a purchase and give it as the client reads it."""
    with _told():
        purchase = given.purchase(work.currency)
        added = await purchases.add_purchase(work.connection, user.user_id, purchase)
    await work.audit("purchase_added", transaction=str(added))
    return await _document(work, user, added)


async def change(work: Work, user: Principal, transaction_id: UUID, given: NewPurchase) -> bytes:
    """Correct a transaction; raises NotFoundError or BankFactError."""
    with _told():
        purchase = given.purchase(work.currency)
        if given.spent_at is None:
            purchase = await _when_it_was(work, user, transaction_id, given)
        found = await purchases.change_purchase(work.connection, user.user_id, transaction_id, purchase)
    if found is None:
        raise NotFoundError
    await work.audit("purchase_changed", transaction=str(transaction_id))
    return await _document(work, user, transaction_id)


async def delete(work: Work, user: Principal, transaction_id: UUID) -> Nothing:
    """Delete a transaction for good; raises NotFoundError."""
    if not await purchases.delete_purchase(work.connection, user.user_id, transaction_id):
        raise NotFoundError
    await work.audit("purchase_deleted", transaction=str(transaction_id))
    return Nothing()


async def add_many(work: Work, user: Principal, given: BulkImport) -> BulkResult:
    """Store all or none; an id that is known already adds nothing."""
    currency = work.currency
    with _told():
        wanted = [one.purchase(currency, one.id) for one in given.transactions]
        added = await purchases.add_purchases(work.connection, user.user_id, wanted)
    ids = [one for one in added if one is not None]
    await work.audit("purchases_imported", count=len(ids))
    return BulkResult(imported=len(ids), skipped=len(given.transactions) - len(ids), ids=ids)


async def _when_it_was(
    work: Work, user: Principal, transaction_id: UUID, given: NewPurchase
) -> purchases.Purchase:
    """A correction that does not say when keeps the day."""
    row = await work.row(
        """
        select coalesce(details.spent_at, (made.spent_date + time '12:00') at time zone users.timezone)
        from app.transactions as made
        inner join app.users as users on made.user_id = users.user_id
        left join app.transaction_details as details
            on made.user_id = details.user_id and made.transaction_id = details.transaction_id
        where made.user_id = %(user_id)s and made.transaction_id = %(transaction_id)s
        """,
        user_id=user.user_id,
        transaction_id=transaction_id,
    )
    spent_at: datetime | None = row[0] if row else None
    return given.model_copy(update={"spent_at": spent_at}).purchase(work.currency)


async def _document(work: Work, user: Principal, transaction_id: UUID | None) -> bytes:
    document = await read_own_write(work, user, ONE, transaction_id=transaction_id)
    if document is None:
        raise NotFoundError
    return document


@contextmanager
def _told() -> Iterator[None]:
    """What the repository refuses, as the caller is told."""
    try:
        yield
    except purchases.UnknownCategoryError:
        message = "is not a category"
        raise invalid_request(message, field="body.category", kind="category") from None
    except purchases.BankLineError:
        raise BankFactError from None
    except psycopg.errors.ForeignKeyViolation:
        message = "is not an account of yours"
        raise invalid_request(message, field="body.account_id", kind="account") from None
