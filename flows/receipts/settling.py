"""What was read becomes a purchase or finds its bank line, and the plan follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl

from flows.orchestration import DATABASE_RETRIES, publish_table, task
from flows.tasks.identity import settle_accounts
from models_ml.receipts.matching import (
    DAYS_AFTER,
    DAYS_BEFORE,
    Answer,
    DayRates,
    LineFact,
    Match,
    ReceiptFact,
    matches,
    split_amounts,
)
from warehouse.engine import open_warehouse
from warehouse.repositories import identity, rates, receipt_matches, splits
from warehouse.repositories.receipt_matches import PaidReceipt, ReceiptMatch

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from warehouse.settings import Settings

_RATES_BEFORE = timedelta(days=12)
#: The note on parts that a receipt's items gave; a split with another note is the user's own.
_NOTE = "receipt "


@dataclass(frozen=True, slots=True)
class Settled:
    """What settling a user's receipts did."""

    paired: int
    suggested: int
    own: int


@task(name="match receipts", **DATABASE_RETRIES)
def match_receipts(settings: Settings) -> int:
    """Look for the lines of receipts of all users whose facts have changed; gives how many users."""
    with open_warehouse(settings) as warehouse:
        with warehouse.transaction() as connection:
            users = receipt_matches.stale_users(connection)
        for user_id in users:
            with warehouse.locked(f"receipts:{user_id}"), warehouse.transaction() as connection:
                settle_receipts(connection, user_id)
    publish_table("receipts", [{"users": len(users)}], "Users whose receipts were matched")
    return len(users)


def settle_receipts(connection: Connection, user_id: UUID) -> Settled:
    """Match all receipts of a user, and make purchases of those that no line paid.

    A pure function of receipts, transactions and the user's word: again, it changes nothing.
    """
    paid = receipt_matches.paid_receipts(connection, user_id)
    found = _matched(connection, user_id, paid)
    receipt_matches.replace_matches(connection, user_id, [_stored(match) for match in found])
    counted = {match.receipt_id for match in found}
    own = [receipt for receipt in paid if str(receipt.receipt_id) not in counted]
    changed, touched = receipt_matches.put_purchases(connection, user_id, own)
    if touched:
        identity.want_entries(connection, user_id, changed)
        settle_accounts(connection, user_id, touched)
    paired = {UUID(match.receipt_id): UUID(match.transaction_id) for match in found if match.band == "paired"}
    transactions = paired | {receipt.receipt_id: receipt.receipt_id for receipt in own}
    _keep_categories(connection, user_id, transactions)
    _split(connection, user_id, transactions)
    return Settled(len(paired), len(found) - len(paired), len(own))


def _matched(connection: Connection, user_id: UUID, paid: Sequence[PaidReceipt]) -> list[Match]:
    if not paid:
        return []
    days = [receipt.spent_date for receipt in paid]
    first, last = min(days) - timedelta(days=DAYS_BEFORE), max(days) + timedelta(days=DAYS_AFTER)
    lines = receipt_matches.payable_lines(connection, user_id, first, last)
    facts = [
        ReceiptFact(
            str(one.receipt_id),
            one.spent_date,
            one.total_minor,
            one.currency,
            one.merchant,
            one.payment or "",
            one.card_tail or "",
            one.tip_minor or 0,
        )
        for one in paid
    ]
    answers = [
        Answer(str(one), str(other), told)
        for one, other, told in receipt_matches.answers(connection, user_id)
    ]
    currencies = {one.currency for one in paid} | set(lines["currency"])
    return matches(facts, _lines(lines), _rates(connection, currencies, first), answers)


def _lines(frame: pl.DataFrame) -> list[LineFact]:
    return [
        LineFact(
            row["transaction_id"],
            row["booked_date"],
            row["spent_date"],
            row["amount_minor"],
            row["currency"],
            row["text"] or "",
            row["account_ref"],
            row["account_kind"],
        )
        for row in frame.iter_rows(named=True)
    ]


def _rates(connection: Connection, currencies: set[str], first: date) -> DayRates:
    """The rates that matching needs; none for somebody with one currency."""
    found: dict[str, list[tuple[date, float]]] = {}
    if len(currencies) > 1:
        frame = rates.rates_for_matching(connection, first - _RATES_BEFORE, sorted(currencies))
        for currency, day, per_euro in frame.iter_rows():
            found.setdefault(currency, []).append((day, per_euro))
    return DayRates(found)


def _stored(match: Match) -> ReceiptMatch:
    origin = "user" if "user" in match.reasons else "matcher"
    return ReceiptMatch(
        UUID(match.receipt_id),
        UUID(match.transaction_id),
        match.probability,
        match.band,
        origin,
        dict(match.reasons),
    )


def _keep_categories(connection: Connection, user_id: UUID, transactions: dict[UUID, UUID]) -> None:
    """What the user said of a receipt is their word on its transaction."""
    for receipt_id, category in receipt_matches.told_categories(connection, user_id).items():
        if receipt_id in transactions:
            receipt_matches.decide_category(connection, user_id, transactions[receipt_id], category)


def _split(connection: Connection, user_id: UUID, transactions: dict[UUID, UUID]) -> None:
    """Give transactions the parts that their receipts' items make, unless the user split them otherwise."""
    for receipt_id, items in receipt_matches.itemised(connection, user_id).items():
        transaction_id = transactions.get(receipt_id)
        known = [(minor, discount, code) for minor, discount, code in items if code]
        if transaction_id is None or len(known) < len(items):
            continue
        before = splits.list_split(connection, user_id, transaction_id)
        if any(not part.note.startswith(_NOTE) for part in before):
            continue
        paid = receipt_matches.amount_of(connection, user_id, transaction_id)
        parts = split_amounts(known, paid) if paid is not None else []
        lines = [splits.SplitLine(code, minor, f"{_NOTE}{receipt_id}") for code, minor in parts]
        wanted = lines if len(lines) > 1 else []
        if wanted != before:
            splits.split_transaction(connection, user_id, transaction_id, wanted)
