"""Where a transaction comes from: the lines of files that it is, what joined them, who categorised it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from warehouse.errors import ActionableError


class TransactionNotFoundError(ActionableError, LookupError):
    """No transaction of this user has this id."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of a file, or a purchase entered by hand, that is (part of) a transaction."""

    entry_id: UUID
    batch_id: UUID | None
    file: str | None
    imported_at: datetime | None
    line_number: int | None
    booked_date: date
    amount_minor: int
    currency: str
    status: str
    description: str
    raw: str | None
    probability: float | None  # that its entry is this transaction; None for the entry that stands for it
    evidence: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class CategoryOrigin:
    """Who gave a category, and when: the user, a rule, earlier corrections, or a model with a probability."""

    origin: str
    category_code: str
    decided_at: datetime
    model: str | None = None
    version: str | None = None
    suggested_code: str | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Everything that a transaction rests on; the first category holds, the others are what it overrules."""

    transaction_id: UUID
    account: str
    booked_date: date
    spent_date: date
    amount_minor: int
    currency: str
    status: str
    description: str
    lines: tuple[SourceLine, ...]
    categories: tuple[CategoryOrigin, ...]


# An id that a transaction had before it joined another still leads to it.
_TRANSACTION = """
select
    t.transaction_id, coalesce(nullif(a.name, ''), nullif(a.account_ref, ''), 'account') as account,
    t.booked_date, t.spent_date, t.amount_minor, t.currency, t.status, t.description
from app.transactions as t
inner join app.accounts as a using (user_id, account_id)
where t.user_id = :user_id and t.transaction_id = coalesce(
    (select m.transaction_id from app.merged_entries as m where m.user_id = :user_id and m.entry_id = :id),
    :id
)
"""

_LINES = """
select
    line.entry_id, line.batch_id, batch.file_name, batch.started_at, line.line_number, entry.booked_date,
    entry.amount_minor, entry.currency, entry.status, entry.description, stored.raw, merged.probability,
    merged.evidence
from app.transaction_lines as line
inner join app.entry_lines as entry
    on line.user_id = entry.user_id and line.entry_id = entry.entry_id
    and line.batch_id is not distinct from entry.batch_id
    and line.line_number is not distinct from entry.line_number
left join raw.import_batches as batch on line.user_id = batch.user_id and line.batch_id = batch.batch_id
left join raw.statement_lines as stored
    on line.user_id = stored.user_id and line.batch_id = stored.batch_id
    and line.line_number = stored.line_number
left join app.merged_entries as merged on line.user_id = merged.user_id and line.entry_id = merged.entry_id
where line.user_id = :user_id and line.transaction_id = :id
order by entry.booked_date, batch.started_at nulls first, line.line_number
"""

_CATEGORIES = """
select origin, category_code, decided_at, model, version, suggested_code, probability
from (
select 'user' as origin, category_code, decided_at, null as model, null as version, null as suggested_code,
    null::float8 as probability
from app.decided_categories where user_id = :user_id and transaction_id = :id
union all
select 'rule', rule.actions ->> 'category', rule.updated_at, rule.name, null, null, null
from app.rule_matches as matched
inner join app.category_rules as rule using (user_id, rule_id)
where matched.user_id = :user_id and matched.transaction_id = :id and rule.is_on and rule.actions ? 'category'
union all
select
    'memory', category_code, remembered_at, times || ' of ' || of_times || ' earlier lines', null, null,
    probability
from app.memory_matches where user_id = :user_id and transaction_id = :id
union all
select origin, category_code, predicted_at, model_name, model_version, suggested_code, probability
from ml.category_predictions where user_id = :user_id and transaction_id = :id
) as said
order by array_position(array['user', 'rule', 'memory', 'model', 'llm'], origin), decided_at desc
"""


def find_origin(connection: Connection, user_id: UUID, transaction_id: UUID) -> Origin:
    """Everything that one transaction rests on; raises TransactionNotFoundError."""
    known = connection.execute(text(_TRANSACTION), {"user_id": user_id, "id": transaction_id}).one_or_none()
    if known is None:
        message = f"there is no transaction {transaction_id}; 'mita transactions list' shows their ids"
        raise TransactionNotFoundError(message)
    key = {"user_id": user_id, "id": known.transaction_id}
    return Origin(
        **known._asdict(),
        lines=tuple(SourceLine(*row) for row in connection.execute(text(_LINES), key)),
        categories=tuple(CategoryOrigin(*row) for row in connection.execute(text(_CATEGORIES), key)),
    )
