"""What a user's corrections say of merchants: seen, offered for past lines, applied, taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Connection, text

from warehouse.errors import ActionableError
from warehouse.repositories.rule_statements import APPLY_MEMORY, FOLLOWERS, UNDO_MEMORY


class MerchantUnknownError(ActionableError, LookupError):
    """The user has corrected no line of this merchant."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is remembered of a merchant, and how many past lines do not follow it yet."""

    merchant_key: str
    is_in: bool
    category_code: str
    probability: float
    times: int
    of_times: int
    past_lines: int


@dataclass(frozen=True, slots=True)
class Follower:
    """A past line that would follow."""

    transaction_id: UUID
    spent_date: date
    description: str
    amount_minor: int
    currency: str
    category_before: str
    category_after: str


LIST = """
select
    memory.merchant_key, memory.is_in, memory.category_code, memory.probability, memory.times,
    memory.of_times,
    (
        select count(*)
        from app.transactions as line
        inner join app.standing_categories as standing
            on line.user_id = standing.user_id and line.transaction_id = standing.transaction_id
        where line.user_id = memory.user_id and line.merchant_key = memory.merchant_key
            and memory.is_in = (line.amount_minor > 0) and line.deleted_at is null
            and standing.category_origin not in ('user', 'rule')
            and standing.category_code <> memory.category_code
    ) as past_lines
from app.merchant_memory as memory
where memory.user_id = :user_id
order by memory.decided_at desc, memory.merchant_key
"""


def list_memory(connection: Connection, user_id: UUID) -> list[Remembered]:
    """What is remembered, the latest correction first."""
    return [Remembered(*row) for row in connection.execute(text(LIST), {"user_id": user_id})]


def preview_memory(connection: Connection, user_id: UUID, merchant_key: str) -> list[Follower]:
    """Past lines that would follow; raises MerchantUnknownError."""
    _check(connection, user_id, merchant_key)
    rows = connection.execute(text(FOLLOWERS), {"user_id": user_id, "merchant_key": merchant_key})
    return [Follower(*row[:7]) for row in rows]


def apply_memory(connection: Connection, user_id: UUID, merchant_key: str) -> tuple[UUID | None, int]:
    """Let past lines follow; gives the application, by which it is taken back, and how many they were."""
    _check(connection, user_id, merchant_key)
    values = {"user_id": user_id, "merchant_key": merchant_key}
    applied = connection.execute(text(APPLY_MEMORY), values).scalars().all()
    return (applied[0] if applied else None), len(applied)


def undo_memory(connection: Connection, user_id: UUID, application_id: UUID) -> int:
    """Take an application back; gives how many lines it was of."""
    values = {"user_id": user_id, "application_id": application_id}
    return connection.execute(text(UNDO_MEMORY), values).rowcount


def _check(connection: Connection, user_id: UUID, merchant_key: str) -> None:
    known = {one.merchant_key for one in list_memory(connection, user_id)}
    if merchant_key not in known:
        message = f"you have corrected no line of {merchant_key!r}; 'mita memory list' shows whom you have"
        raise MerchantUnknownError(message)
