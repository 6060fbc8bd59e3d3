"""Receipts of simulated people's purchases, as a reader would give them: no picture, all its mistakes.

For measuring how receipts are matched to bank lines: tips that the bank line has and the receipt has not,
foreign currencies, parts paid by voucher, twins of a day, names that banks write otherwise, receipts
whose line is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq  # type: ignore[import-untyped]

#: Shares of the receipts, or of those that can be so.
KEPT, MISREAD, REWORDED, RENAMED, WRONG_DAY = 0.35, 0.12, 0.3, 0.05, 0.01
VOUCHER, TIP, CARD_SHOWN, PAYMENT_SHOWN, NO_LINE, NEAR_MISS = 0.02, 0.3, 0.5, 0.7, 0.1, 0.03
_TIPPED = frozenset({"restaurants", "bars_alcohol", "taxi"})
_FORMS = ("GmbH", "Ltd", "EOOD", "SARL", "Sp. z o.o.", "Inc.", "Filiale 12", "Store 4711", "- Zentrum")
_OTHER_NAMES = ("Orion Retail", "Karamfil 98", "Blue River Trading", "MK Gastro", "Delta Handel", "Sol y Mar")
_MISREADINGS = {"o": "0", "l": "1", "e": "c", "i": "l", "m": "rn", "a": "o", "s": "5", "u": "v"}


@dataclass(frozen=True, slots=True)
class PaidReceiptTruth:
    """A receipt and the event that paid it, None when no line of the person's accounts did."""

    user: str
    receipt_id: str
    event_id: str | None
    difficulty: str
    day: date
    total_minor: int
    currency: str
    merchant: str
    payment: str
    card_tail: str


def paid_receipts(truth: Path, seed: int) -> Iterator[PaidReceiptTruth]:
    """Receipts for a share of the purchases in a generated bank's ``truth`` folder."""
    columns = [
        *("event_id", "user", "account", "spent_date", "amount_minor", "currency", "merchant", "category"),
        *("kind", "twin_of", "hold", "pending_amount_minor", "original_currency", "original_amount_minor"),
        *("posted", "description"),
    ]
    tails = {
        row["account"]: "".join(filter(str.isdigit, row["account_ref"]))[-4:]
        for row in pq.read_table(truth / "accounts.parquet").to_pylist()
        if row["kind"] == "card"
    }
    events = pq.read_table(truth / "events.parquet", columns=columns).to_pylist()
    twins = {event["twin_of"] for event in events if event["twin_of"]}
    for event in events:
        if event["kind"] != "purchase" or event["amount_minor"] >= 0 or not event["posted"]:
            continue
        random = Random(f"receipt-{seed}-{event['event_id']}")  # noqa: S311 - for simulation
        is_hard = event["event_id"] in twins or event["twin_of"] or event["original_currency"]
        if random.random() < (1.0 if is_hard else KEPT):
            yield from _receipts(event, tails, random, is_twin=event["event_id"] in twins)


def _receipts(
    event: dict[str, Any], tails: dict[str, str], random: Random, *, is_twin: bool
) -> Iterator[PaidReceiptTruth]:
    total, currency, difficulty = _amount(event, random)
    if event["twin_of"] or is_twin:
        difficulty = "same-day twin"
    day = event["spent_date"]
    if random.random() < WRONG_DAY:
        day += timedelta(days=random.choice([-1, 1, 2]))
        difficulty = "another day read"
    name, is_renamed = _name(event["merchant"], random)
    if is_renamed and difficulty == "plain":
        difficulty = "another name"
    tail = tails.get(event["account"], "") if random.random() < CARD_SHOWN else ""
    payment = "card" if tail or random.random() < PAYMENT_SHOWN else ""
    made = PaidReceiptTruth(
        event["user"],
        f"r-{event['event_id']}",
        event["event_id"],
        difficulty,
        day,
        total,
        currency,
        name,
        payment,
        tail,
    )
    yield made
    if random.random() < NO_LINE:
        yield _without_line(made, random)


def _amount(event: dict[str, Any], random: Random) -> tuple[int, str, str]:
    """What the paper says was due, which is not always what the bank took."""
    paid = -event["amount_minor"]
    if event["original_currency"]:
        return abs(event["original_amount_minor"]), event["original_currency"], "foreign currency"
    if event["hold"] == "tip":
        return -event["pending_amount_minor"], event["currency"], "tip"
    if event["category"] in _TIPPED and random.random() < TIP:
        before = round(paid / (1 + random.choice([0.05, 0.1, 0.12, 0.15, 0.18, 0.2])))
        return before, event["currency"], "tip"
    if random.random() < VOUCHER:
        return paid + random.choice([500, 1000, 2000]), event["currency"], "part paid otherwise"
    return paid, event["currency"], "plain"


def _name(merchant: str, random: Random) -> tuple[str, bool]:
    name = merchant
    if random.random() < RENAMED:
        return f"{random.choice(_OTHER_NAMES)} {random.choice(_FORMS)}", True
    if random.random() < REWORDED:
        name = f"{name} {random.choice(_FORMS)}"
    if random.random() < MISREAD:
        place = random.randrange(len(name))
        name = name[:place] + _MISREADINGS.get(name[place].casefold(), "") + name[place + 1 :]
    return name.upper() if random.random() < 0.5 else name, False  # noqa: PLR2004


def _without_line(like: PaidReceiptTruth, random: Random) -> PaidReceiptTruth:
    """A receipt that was paid in cash, or from an account that is not here: about the same days and sums."""
    is_near = random.random() < NEAR_MISS / NO_LINE
    factor = 1.0 if is_near else random.uniform(0.3, 2.5)
    return PaidReceiptTruth(
        like.user,
        f"{like.receipt_id}-x",
        None,
        "no line, same sum" if is_near else "no line",
        like.day + timedelta(days=random.choice([-3, -2, 1, 2, 3])),
        max(1, round(like.total_minor * factor)),
        like.currency,
        random.choice(_OTHER_NAMES) if is_near or random.random() < 0.5 else like.merchant,  # noqa: PLR2004
        "cash" if random.random() < 0.6 else "",  # noqa: PLR2004
        "",
    )
