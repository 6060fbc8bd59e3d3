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
class LinkOrigin:
    """What a transaction belongs together with: a transfer's other end, what came back of a purchase."""

    link_id: UUID
    kind: str
    role: str  # source or target
    band: str
    origin: str
    probability: float
    reasons: Mapping[str, Any]
    decided_at: datetime
    other_transaction_id: UUID | None  # null where a transfer's other account was not added
    other_date: date | None
    other_amount_minor: int | None
    other_currency: str | None
    other_description: str | None


@dataclass(frozen=True, slots=True)
class PartOrigin:
    """A part of a split transaction, as it stands now."""

    line_number: int
    category_code: str
    amount_minor: int
    note: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class EditOrigin:
    """Something that the user said of a transaction since it came."""

    at: datetime
    what: str  # category, same, different, deleted, link confirmed, link rejected, split, details
    detail: str


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
    links: tuple[LinkOrigin, ...] = ()
    parts: tuple[PartOrigin, ...] = ()
    edits: tuple[EditOrigin, ...] = ()


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


_LINKS = """
select
    link.link_id, link.kind, link.role, link.band, link.origin, link.probability, link.reasons,
    link.decided_at, other.transaction_id, other.booked_date, other.amount_minor, other.currency,
    other.description
from (
    select *, 'source' as role, target_transaction_id as other_id
    from app.transaction_links where user_id = :user_id and source_transaction_id = :id
    union all
    select *, 'target', source_transaction_id
    from app.transaction_links where user_id = :user_id and target_transaction_id = :id
) as link
left join app.transactions as other
    on link.user_id = other.user_id and link.other_id = other.transaction_id
order by array_position(array['paired', 'suggested', 'no'], link.band), link.probability desc, link.link_id
"""

_PARTS = """
select line_number, category_code, amount_minor, note, decided_at
from app.own_parts where user_id = :user_id and transaction_id = :id
order by line_number
"""

_EDITS = """
with entries as (
    select distinct entry_id from app.transaction_lines where user_id = :user_id and transaction_id = :id
)
select at, what, detail
from (
    select answered_at as at, case when is_same then 'same' else 'different' end as what,
        one_entry || ' and ' || other_entry as detail
    from app.identity_questions
    where user_id = :user_id and is_same is not null
        and (one_entry in (select entry_id from entries) or other_entry in (select entry_id from entries))
    union all
    select deleted_at, 'deleted', '' from app.deleted_entries
    where user_id = :user_id and entry_id in (select entry_id from entries)
    union all
    select decided_at, 'category', category_code from app.decided_categories
    where user_id = :user_id and transaction_id = :id
    union all
    select decided_at, case when is_link then 'link confirmed' else 'link rejected' end, kind
    from app.link_decisions
    where user_id = :user_id
        and (source_entry in (select entry_id from entries) or target_entry in (select entry_id from entries))
    union all
    select max(decided_at), 'split', count(*) || ' parts' from app.own_parts
    where user_id = :user_id and transaction_id = :id
    having count(*) > 0
    union all
    select
        updated_at, 'details',
        concat_ws(', ', merchant, location, notes, nullif(array_to_string(tags, ' '), ''))
    from app.transaction_details
    where user_id = :user_id and transaction_id in (select entry_id from entries)
) as said
order by at, what, detail
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
        links=tuple(LinkOrigin(*row) for row in connection.execute(text(_LINKS), key)),
        parts=tuple(PartOrigin(*row) for row in connection.execute(text(_PARTS), key)),
        edits=tuple(EditOrigin(*row) for row in connection.execute(text(_EDITS), key)),
    )
