"""What else a receipt says once its total is known: tip, discount, rounding, how it was paid."""

from __future__ import annotations

import re
from dataclasses import replace

from models_ml.receipts.amounts import Amount
from models_ml.receipts.evidence import Evidence
from models_ml.receipts.totals import ROUNDING_MINOR, amounts_labelled

_CARD_TAIL = re.compile(r"(?:[*xX•#]{2,}[\s\-]*)+(\d{4})(?!\d)")
#: No till rounds by more: half of the smallest coin of the countries that round by ten.
MOST_ROUNDING_MINOR = 50


def tip_of(read: Evidence, total: int) -> Amount | None:
    """The tip that the total holds: a printed amount and the tip make it. A blank or proposed tip is none."""
    taxes = {one.minor for one in amounts_labelled(read, "tax")} | {0}
    bases = {one.minor + tax for one in read.amounts for tax in taxes}
    given = [one for one in amounts_labelled(read, "tip") if 0 < one.minor < total]
    return next((one for one in given if total - one.minor in bases and _stands_alone(read, one)), None)


def discount_of(read: Evidence, total: int) -> Amount | None:
    """The discount between the sum of the items and the total, as a negative amount; None if unproven."""
    for one in amounts_labelled(read, "discount"):
        less = -abs(one.minor)
        if less and _leads_to(read, total, less):
            return replace(one, minor=less)
    return None


def rounding_of(read: Evidence, total: int) -> Amount | None:
    """The cents by which cash was rounded, signed; None where no row of rounding makes the total."""
    bases = {one.minor for one in read.amounts}
    for one in amounts_labelled(read, "rounding"):
        for signed in (one.minor, -one.minor):
            if 0 < abs(signed) <= MOST_ROUNDING_MINOR and total - signed in bases:
                return replace(one, minor=signed)
    return None


def _leads_to(read: Evidence, total: int, part: int) -> bool:
    """Whether a printed sum and this part make the total, with taxes and the like or without."""
    sums = {one.minor for kind in ("subtotal", "total") for one in amounts_labelled(read, kind)}
    extra = {one.minor for kind in ("tax", "service", "tip") for one in amounts_labelled(read, kind)} | {0}
    return any(abs(whole + part + more - total) <= ROUNDING_MINOR for whole in sums for more in extra)


def _stands_alone(read: Evidence, amount: Amount) -> bool:
    """Whether a row holds one amount and no share: tips are proposed as "18%  5.40  35.40"."""
    found = read.by_row[amount.row]
    return len(found) == 1 and "%" not in read.rows[amount.row].text


def payment_of(read: Evidence, total: int) -> str:
    """How it was paid: cash, card, or empty where nothing tells."""
    card = [one for one in amounts_labelled(read, "card") if abs(one.minor) == total]
    cash = [one for one in amounts_labelled(read, "cash") if one.minor >= total > 0]
    if card:
        return "card"
    if cash:
        return "cash"
    kinds = frozenset().union(*read.kinds) if read.kinds else frozenset()
    return "card" if "card" in kinds and "change" not in kinds else ""


def card_tail_of(read: Evidence) -> str:
    """The last four digits of a masked card number."""
    for number, row in enumerate(read.rows):
        match = _CARD_TAIL.search(row.text)
        near = read.kinds[number] | (read.kinds[number - 1] if number else frozenset())
        if match and "loyalty" not in near:
            return match.group(1)
    return ""
