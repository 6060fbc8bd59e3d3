"""Totals shown in two currencies: countries that join the euro print both for a while, at a fixed rate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from models_ml.receipts.amounts import Amount
from models_ml.receipts.currencies import CHANGEOVERS, mark_of
from models_ml.receipts.evidence import Evidence

#: Below this many cents, two amounts stand at the fixed rate by chance.
_LEAST = 20
Side = Literal["euro", "national"]


@dataclass(frozen=True, slots=True)
class DualTotal:
    """One total in euro and in the currency that the euro replaces (``code``)."""

    code: str
    euro: Amount
    national: Amount

    def side(self, day: date) -> Side:
        """Which of the two was paid on a day."""
        return "euro" if day >= CHANGEOVERS[self.code].day else "national"


def dual_total(read: Evidence, minor: int) -> DualTotal | None:
    """The pair that an amount belongs to; None unless the paper names both currencies."""
    whole = "\n".join(row.text for row in read.rows)
    named = [code for code in CHANGEOVERS if re.search(mark_of(code), whole, re.IGNORECASE)]
    if not named or not re.search(mark_of("EUR"), whole, re.IGNORECASE) or abs(minor) < _LEAST:
        return None
    same = [one for one in read.amounts if abs(one.minor) == minor]
    pairs = [pair for code in named for place in same for pair in _pairs(read, code, place)]
    return max(pairs, key=lambda pair: _strength(read, pair), default=None)


def _pairs(read: Evidence, code: str, place: Amount) -> list[DualTotal]:
    rate, value = CHANGEOVERS[code].per_euro_micro, abs(place.minor)
    found = []
    for other in read.amounts:
        if abs(other.minor) == round(value * 1_000_000 / rate):
            found.append(DualTotal(code, other, place))
        elif value == round(abs(other.minor) * 1_000_000 / rate) or abs(other.minor) == round(
            value * rate / 1_000_000
        ):
            found.append(DualTotal(code, place, other))
    return [pair for pair in found if _is_near(read, pair)]


def _is_near(read: Evidence, pair: DualTotal) -> bool:
    """Whether both stand together, or both are called a total."""
    return abs(pair.euro.row - pair.national.row) <= 1 or _strength(read, pair) == 2  # noqa: PLR2004


def _strength(read: Evidence, pair: DualTotal) -> int:
    return sum(bool(read.label_kinds(one.row) & {"total", "due"}) for one in (pair.euro, pair.national))
