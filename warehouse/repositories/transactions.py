"""Transactions as people see them: one row per real event, category included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction as people see it, category included."""

    transaction_id: UUID
    account: str
    spent_date: date
    booked_date: date
    amount_minor: int
    currency: str
    status: str
    description: str
    category_code: str
    category_origin: str
    category_probability: float | None
    category_reason: str = ""


_LIST = """
select
    t.transaction_id, coalesce(nullif(a.name, ''), nullif(a.account_ref, ''), 'account') as account,
    t.spent_date, t.booked_date, t.amount_minor, t.currency, t.status, t.description,
    s.category_code, s.category_origin, s.category_probability, s.category_reason
from app.transactions as t
inner join app.accounts as a using (user_id, account_id)
inner join app.standing_categories as s using (user_id, transaction_id)
where t.user_id = :user_id and t.deleted_at is null
    and (cast(:since as date) is null or t.spent_date >= :since)
    and (cast(:until as date) is null or t.spent_date < :until)
order by t.spent_date desc, t.transaction_id
limit :limit
"""


def list_transactions(
    connection: Connection,
    user_id: UUID,
    *,
    since: date | None = None,
    until: date | None = None,
    limit: int | None = None,
) -> Iterator[Transaction]:
    """A user's transactions, the latest first, from ``since`` and before ``until``."""
    rows = connection.execution_options(yield_per=5000).execute(
        text(_LIST), {"user_id": user_id, "since": since, "until": until, "limit": limit}
    )
    return (Transaction(*row) for row in rows)
