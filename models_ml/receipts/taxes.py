"""The tax of a receipt: from a table of rates that makes the total, else from the rows that name it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

from models_ml.receipts.amounts import Amount, boxes_of
from models_ml.receipts.evidence import Evidence
from models_ml.receipts.layout import Box
from models_ml.receipts.totals import ROUNDING_MINOR, amounts_labelled

#: Tax shares of the world's sales taxes, as parts of a thousand of the net amount.
_SHARES = range(15, 280)
_RATE = re.compile(r"(?<![\d.,])(\d{1,2})(?:[.,](\d{1,3}))?\s?%")
#: A table's heading stands so many rows above its rates at most, and so many rates a till knows.
_HEADING, _MOST_RATES = 5, 5
_THREE = 3


@dataclass(frozen=True, slots=True)
class Tax:
    """Tax in minor units; ``is_proven`` when net and tax make the total or a printed rate gives it.

    ``is_included`` says whether the items' prices hold it already; None where nothing tells.
    """

    minor: int
    box: Box
    is_proven: bool
    is_included: bool | None = None


@dataclass(frozen=True, slots=True)
class _Rate:
    """One rate of a table: what it was charged on, with it, and where the tax stands; all signed alike."""

    gross: int
    tax: Amount


def tax_of(read: Evidence, total: int) -> Tax | None:
    """The tax within the total, or on top of it; None when the receipt names none."""
    table = _of_table(read, total)
    if table:
        minor, place = sum(one.minor for one in table), table[-1]
        return Tax(
            minor, boxes_of(table), is_proven=True, is_included=_is_included(read, place, total, minor)
        )
    labelled = [one for one in _tax_amounts(read) if 0 <= one.minor < max(total, 1)]
    for tax in sorted(labelled, key=lambda one: -one.minor):
        net = total - tax.minor
        nets = [one for one in read.amounts if abs(one.minor - net) <= ROUNDING_MINOR]
        if tax.minor and nets and _is_share(tax.minor, net):
            return Tax(
                tax.minor, tax.box, is_proven=True, is_included=_is_included(read, tax, total, tax.minor)
            )
    if not labelled:
        return None
    best = labelled[-1]
    return Tax(best.minor, best.box, is_proven=False, is_included=_is_included(read, best, total, best.minor))


def _of_table(read: Evidence, total: int) -> list[Amount]:
    """The taxes of the rates whose gross amounts make the total; empty where no table does."""
    rows = [rates for row in sorted(read.by_row) if (rates := list(_rates(read, row)))]
    for size in range(1, _MOST_RATES + 1):
        for start in range(len(rows) - size + 1):
            for chosen in product(*rows[start : start + size]):
                if total and abs(sum(one.gross for one in chosen) - total) <= ROUNDING_MINOR:
                    return [one.tax for one in chosen]
    return []


def _rates(read: Evidence, row: int) -> Iterator[_Rate]:
    """The ways in which a row of a tax table can be read: net, tax and gross, or two of them and a rate."""
    found = [one for one in read.by_row[row] if not one.is_percent]
    if not _speaks_of_tax(read, row):
        return
    for parts in combinations(found, _THREE):
        tax, net, gross = sorted(parts, key=lambda one: abs(one.minor))
        if abs(net.minor + tax.minor - gross.minor) <= 1 and _is_share(abs(tax.minor), abs(net.minor)):
            yield _Rate(gross.minor, tax)
    share = _share(read.rows[row].text)
    if share is None or len(found) != _THREE - 1:
        return
    tax, other = sorted(found, key=lambda one: abs(one.minor))
    if abs(other.minor * share - tax.minor * 1000) <= 1000:  # noqa: PLR2004 - rounded to a minor unit
        yield _Rate(other.minor + tax.minor, tax)
    if abs(other.minor * share - tax.minor * (1000 + share)) <= 1000 + share:
        yield _Rate(other.minor, tax)


def _share(text: str) -> int | None:
    """A printed rate in thousandths."""
    match = _RATE.search(text)
    return int(match[1]) * 10 + int((match[2] or "0")[0]) if match else None


def _speaks_of_tax(read: Evidence, row: int) -> bool:
    return any("tax" in read.kinds[at] for at in range(max(row - _HEADING, 0), row + 1))


def _is_included(read: Evidence, place: Amount, total: int, minor: int) -> bool | None:
    """Whether the items' prices hold a tax, by the words beside it, then by what is printed above it."""
    kinds = read.label_kinds(place.row)
    if "included" in kinds:
        return True
    subtotals = {one.minor for one in amounts_labelled(read, "subtotal") if one.row <= place.row}
    if any(abs(base + minor - total) <= ROUNDING_MINOR for base in subtotals):
        return False
    totals = [one.row for one in read.amounts if abs(one.minor) == total]
    return True if totals and totals[0] < place.row else None


def _tax_amounts(read: Evidence) -> list[Amount]:
    """Amounts in rows that speak of tax, and in the rows of a tax table."""
    found = []
    for row, amounts in read.by_row.items():
        kinds = read.label_kinds(row)
        if ("tax" in kinds and not kinds & {"excluded", "due"}) or (
            row
            and any(
                "tax" in read.kinds[above] and above not in read.by_row
                for above in range(max(row - 3, 0), row)
            )
        ):
            found += amounts
    return [one for one in found if not one.is_percent]


def _is_share(tax: int, net: int) -> bool:
    return net > 0 and round(tax * 1000 / net) in _SHARES
