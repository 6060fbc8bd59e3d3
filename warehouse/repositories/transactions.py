"""Transactions as people see them: one row per real event, category included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Connection, text

#: Rows that are fetched at a time.
FETCHED_ROWS = 5000


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
    category_reason: str
    counterparty: str | None
    account_id: UUID


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """Which transactions are meant; what is empty lets all through."""

    since: date | None = None  # the first day
    until: date | None = None  # the day after the last
    account: str = ""  # an account's id, number or name
    category: str = ""
    search: str = ""  # a part of the description or the counterparty, in any case


@dataclass(frozen=True, slots=True)
class ExportedAccount:
    """An account with the days of the transactions that are meant."""

    account_id: UUID
    account_ref: str
    currency: str
    kind: str
    institution: str
    first_date: date
    last_date: date
    balance_minor: int  # the last that a statement says, else the sum of the transactions
    balance_date: date


_FROM = """
from app.transactions as t
inner join app.accounts as a using (user_id, account_id)
inner join app.standing_categories as s using (user_id, transaction_id)
where t.user_id = :user_id and t.deleted_at is null
    and (cast(:since as date) is null or t.spent_date >= :since)
    and (cast(:until as date) is null or t.spent_date < :until)
    and (:account = '' or :account in (a.account_id::text, a.account_ref, a.name, a.given_name))
    and (:category = '' or :category = s.category_code)
    and (
        :search = ''
        or position(lower(:search) in lower(concat_ws(' ', t.description, t.counterparty))) > 0
    )
"""
_LIST = f"""
select
    t.transaction_id,
    coalesce(a.given_name, nullif(a.name, ''), nullif(a.account_ref, ''), 'account') as account,
    t.spent_date, t.booked_date, t.amount_minor, t.currency, t.status, t.description,
    s.category_code, s.category_origin, s.category_probability, s.category_reason, t.counterparty,
    t.account_id
{_FROM}
"""
_LATEST_FIRST = "order by t.spent_date desc, t.transaction_id limit :limit"
_BY_ACCOUNT = """
order by array_position(cast(:accounts as uuid[]), t.account_id), t.booked_date, t.transaction_id
"""
_ACCOUNTS = f"""
select
    meant.account_id, meant.account_ref, meant.currency, meant.kind, meant.institution, meant.first_date,
    meant.last_date, coalesce(stated.closing_balance_minor, meant.total)::bigint as balance_minor,
    coalesce(stated.last_date, meant.last_date) as balance_date
from (
    select
        a.account_id, a.account_ref, a.currency, a.kind, a.institution, min(t.booked_date) as first_date,
        max(t.booked_date) as last_date, sum(t.amount_minor) as total
    {_FROM}
        and t.status = 'posted'
    group by a.account_id, a.account_ref, a.currency, a.kind, a.institution
) as meant
left join lateral (
    select said.closing_balance_minor, said.last_date
    from app.described_accounts as said
    inner join raw.import_batches as batch using (user_id, batch_id)
    where said.user_id = :user_id and said.account_id = meant.account_id and batch.status = 'loaded'
        and said.closing_balance_minor is not null and said.last_date is not null
    order by said.last_date desc, said.batch_id desc
    limit 1
) as stated on true
order by meant.account_id
"""  # noqa: S608 - our own words


def list_transactions(
    connection: Connection,
    user_id: UUID,
    wanted: TransactionFilter = TransactionFilter(),
    *,
    limit: int | None = None,
) -> Iterator[Transaction]:
    """A user's transactions, the latest first; rows come as they are asked for."""
    return _stream(connection, _LIST + _LATEST_FIRST, user_id, wanted, limit=limit)


def list_by_account(
    connection: Connection, user_id: UUID, wanted: TransactionFilter, accounts: Sequence[UUID]
) -> Iterator[Transaction]:
    """The same account by account in the order of ``accounts``, each account's earliest first."""
    return _stream(connection, _LIST + _BY_ACCOUNT, user_id, wanted, accounts=list(accounts))


def exported_accounts(
    connection: Connection, user_id: UUID, wanted: TransactionFilter
) -> list[ExportedAccount]:
    """The accounts that have posted transactions among those that are meant."""
    rows = connection.execute(text(_ACCOUNTS), {"user_id": user_id, **asdict(wanted)})
    return [ExportedAccount(**row) for row in rows.mappings()]


def _stream(
    connection: Connection, query: str, user_id: UUID, wanted: TransactionFilter, **values: object
) -> Iterator[Transaction]:
    rows = connection.execution_options(stream_results=True, yield_per=FETCHED_ROWS).execute(
        text(query), {"user_id": user_id, **asdict(wanted), **values}
    )
    return (Transaction(*row) for row in rows)
