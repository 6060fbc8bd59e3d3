"""Which bank line paid which receipt: amount, day, merchant and card weighed together, one to one.

Every pair of a receipt and a line that could have paid it gets log-odds from a logistic regression. A
receipt's lines are then rivals of each other and of "none of them" (the posterior is a softmax over all), and
the pairs are chosen together so that the whole is the most probable. Lines that nothing tells apart (same
account, day, amount and text: two equal coffees) are no rivals: either is right.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models_ml.links.assignment import assigned
from warehouse.money import allocate, exponent

WEIGHTS_FILE = Path(__file__).parent / "artifact" / "matching.json"
#: From here on a pair stands; from SUGGESTED on the user is asked.
PAIRED, SUGGESTED = 0.9, 0.2
#: Days between receipt and line, before and after.
DAYS_BEFORE, DAYS_AFTER = 3, 16
#: Shares of the total by which a line may exceed it (tip), fall short (part paid otherwise), or differ when
#: another currency's rate of the day gives it (the bank's own rate and fee).
MOST_TIP, LEAST_PART, RATE_SPREAD = 0.35, 0.2, 0.06
_LIKE = 100.0
#: Nearly every smaller amount could be a part: only of a shop whose name is there.
_PART_LIKENESS = 0.75
#: A chain's first word within a bank's text is nearly its name; so long it must be to mean one.
_FIRST_WORD, _LONG_WORD = 0.9, 4
_CARD_IN_TEXT = re.compile(r"[*xX\u2022]{2,}\s?\d{4}(?!\d)")
_FOUR_DIGITS = re.compile(r"(?<!\d)\d{4}(?!\d)")

FEATURES = (
    "bias",
    "same_amount",
    "tip",
    "tip_is_round",
    "part",
    "foreign",
    "rate_deviation",
    "unlike",
    "alike",
    "no_name",
    "days_off",
    "day_before",
    "late",
    "same_day",
    "card_same",
    "card_other",
    "cash",
)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ReceiptFact:
    """A receipt as matching sees it; money spent is above zero, in minor units of ``currency``."""

    receipt_id: str
    day: date
    total_minor: int
    currency: str
    merchant: str
    payment: str = ""
    card_tail: str = ""
    tip_minor: int = 0


@dataclass(frozen=True, slots=True)
class LineFact:
    """A bank's line; ``amount_minor`` is signed as on the account (money spent below zero)."""

    transaction_id: str
    booked: date
    spent: date
    amount_minor: int
    currency: str
    text: str
    account_ref: str = ""
    account_kind: str = ""

    @property
    def alike(self) -> tuple[object, ...]:
        """What lines have in common that nobody can tell apart."""
        return self.account_ref, self.booked, self.spent, self.amount_minor, self.currency, self.text


@dataclass(frozen=True, slots=True)
class Match:
    """A receipt and the line that paid it (``paired``) or may have (``suggested``)."""

    receipt_id: str
    transaction_id: str
    probability: float
    band: str
    reasons: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Answer:
    """The user's word: this line paid this receipt, or did not."""

    receipt_id: str
    transaction_id: str
    is_match: bool


@dataclass(frozen=True, slots=True)
class MatchModel:
    """Weights of the log-odds by feature, and the logistic curve over what the assignment chose."""

    weights: Mapping[str, float]
    slope: float
    offset: float
    version: str

    def log_odds(self, features: Floats) -> Floats:
        """One row a pair, columns as FEATURES."""
        odds: Floats = features @ np.array([self.weights[name] for name in FEATURES])
        return odds

    def calibrated(self, probability: float) -> float:
        """What share of pairs chosen with this posterior is right."""
        share = min(max(probability, 1e-9), 1 - 1e-9)
        logit = self.slope * np.log(share / (1 - share)) + self.offset
        return float(1 / (1 + np.exp(-logit)))


@cache
def shipped() -> MatchModel:
    """The model in the package."""
    value = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    return MatchModel(value["weights"], value["slope"], value["offset"], value["version"])


class DayRates:
    """Rates by currency: units for one euro on the last published day on or before a day."""

    def __init__(self, rates: Mapping[str, Sequence[tuple[date, float]]], most_days: int = 10) -> None:
        self._rates = {currency: sorted(days) for currency, days in rates.items()}
        self._most_days = most_days

    def converted(self, amount: float, currency: str, into: str, day: date) -> float | None:
        """An amount in another currency, both in major units; None without a rate of that day."""
        origin, target = self._rate(currency, day), self._rate(into, day)
        return amount / origin * target if origin and target else None

    def _rate(self, currency: str, day: date) -> float | None:
        if currency == "EUR":
            return 1.0
        days = self._rates.get(currency, [])
        place = bisect_right(days, (day, float("inf"))) - 1
        if place < 0 or (day - days[place][0]).days > self._most_days:
            return None
        return days[place][1]


@dataclass(frozen=True, slots=True)
class Pair:
    """A receipt and a line that could have paid it, by their places, with the features."""

    receipt: int
    line: int
    features: tuple[float, ...]


def matches(
    receipts: Sequence[ReceiptFact],
    lines: Sequence[LineFact],
    rates: DayRates,
    answers: Sequence[Answer] = (),
    model: MatchModel | None = None,
) -> list[Match]:
    """The likeliest line of each receipt, one to one, with what the user said first of all.

    Pure, and the order of what is given decides nothing.
    """
    used = model or shipped()
    receipts = sorted(receipts, key=lambda one: (one.day, one.total_minor, one.receipt_id))
    lines = sorted(lines, key=lambda one: (one.spent, one.booked, one.amount_minor, one.transaction_id))
    told, refused = _told(receipts, lines, answers)
    taken = {one.transaction_id for one in told}
    open_ = [one for one in receipts if one.receipt_id not in {match.receipt_id for match in told}]
    free = [one for one in lines if one.transaction_id not in taken]
    found = pairs(open_, free, rates)
    found = [
        pair
        for pair in found
        if (open_[pair.receipt].receipt_id, free[pair.line].transaction_id) not in refused
    ]
    return told + _chosen(open_, free, found, used)


def _told(
    receipts: Sequence[ReceiptFact], lines: Sequence[LineFact], answers: Sequence[Answer]
) -> tuple[list[Match], set[tuple[str, str]]]:
    """What the user confirmed, and the pairs that they refused."""
    known = {one.receipt_id for one in receipts}
    listed = {one.transaction_id for one in lines}
    told = [
        Match(one.receipt_id, one.transaction_id, 1.0, "paired", {"user": 1.0})
        for one in answers
        if one.is_match and one.receipt_id in known and one.transaction_id in listed
    ]
    return told, {(one.receipt_id, one.transaction_id) for one in answers if not one.is_match}


def _chosen(
    receipts: Sequence[ReceiptFact], lines: Sequence[LineFact], found: Sequence[Pair], model: MatchModel
) -> list[Match]:
    if not found:
        return []
    odds = model.log_odds(np.array([pair.features for pair in found]))
    shares = posteriors([pair.receipt for pair in found], [lines[pair.line].alike for pair in found], odds)
    left = np.array([pair.receipt for pair in found], dtype=np.int64)
    right = np.array([pair.line for pair in found], dtype=np.int64)
    logits = np.log(np.clip(shares, 1e-9, 1 - 1e-9) / np.clip(1 - shares, 1e-9, 1))
    kept = assigned(left, right, logits - np.log(SUGGESTED / 2 / (1 - SUGGESTED / 2)))
    chosen = []
    for pair, share, is_kept in zip(found, shares, kept, strict=True):
        sure = round(model.calibrated(float(share)), 4)
        if is_kept and sure >= SUGGESTED:
            reasons = {
                name: round(value, 4)
                for name, value in zip(FEATURES, pair.features, strict=True)
                if value and name != "bias"
            }
            chosen.append(
                Match(
                    receipts[pair.receipt].receipt_id,
                    lines[pair.line].transaction_id,
                    sure,
                    "paired" if sure >= PAIRED else "suggested",
                    reasons,
                )
            )
    return chosen


def posteriors(receipts: Sequence[int], alike: Sequence[tuple[object, ...]], odds: Floats) -> Floats:
    """The probability of every pair against its receipt's other lines and against none of them."""
    rivals: dict[int, dict[tuple[object, ...], float]] = {}
    for receipt, group, odd in zip(receipts, alike, odds, strict=True):
        rivals.setdefault(receipt, {})[group] = float(odd)
    sums = {
        receipt: np.logaddexp.reduce(np.array([0.0, *group.values()])) for receipt, group in rivals.items()
    }
    shares: Floats = np.exp(odds - np.array([sums[receipt] for receipt in receipts]))
    return shares


def pairs(receipts: Sequence[ReceiptFact], lines: Sequence[LineFact], rates: DayRates) -> list[Pair]:
    """Every receipt with every line that could have paid it."""
    by_day: dict[int, list[int]] = {}
    for place, line in enumerate(lines):
        for day in {line.spent.toordinal(), line.booked.toordinal()}:
            by_day.setdefault(day, []).append(place)
    names = plain_names([*(one.merchant for one in receipts), *(one.text for one in lines)])
    found = []
    for number, receipt in enumerate(receipts):
        day = receipt.day.toordinal()
        near = {
            place for at in range(day - DAYS_BEFORE, day + DAYS_AFTER + 1) for place in by_day.get(at, ())
        }
        for place in sorted(near):
            features = features_of(receipt, lines[place], rates, names)
            if features is not None:
                found.append(Pair(number, place, features))
    return found


def features_of(
    receipt: ReceiptFact, line: LineFact, rates: DayRates, names: Mapping[str, str]
) -> tuple[float, ...] | None:
    """What speaks for and against a line having paid a receipt; None when it cannot have."""
    amount = _amount_features(receipt, line, rates)
    if amount is None:
        return None
    likeness = likeness_of(names[receipt.merchant], names[line.text])
    if "part" in amount and (likeness or 0.0) < _PART_LIKENESS:
        return None
    gap = min((line.spent - receipt.day).days, (line.booked - receipt.day).days, key=abs)
    values = {"bias": 1.0, **amount, **_name_features(likeness), **_day_features(gap)}
    values |= _payment_features(receipt, line)
    return tuple(values.get(name, 0.0) for name in FEATURES)


def _amount_features(receipt: ReceiptFact, line: LineFact, rates: DayRates) -> dict[str, float] | None:
    total, paid = receipt.total_minor + receipt.tip_minor, -line.amount_minor
    if total == 0 or (total > 0) != (paid > 0):
        return None
    total, paid = abs(total), abs(paid)
    if receipt.currency != line.currency:
        return _foreign_features(receipt, line, rates)
    if total == paid:
        return {"same_amount": 1.0}
    share = (paid - total) / total
    if 0 < share <= MOST_TIP:
        is_round = paid % 50 == 0 or round(share * 200) == share * 200
        return {"tip": 1.0, "tip_is_round": float(is_round)}
    if -1 + LEAST_PART <= share < 0:
        return {"part": 1.0}
    return None


def _foreign_features(receipt: ReceiptFact, line: LineFact, rates: DayRates) -> dict[str, float] | None:
    total = (receipt.total_minor + receipt.tip_minor) / 10 ** exponent(receipt.currency)
    paid = -line.amount_minor / 10 ** exponent(line.currency)
    expected = rates.converted(total, receipt.currency, line.currency, receipt.day)
    if not expected:
        return None
    off = abs(paid / expected - 1)
    return {"foreign": 1.0, "rate_deviation": min(off / RATE_SPREAD, 1.0)} if off <= RATE_SPREAD else None


def _name_features(likeness: float | None) -> dict[str, float]:
    if likeness is None:
        return {"no_name": 1.0}
    return {"unlike": max(0.6 - likeness, 0.0) / 0.6, "alike": max(likeness - 0.6, 0.0) / 0.4}


def _day_features(gap: int) -> dict[str, float]:
    return {
        "same_day": float(gap == 0),
        "days_off": min(abs(gap), 5) / 5 if gap > 0 else 0.0,
        "day_before": min(-gap, 3) / 3 if gap < 0 else 0.0,
        "late": max(gap - 5, 0) / (DAYS_AFTER - 5),
    }


def _payment_features(receipt: ReceiptFact, line: LineFact) -> dict[str, float]:
    is_cash = receipt.payment == "cash" and line.account_kind != "cash"
    tail = "".join(filter(str.isdigit, line.account_ref))[-4:] if line.account_kind == "card" else ""
    if not receipt.card_tail:
        return {"cash": float(is_cash)}
    if receipt.card_tail == tail or receipt.card_tail in _FOUR_DIGITS.findall(line.text):
        return {"card_same": 1.0, "cash": float(is_cash)}
    is_other = bool(tail) or bool(_CARD_IN_TEXT.search(line.text))
    return {"card_other": float(is_other), "cash": float(is_cash)}


def likeness_of(merchant: str, text: str) -> float | None:
    """How much of a merchant's name a bank's text holds, 0 to 1, both as ``plain_names`` writes them.

    None when either says nothing.
    """
    from rapidfuzz import fuzz  # noqa: PLC0415

    if not merchant or not text:
        return None
    squeezed = fuzz.partial_ratio(merchant.replace(" ", ""), text.replace(" ", ""))
    words = fuzz.partial_token_sort_ratio(merchant, text)
    shared = _LIKE if _first_word(merchant) in text.split() else 0.0
    return max(squeezed, words, shared * _FIRST_WORD) / _LIKE


def _first_word(name: str) -> str:
    """The word by which a shop is called, when it is long enough to mean one."""
    first = name.partition(" ")[0]
    return first if len(first) >= _LONG_WORD else " "


def plain_names(texts: Collection[str]) -> dict[str, str]:
    """Each text as the Latin words that name a shop: no numbers, cards, days, legal forms."""
    import polars as pl  # noqa: PLC0415

    from models_ml.categorizer.clean import clean_descriptors, romanised  # noqa: PLC0415

    ordered = list(dict.fromkeys(texts))
    cleaned = romanised(clean_descriptors(pl.Series(ordered, dtype=pl.String)))
    return dict(zip(ordered, (text or "" for text in cleaned), strict=True))


def split_amounts(items: Sequence[tuple[int, bool, str]], paid: int) -> list[tuple[str, int]]:
    """What of a paid amount fell to each category, the greatest part first; the parts sum to it exactly.

    ``items`` are (amount, is it a discount, category); discounts, tips and rounding are shared out over all
    items by largest remainder. ``paid`` gives the parts their sign.
    """
    sums: dict[str, int] = {}
    for minor, is_discount, category in items:
        if not is_discount and minor > 0:
            sums[category] = sums.get(category, 0) + minor
    if not sums:
        return []
    parts = zip(sums, allocate(paid, list(sums.values())), strict=True)
    return sorted(((name, part) for name, part in parts if part), key=lambda part: (-abs(part[1]), part[0]))
