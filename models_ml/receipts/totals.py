"""Which of a receipt's amounts is the one that was paid: candidates and what speaks for each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models_ml.receipts.amounts import Amount
from models_ml.receipts.evidence import Evidence

KINDS = (
    "total",
    "due",
    "subtotal",
    "tax",
    "excluded",
    "included",
    "summary",
    "cash",
    "card",
    "change",
    "rounding",
    "discount",
    "saved",
    "count",
    "service",
    "tip",
    "group",
)
#: Cash is rounded to five cents or less in the countries that round.
ROUNDING_MINOR = 4
_NO_PLAIN_TOTAL = frozenset(
    {"subtotal", "excluded", "count", "saved", "discount", "rounding", "summary", "cash", "change"}
)
#: No sales tax is more than this share of what is paid.
_MOST_TAX = 0.3
_COIN = 5  # the smallest coin where cash is rounded
_PROOFS = (
    "cash_less_change",
    "subtotal_and_tax",
    "items",
    "rounded_from",
    "rounds_to",
    "net_and_tax",
    "prefix_sum",
    "sum_of_parts",
    "tendered",
    "is_part",
)
FEATURES = (
    *(f"same_{kind}" for kind in KINDS),
    *(f"above_{kind}" for kind in KINDS),
    *_PROOFS,
    "occurrences",
    "in_column",
    "last_position",
    "first_position",
    "height",
    "is_max",
    "rank",
    "share_of_max",
    "after_first_total",
    "rows_after_total",
    "has_mark",
    "is_percent",
    "is_negative",
    "confidence",
    "after_cash",
    "before_change",
    "amounts",
    "total_alone",
    "guessed",
    "words_in_row",
    "amounts_in_row",
)


@dataclass(frozen=True)
class TotalCandidate:
    """One distinct value of the receipt with the places where it stands."""

    minor: int
    places: tuple[Amount, ...]
    features: tuple[float, ...]
    proofs: frozenset[str]


def total_candidates(read: Evidence) -> list[TotalCandidate]:
    """Every distinct value that could be the total; none where the receipt shows no amount."""
    values: dict[int, list[Amount]] = {}
    for amount in read.amounts:
        if not amount.is_percent:
            values.setdefault(abs(amount.minor), []).append(amount)
    ranked = sorted(values, reverse=True)
    labelled = _labelled(read)
    parts = _parts(read)
    sums = _item_sums(read)
    tendered = _tendered(read)
    anchors = _anchors(read)
    result = []
    for rank, minor in enumerate(ranked):
        places = values[minor]
        proofs = _proofs(minor, values, labelled, sums) | _proofs_of_parts(minor, parts)
        if minor in tendered:
            proofs.add("tendered")
        features = _features(read, places, proofs, anchors)
        features |= {"rank": min(rank, 10), "is_max": rank == 0, "amounts": len(ranked)}
        features["share_of_max"] = minor / max(ranked[0], 1)
        vector = tuple(float(features.get(name, 0.0)) for name in FEATURES)
        result.append(TotalCandidate(minor, tuple(places), vector, frozenset(proofs)))
    return result


def matrix(candidates: Iterable[TotalCandidate]) -> npt.NDArray[np.float32]:
    """Candidates x features."""
    rows = [candidate.features for candidate in candidates]
    return np.array(rows, dtype=np.float32).reshape(len(rows), len(FEATURES))


def amounts_labelled(read: Evidence, kind: str) -> list[Amount]:
    """The last amount of every row whose label holds a kind of word."""
    return [found[-1] for row, found in read.by_row.items() if kind in read.label_kinds(row)]


def _labelled(read: Evidence) -> dict[str, set[int]]:
    return {kind: {abs(one.minor) for one in amounts_labelled(read, kind)} for kind in KINDS}


def _tendered(read: Evidence) -> set[int]:
    """Values followed by a larger one and by their difference: paid and change, whatever they are called."""
    last = [read.by_row[row][-1].minor for row in sorted(read.by_row)]
    return {
        value
        for place, value in enumerate(last)
        for paid_at in range(place + 1, min(place + 4, len(last)))
        if last[paid_at] > value > 0 and last[paid_at] - value in last[paid_at + 1 : paid_at + 3]
    }


def _parts(read: Evidence) -> dict[str, set[int]]:
    """Signed amounts of the rows that a total is made of, and those that are called a total."""
    wholes, adders = set(), set()
    for row, found in read.by_row.items():
        kinds = read.label_kinds(row)
        if kinds & {"total", "due"}:
            wholes.add(found[-1].minor)
        if kinds & {"total", "subtotal", "group", "tax", "service", "rounding", "discount", "excluded"}:
            adders.add(found[-1].minor)
    return {"wholes": wholes, "adders": adders}


def _proofs_of_parts(minor: int, parts: dict[str, set[int]]) -> set[str]:
    """Whether two printed parts make this value, or this value and a part make a printed total."""
    adders = parts["adders"] - {0}
    proofs = set()
    if minor in {a + b for a in adders for b in adders if a < b and minor not in {a, b}}:
        proofs.add("sum_of_parts")
    if any(minor + part in parts["wholes"] for part in adders - {minor}):
        proofs.add("is_part")
    return proofs


def _anchors(read: Evidence) -> dict[str, int]:
    """First rows of total, cash and change."""
    anchors = {}
    for kind in ("total", "cash", "change"):
        rows = [row for row in sorted(read.by_row) if kind in read.label_kinds(row)]
        anchors[kind] = rows[0] if rows else -1
    return anchors


def _item_sums(read: Evidence) -> set[int]:
    """Running sums of the rightmost column down to each row: where items end, one is their total."""
    sums: set[int] = set()
    running = count = 0
    for row in sorted(read.by_row):
        last = read.by_row[row][-1]
        if not read.in_column(last) or last.is_percent:
            continue
        running += last.minor
        count += 1
        if count > 1:
            sums.add(running)
    return sums


def _proofs(
    minor: int, values: dict[int, list[Amount]], labelled: dict[str, set[int]], sums: set[int]
) -> set[str]:
    if minor == 0:
        return set()
    proofs = set()
    paid = labelled["cash"] | labelled["card"]
    if any(cash - change == minor for cash in paid for change in labelled["change"] if change):
        proofs.add("cash_less_change")
    taxes = {tax for tax in labelled["tax"] | labelled["service"] if 0 < tax < minor * _MOST_TAX}
    if any(abs(base + tax - minor) <= ROUNDING_MINOR for base in labelled["subtotal"] for tax in taxes):
        proofs.add("subtotal_and_tax")
    if any(minor - tax in values for tax in taxes):
        proofs.add("net_and_tax")
    if minor in sums:
        proofs.add("prefix_sum")
    if any(abs(total - minor) <= ROUNDING_MINOR for total in sums):
        proofs.add("items")
    near = {value for value in values if 0 < abs(value - minor) <= ROUNDING_MINOR}
    if minor % _COIN == 0 and near:
        proofs.add("rounded_from")
    if minor % _COIN and any(value % _COIN == 0 for value in near):
        proofs.add("rounds_to")
    return proofs


def _features(
    read: Evidence, places: list[Amount], proofs: set[str], anchors: dict[str, int]
) -> dict[str, float]:
    features: dict[str, float] = {name: float(name in proofs) for name in _PROOFS}
    for amount in places:
        above = read.kinds[amount.row - 1] if amount.row else frozenset()
        for kind in KINDS:
            features[f"same_{kind}"] = features.get(f"same_{kind}", 0.0) + (
                kind in read.label_kinds(amount.row)
            )
            features[f"above_{kind}"] = features.get(f"above_{kind}", 0.0) + (kind in above)
    alone = [one for one in places if _is_plain_total(read, one)]
    best = max(places, key=lambda one: (one in alone, "total" in read.label_kinds(one.row), one.row))
    first = anchors["total"]
    return features | {
        "occurrences": len(places),
        "in_column": max(float(read.in_column(one)) for one in places),
        "last_position": max(read.position(one.row) for one in places),
        "first_position": min(read.position(one.row) for one in places),
        "height": max(one.height for one in places) / read.layout.height,
        "after_first_total": float(first >= 0 and any(one.row >= first for one in places)),
        "rows_after_total": float(min(max(best.row - first, -5), 15)) if first >= 0 else -9.0,
        "has_mark": max(float(one.has_mark) for one in places),
        "is_percent": 0.0,
        "is_negative": float(any(one.minor < 0 for one in places)),
        "confidence": max(one.confidence for one in places),
        "after_cash": float(0 <= anchors["cash"] < best.row),
        "before_change": float(anchors["change"] > best.row),
        "total_alone": float(len(alone)),
        "guessed": float(all(one.guessed for one in places)),
        "words_in_row": float(min(len(read.labels[best.row].split()), 8)),
        "amounts_in_row": float(len(read.by_row[best.row])),
    }


def _is_plain_total(read: Evidence, amount: Amount) -> bool:
    kinds = read.label_kinds(amount.row)
    contrary = _NO_PLAIN_TOTAL if "included" in kinds else _NO_PLAIN_TOTAL | {"tax"}
    return bool(kinds & {"total", "due"}) and not kinds & contrary and len(read.by_row[amount.row]) == 1
