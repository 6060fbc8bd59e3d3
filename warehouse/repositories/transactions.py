"""Transactions: one row per real purchase, made from raw lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Connection, text

from warehouse.repositories.batches import Batch

# The bank's own reference identifies a line where there is one, its content where there is none.
# Amount and date belong to both: some banks use a reference twice.
_NUMBERED_LINES = """
create temporary table merging on commit drop as
with keyed as (
    select
        line.*,
        account.account_id,
        encode(sha256(convert_to(concat_ws(
            '|',
            line.booked_date,
            line.amount_minor,
            coalesce(
                'ref:' || line.bank_reference,
                'text:' || lower(regexp_replace(line.description, '\\s+', ' ', 'g'))
            )
        ), 'UTF8')), 'hex') as identity_key
    from raw.statement_lines as line
    inner join raw.statement_accounts as account
        on line.user_id = account.user_id
        and line.batch_id = account.batch_id
        and line.account_ref = account.account_ref
        and line.currency = account.currency
    where line.user_id = :user_id and line.batch_id = :batch_id
),
numbered as (
    select
        keyed.*,
        row_number() over (partition by account_id, identity_key order by line_number) as occurrence
    from keyed
)
select
    numbered.*,
    substr(
        encode(sha256(convert_to(concat_ws('|', account_id, identity_key, occurrence), 'UTF8')), 'hex'), 1, 32
    )::uuid as transaction_id
from numbered
"""

# A line that was pending in an earlier file and is posted in this one is the same purchase.
_NEW_TRANSACTIONS = """
with merged as (
insert into app.transactions (
    user_id, transaction_id, account_id, identity_key, occurrence, booked_date, spent_date,
    amount_minor, currency, status, description, counterparty, bank_kind, mcc
)
select
    user_id, transaction_id, account_id, identity_key, occurrence, booked_date,
    case when value_date between booked_date - 10 and booked_date then value_date else booked_date end,
    amount_minor, currency, status, description, counterparty, bank_kind, mcc
from merging
order by line_number
on conflict (user_id, account_id, identity_key, occurrence) do update
set status = excluded.status, updated_at = now()
where transactions.status = 'pending' and excluded.status = 'posted'
returning xmax = 0 as is_new
)
select count(*) filter (where is_new) from merged
"""

_SOURCES = """
insert into app.transaction_sources (user_id, batch_id, line_number, transaction_id)
select user_id, batch_id, line_number, transaction_id from merging
on conflict do nothing
"""


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


def merge_batch(connection: Connection, batch: Batch) -> int:
    """Turn a batch's lines into transactions and give how many are new.

    Equal lines of one file are different purchases and are counted; the n-th of them in another file
    is the same purchase again.
    """
    key = {"user_id": batch.user_id, "batch_id": batch.batch_id}
    connection.execute(text("drop table if exists merging"))
    connection.execute(text(_NUMBERED_LINES), key)
    added = int(connection.execute(text(_NEW_TRANSACTIONS)).scalar_one())
    connection.execute(text(_SOURCES))
    return added


_LIST = """
select
    t.transaction_id, coalesce(nullif(a.name, ''), nullif(a.account_ref, ''), 'account') as account,
    t.spent_date, t.booked_date, t.amount_minor, t.currency, t.status, t.description,
    coalesce(d.category_code, p.category_code, 'uncategorised') as category_code,
    case
        when d.category_code is not null then 'user' when p.category_code is not null then 'model' else 'none'
    end as category_origin,
    p.probability
from app.transactions as t
inner join app.accounts as a using (user_id, account_id)
left join app.category_decisions as d using (user_id, transaction_id)
left join ml.category_predictions as p using (user_id, transaction_id)
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
