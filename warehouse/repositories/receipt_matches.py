"""Which bank lines paid which receipts, and the purchases that receipts without a line are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import polars as pl
from sqlalchemy import Connection, delete, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from warehouse.errors import ActionableError
from warehouse.tables.app import accounts, purchases
from warehouse.tables.receipts import receipt_matches

#: Days around a receipt in which its bank line is looked for: banks book late, and zones differ.
DAYS_BEFORE, DAYS_AFTER = 3, 16

_RECEIPTS = """
select r.receipt_id, r.merchant, r.spent_date, r.total_minor, r.currency, r.payment, r.card_tail, r.tip_minor
from app.receipts as r
where r.user_id = :user_id and r.status = 'completed'
order by r.spent_date, r.receipt_id
"""
_LINES = """
select
    t.transaction_id::text, t.booked_date, t.spent_date, t.amount_minor, t.currency,
    concat_ws(' ', t.description, t.counterparty) as text, a.account_ref, a.kind as account_kind
from app.transactions as t
inner join app.accounts as a using (user_id, account_id)
where t.user_id = :user_id and t.deleted_at is null and t.status <> 'expired'
    and not exists (
        select from app.receipts as own
        where own.user_id = t.user_id and own.receipt_id = t.transaction_id
    )
    and t.spent_date between :first_day and :last_day
order by t.spent_date, t.transaction_id
"""
# An answer holds for the transaction that its entry is part of today; none when its file was undone.
_ANSWERS = """
select m.receipt_id, t.transaction_id, m.band
from app.receipt_matches as m
left join app.merged_entries as joined on m.user_id = joined.user_id and m.entry_id = joined.entry_id
inner join app.transactions as t
    on m.user_id = t.user_id and t.transaction_id = coalesce(joined.transaction_id, m.entry_id)
        and t.deleted_at is null
where m.user_id = :user_id and m.origin = 'user'
order by m.receipt_id, t.transaction_id
"""
# Facts that no link was looked for yet: matching comes before linking and is due for the same users.
_STALE = """
select v.user_id
from ops.user_versions as v
left join ops.link_versions as l using (user_id)
where l.version is distinct from v.version
    and exists (select from app.receipts as r where r.user_id = v.user_id)
order by v.user_id
"""
_SURPLUS = """
delete from app.purchases as p
using app.receipts as r
where p.user_id = :user_id and r.user_id = p.user_id and p.purchase_id = r.receipt_id
    and p.purchase_id <> all(:kept)
returning p.purchase_id, p.account_id
"""
_CASH = text("""
insert into app.accounts (user_id, account_ref, currency, kind, name)
values (:user_id, 'cash', :currency, 'cash', 'Cash')
on conflict (user_id, account_ref, currency) do nothing
""")
_DECIDE = text("""
insert into app.category_decisions (user_id, transaction_id, category_code)
values (:user_id, :transaction_id, :category_code)
on conflict (user_id, transaction_id) do update
set category_code = excluded.category_code, decided_at = now()
where category_decisions.category_code <> excluded.category_code
""")
# The word is kept by entry: of a merged transaction's entries, any; the transaction itself where it has one.
_ANSWER = text("""
insert into app.receipt_matches (user_id, receipt_id, entry_id, probability, band, origin, reasons)
select r.user_id, r.receipt_id, t.transaction_id, :probability, :band, 'user', '{}'
from app.receipts as r
inner join app.transactions as t using (user_id)
where r.user_id = :user_id and r.receipt_id = :receipt_id and r.status = 'completed'
    and t.transaction_id = :transaction_id and t.deleted_at is null
on conflict (user_id, receipt_id, entry_id) do update
set band = excluded.band, origin = 'user', probability = excluded.probability, decided_at = now()
returning entry_id
""")
_RIVALS = text("""
update app.receipt_matches set band = 'no', decided_at = now()
where user_id = :user_id and band <> 'no'
    and (receipt_id = :receipt_id or entry_id = :transaction_id)
    and (receipt_id, entry_id) <> (:receipt_id, :transaction_id)
""")
_LISTED = text("""
select
    m.receipt_id::text as receipt_id, t.transaction_id::text as transaction_id, m.band, m.origin,
    round(m.probability::numeric, 4)::float8 as probability, r.merchant, r.spent_date as date,
    r.total_minor, r.currency, t.spent_date as line_date, t.amount_minor as line_minor,
    t.currency as line_currency, t.description as line
from app.receipt_matches as m
inner join app.receipts as r using (user_id, receipt_id)
left join app.merged_entries as joined on m.user_id = joined.user_id and m.entry_id = joined.entry_id
inner join app.transactions as t
    on m.user_id = t.user_id and t.transaction_id = coalesce(joined.transaction_id, m.entry_id)
        and t.deleted_at is null
where m.user_id = :user_id and (cast(:band as text) is null or m.band = :band)
order by r.spent_date desc, m.receipt_id, m.probability desc
limit :most
""")


class MatchNotFoundError(ActionableError, LookupError):
    """The user has no such receipt, or no such transaction."""


@dataclass(frozen=True, slots=True)
class PaidReceipt:
    """A receipt whose fields are sure, as matching sees it; money spent is above zero."""

    receipt_id: UUID
    merchant: str
    spent_date: date
    total_minor: int
    currency: str
    payment: str | None
    card_tail: str | None
    tip_minor: int | None


@dataclass(frozen=True, slots=True)
class ReceiptMatch:
    """A receipt and the transaction that paid it, or may have; ``origin`` user stands over the matcher."""

    receipt_id: UUID
    transaction_id: UUID
    probability: float
    band: str
    origin: str
    reasons: dict[str, float]


def stale_users(connection: Connection) -> list[UUID]:
    """Users with receipts whose facts have changed since links were last looked for."""
    return list(connection.execute(text(_STALE)).scalars())


def paid_receipts(connection: Connection, user_id: UUID) -> list[PaidReceipt]:
    """A user's receipts that can be matched, in order of day."""
    return [PaidReceipt(*row) for row in connection.execute(text(_RECEIPTS), {"user_id": user_id})]


def payable_lines(connection: Connection, user_id: UUID, first: date, last: date) -> pl.DataFrame:
    """Transactions of a bank (and of the user's hand) in some days, as models_ml.receipts.matching reads."""
    rows = connection.execute(text(_LINES), {"user_id": user_id, "first_day": first, "last_day": last}).all()
    schema = {
        "transaction_id": pl.String,
        "booked_date": pl.Date,
        "spent_date": pl.Date,
        "amount_minor": pl.Int64,
        "currency": pl.String,
        "text": pl.String,
        "account_ref": pl.String,
        "account_kind": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def answers(connection: Connection, user_id: UUID) -> list[tuple[UUID, UUID, bool]]:
    """What the user said of receipts and today's transactions: receipt, transaction, is it the one."""
    rows = connection.execute(text(_ANSWERS), {"user_id": user_id})
    return [(row[0], row[1], row[2] == "paired") for row in rows]


def list_matches(
    connection: Connection, user_id: UUID, band: str | None = None, most: int = 200
) -> list[dict[str, object]]:
    """Receipts with the lines that paid them or may have, newest first; of one ``band`` if it is given."""
    rows = connection.execute(_LISTED, {"user_id": user_id, "band": band, "most": most})
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - its public name


def answer_match(
    connection: Connection, user_id: UUID, receipt_id: UUID, transaction_id: UUID, *, is_paid: bool
) -> None:
    """Keep the user's word whether a transaction paid a receipt; what is derived of it is settled after.

    A confirmed pair ends all others of the receipt and of the transaction. Raises MatchNotFoundError.
    """
    values = {"user_id": user_id, "receipt_id": receipt_id, "transaction_id": transaction_id}
    if is_paid:
        connection.execute(_RIVALS, values)
    told = {"probability": float(is_paid), "band": "paired" if is_paid else "no"}
    if connection.execute(_ANSWER, values | told).scalar_one_or_none() is None:
        message = (
            f"no read receipt {receipt_id} with a transaction {transaction_id}: "
            "`mita receipts match list` shows what can be confirmed"
        )
        raise MatchNotFoundError(message)


def replace_matches(connection: Connection, user_id: UUID, matches: Sequence[ReceiptMatch]) -> int:
    """Store the matcher's findings in place of its former ones; the user's word stays. Gives what changed."""
    of_matcher = receipt_matches.c.user_id == user_id, receipt_matches.c.origin == "matcher"
    columns = [receipt_matches.c[name] for name in ("receipt_id", "entry_id", "band", "probability")]
    before = {tuple(row) for row in connection.execute(select(*columns).where(*of_matcher))}
    rows = [
        {
            "user_id": user_id,
            "receipt_id": match.receipt_id,
            "entry_id": match.transaction_id,
            "probability": match.probability,
            "band": match.band,
            "origin": "matcher",
            "reasons": match.reasons,
        }
        for match in matches
        if match.origin == "matcher"
    ]
    after = {(row["receipt_id"], row["entry_id"], row["band"], row["probability"]) for row in rows}
    if before == after:
        return 0
    connection.execute(delete(receipt_matches).where(*of_matcher))
    if rows:
        connection.execute(upsert(receipt_matches).on_conflict_do_nothing(), rows)
    return len(before ^ after)


def put_purchases(
    connection: Connection, user_id: UUID, receipts: Iterable[PaidReceipt]
) -> tuple[set[UUID], set[UUID]]:
    """Make these receipts purchases of their own, and take away those of other receipts.

    A purchase has its receipt's id. Gives the purchases that changed and the accounts to settle.
    """
    kept: list[UUID] = []
    changed: set[UUID] = set()
    touched: set[UUID] = set()
    for receipt in receipts:
        kept.append(receipt.receipt_id)
        account_ids = _put_purchase(connection, user_id, receipt)
        touched |= account_ids
        changed |= {receipt.receipt_id} if account_ids else set()
    for row in connection.execute(text(_SURPLUS), {"user_id": user_id, "kept": kept}):
        changed.add(row.purchase_id)
        touched.add(row.account_id)
    return changed, touched


def _put_purchase(connection: Connection, user_id: UUID, receipt: PaidReceipt) -> set[UUID]:
    connection.execute(_CASH, {"user_id": user_id, "currency": receipt.currency})
    account_id = connection.execute(
        select(accounts.c.account_id).where(
            accounts.c.user_id == user_id,
            accounts.c.account_ref == "cash",
            accounts.c.currency == receipt.currency,
        )
    ).scalar_one()
    facts = {
        "account_id": account_id,
        "spent_date": receipt.spent_date,
        "amount_minor": -receipt.total_minor - (receipt.tip_minor or 0),
        "currency": receipt.currency,
        "description": receipt.merchant,
        "merchant": receipt.merchant,
    }
    known = connection.execute(
        select(*(purchases.c[name] for name in facts)).where(
            purchases.c.user_id == user_id, purchases.c.purchase_id == receipt.receipt_id
        )
    ).one_or_none()
    if known is not None and dict(known._mapping) == facts:  # noqa: SLF001 - SQLAlchemy's public name for it
        return set()
    if known is not None:
        connection.execute(
            delete(purchases).where(
                purchases.c.user_id == user_id, purchases.c.purchase_id == receipt.receipt_id
            )
        )
    connection.execute(insert(purchases).values(user_id=user_id, purchase_id=receipt.receipt_id, **facts))
    return {account_id} | ({known.account_id} if known is not None else set())


def decide_category(connection: Connection, user_id: UUID, transaction_id: UUID, category_code: str) -> None:
    """Keep what the user said on a receipt as their word on its transaction."""
    connection.execute(
        _DECIDE,
        {"user_id": user_id, "transaction_id": transaction_id, "category_code": category_code},
    )


def told_categories(connection: Connection, user_id: UUID) -> dict[UUID, str]:
    """The categories that the user gave to receipts."""
    rows = connection.execute(
        text("""
            select receipt_id, value from app.receipt_corrections
            where user_id = :user_id and field = 'category'
        """),
        {"user_id": user_id},
    )
    return {row.receipt_id: row.value for row in rows}


def itemised(connection: Connection, user_id: UUID) -> dict[UUID, list[tuple[int, bool, str | None]]]:
    """The items of receipts that add up: amount, is it a discount, category; by receipt."""
    rows = connection.execute(
        text("""
            select i.receipt_id, i.amount_minor, i.is_discount, i.category_code
            from app.receipt_items as i
            inner join app.receipts as r using (user_id, receipt_id)
            where i.user_id = :user_id and r.status = 'completed'
                and (r.confidence ->> 'items')::float8 >= 0.9
            order by i.receipt_id, i.line_number
        """),
        {"user_id": user_id},
    )
    found: dict[UUID, list[tuple[int, bool, str | None]]] = {}
    for row in rows:
        found.setdefault(row[0], []).append((row[1], row[2], row[3]))
    return found


def amount_of(connection: Connection, user_id: UUID, transaction_id: UUID) -> int | None:
    """What a transaction moved, in minor units; None for one that is not there."""
    amount: int | None = connection.execute(
        text("""
            select amount_minor from app.transactions
            where user_id = :user_id and transaction_id = :transaction_id and deleted_at is null
        """),
        {"user_id": user_id, "transaction_id": transaction_id},
    ).scalar_one_or_none()
    return amount


def list_receipts(connection: Connection, user_id: UUID, ids: Sequence[str]) -> dict[str, dict[str, object]]:
    """Some receipts as people see them, by id, with what they were matched with."""
    rows = connection.execute(
        text("""
            select r.receipt_id::text as receipt_id, r.merchant, r.spent_date as date,
                r.total_minor, r.currency, r.category_code as category, r.duplicate_of::text as duplicate_of,
                case when p.purchase_id is null then m.band else 'own purchase' end as match,
                m.entry_id::text as transaction_id, m.probability, r.reasons
            from app.receipts as r
            left join app.purchases as p on r.user_id = p.user_id and r.receipt_id = p.purchase_id
            left join app.receipt_matches as m
                on r.user_id = m.user_id and r.receipt_id = m.receipt_id and m.band <> 'no'
            where r.user_id = :user_id and r.receipt_id = any(cast(:ids as uuid[]))
        """),
        {"user_id": user_id, "ids": list(ids)},
    )
    return {str(row.receipt_id): dict(row._mapping) for row in rows}  # noqa: SLF001 - its public name
