"""The best candidate of each field, and what its confidence rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from models_ml.receipts import days, merchants, totals
from models_ml.receipts.dates import Order
from models_ml.receipts.days import DateCandidate
from models_ml.receipts.evidence import Evidence
from models_ml.receipts.merchants import MerchantCandidate
from models_ml.receipts.totals import TotalCandidate

Floats = npt.NDArray[np.float64]
T = TypeVar("T", TotalCandidate, DateCandidate, MerchantCandidate)
#: Proofs by the receipt's own arithmetic.
PROVING = frozenset(
    {"cash_less_change", "tendered", "subtotal_and_tax", "items", "sum_of_parts", "rounded_from"}
)


@dataclass(frozen=True)
class Candidates:
    """All candidates of one receipt."""

    total: Sequence[TotalCandidate]
    date: Sequence[DateCandidate]
    merchant: Sequence[MerchantCandidate]

    def matrix(self, field: str) -> npt.NDArray[np.float32]:
        """Candidates x features of one field."""
        if field == "total":
            return totals.matrix(self.total)
        if field == "date":
            return days.matrix(list(self.date))
        return merchants.matrix(list(self.merchant))


@dataclass(frozen=True)
class Choice(Generic[T]):
    """The best candidate with the signals that its confidence is computed from."""

    best: T
    signals: Floats


def candidates_of(read: Evidence, order: Order, latest_day: date = date.max) -> Candidates:
    """Candidates of all fields; no date lies after ``latest_day``."""
    return Candidates(
        totals.total_candidates(read),
        days.date_candidates(read, order, latest_day),
        merchants.merchant_candidates(read),
    )


def choose(candidates: Sequence[T], logits: Floats) -> Choice[T]:
    """The candidate of the highest score; ``candidates`` must not be empty."""
    order = np.argsort(-logits, kind="stable")
    best: T = candidates[int(order[0])]
    second = float(logits[order[1]]) if len(order) > 1 else -6.0
    first = float(logits[order[0]])
    signals = [np.clip(first, -6, 6), np.clip(first - second, 0, 8), *_own_signals(best)]
    return Choice(best, np.array(signals, dtype=np.float64))


def _own_signals(best: TotalCandidate | DateCandidate | MerchantCandidate) -> list[float]:
    """Reading certainty, and how often the receipt says the same thing again."""
    match best:
        case TotalCandidate():
            sure = max(place.confidence for place in best.places)
            return [
                sure,
                min(len(best.places), 3),
                float(len(best.proofs & PROVING)),
                float("is_part" in best.proofs),
            ]
        case DateCandidate():
            return [best.features[days.FEATURES.index("confidence")], min(len(best.places), 3)]
        case MerchantCandidate():
            return [best.features[merchants.FEATURES.index("confidence")]]
