"""What else a receipt says once its total is known: items, tax, how it was paid."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from models_ml.receipts.amounts import Amount
from models_ml.receipts.evidence import Evidence, has_words
from models_ml.receipts.layout import Box
from models_ml.receipts.totals import ROUNDING_MINOR, amounts_labelled

_QUANTITY_TIMES = re.compile(r"(?<![\d.,])(\d{1,3})(?:[.,]0{1,3})?\s?(?:[xX×*@]|Stk|St\b|бр)")
_QUANTITY_FIRST = re.compile(r"^\s*(\d{1,3})\s+(?=\D)")
_CARD_TAIL = re.compile(r"(?:[*xX•#]{2,}[\s\-]*)+(\d{4})(?!\d)")
_ORNAMENT = re.compile(r"^[\s*#.,:;=\-_]+|[\s*#.,:;=\-_]+$")
_CODE = re.compile(r"(?<!\w)\d{5,14}(?!\w)")
_TAX_LETTER = re.compile(r"\s+(?:[A-ZА-Я*]|SR|ZRL?|ZR|TX|T\d)$")
_SUMS = frozenset(
    {"total", "due", "subtotal", "cash", "change", "rounding", "count", "summary", "card", "group"}
)
#: No till rounds by more: half of the smallest coin of the countries that round by ten.
MOST_ROUNDING_MINOR = 50
#: Tax shares of the world's sales taxes, as parts of a thousand of the net amount.
_TAX_SHARES = range(15, 280)


@dataclass(frozen=True, slots=True)
class Item:
    """A line that was bought; ``minor`` is what it adds to the total, below zero for a discount."""

    name: str
    quantity: int
    unit_minor: int
    minor: int
    box: Box
    is_discount: bool = False


@dataclass(frozen=True, slots=True)
class ItemList:
    """The items, and whether they make the total."""

    items: tuple[Item, ...]
    is_proven: bool


@dataclass(frozen=True, slots=True)
class Tax:
    """Tax in minor units; ``is_proven`` when net and tax make the total or a printed rate gives it.

    ``is_included`` says whether the items' prices hold it already; None where nothing tells.
    """

    minor: int
    box: Box
    is_proven: bool
    is_included: bool | None = None


def items_of(read: Evidence, total: int) -> ItemList:
    """The bought lines above the sums; proven when they come to the subtotal or the total."""
    end = _first_sum(read)
    items: list[Item] = []
    name_above = ""
    for row in range(end):
        found = [one for one in read.by_row.get(row, []) if not one.is_percent]
        label = _name(read.labels[row])
        if not found or not read.in_column(found[-1]):
            name_above = label if has_words(label) and not found else name_above
            continue
        if read.kinds[row] & {"contact", "registration", "tax"} and "discount" not in read.kinds[row]:
            continue
        items.append(_item(read, row, found, label if has_words(label) else name_above))
        name_above = ""
    return ItemList(tuple(items), _is_proven(read, items, total))


def tax_of(read: Evidence, total: int) -> Tax | None:
    """The tax within the total, or on top of it; None when the receipt names none."""
    labelled = [one for one in _tax_amounts(read) if 0 <= one.minor < max(total, 1)]
    for tax in sorted(labelled, key=lambda one: -one.minor):
        net = total - tax.minor
        nets = [one for one in read.amounts if abs(one.minor - net) <= ROUNDING_MINOR]
        if tax.minor and nets and _is_share(tax.minor, net):
            return Tax(tax.minor, tax.box, is_proven=True, is_included=_is_included(read, tax, total))
    if not labelled:
        return None
    best = labelled[-1]
    return Tax(best.minor, best.box, is_proven=False, is_included=_is_included(read, best, total))


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


def _is_included(read: Evidence, tax: Amount, total: int) -> bool | None:
    """Whether the items' prices hold a tax, by the words beside it, then by what is printed above it."""
    kinds = read.label_kinds(tax.row)
    if "included" in kinds:
        return True
    subtotals = {one.minor for one in amounts_labelled(read, "subtotal") if one.row <= tax.row}
    if any(abs(base + tax.minor - total) <= ROUNDING_MINOR for base in subtotals):
        return False
    totals = [one.row for one in read.amounts if abs(one.minor) == total]
    return True if totals and totals[0] < tax.row else None


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
    for row in read.rows:
        match = _CARD_TAIL.search(row.text)
        if match:
            return match.group(1)
    return ""


def _first_sum(read: Evidence) -> int:
    for row in sorted(read.by_row):
        if read.kinds[row] & _SUMS and "discount" not in read.kinds[row] and _has_item_before(read, row):
            return row
    return len(read.rows)


def _has_item_before(read: Evidence, row: int) -> bool:
    return any(before < row for before in read.by_row)


def _item(read: Evidence, row: int, found: list[Amount], name: str) -> Item:
    minor = found[-1].minor
    quantity, unit = _quantity(read.rows[row].text, [one.minor for one in found[:-1]], minor)
    if quantity == 1 and row + 1 < len(read.rows) and not has_words(_name(read.labels[row + 1])):
        below = [one.minor for one in read.by_row.get(row + 1, [])]
        quantity, unit = _quantity(read.rows[row + 1].text, below, minor)
    is_discount = "discount" in read.kinds[row] or minor < 0
    signed = -abs(minor) if is_discount else minor
    return Item(
        name or "?", quantity, unit if quantity > 1 else signed, signed, read.rows[row].box(), is_discount
    )


def _quantity(text: str, others: list[int], minor: int) -> tuple[int, int]:
    """Quantity and unit price that make the line's amount; (1, amount) where nothing does."""
    counts = [int(found) for found in _QUANTITY_TIMES.findall(text) + _QUANTITY_FIRST.findall(text)]
    counts += [int(found) for found in re.findall(r"(?<![\d.,])(\d{1,3})(?![\d.,])", text)]
    for count in counts:
        for unit in others:
            if count > 1 and count * unit == minor:
                return count, unit
    return 1, minor


def _is_proven(read: Evidence, items: list[Item], total: int) -> bool:
    whole = sum(item.minor for item in items)
    if not items:
        return False
    wanted = {total} | {one.minor for one in amounts_labelled(read, "subtotal")}
    if any(abs(whole - value) <= ROUNDING_MINOR for value in wanted if value):
        return True
    extra = {one.minor for kind in ("tax", "service", "tip") for one in amounts_labelled(read, kind)}
    return any(abs(whole + value - total) <= ROUNDING_MINOR for value in extra)


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
    return net > 0 and round(tax * 1000 / net) in _TAX_SHARES


def _name(label: str) -> str:
    name = _CODE.sub(" ", label)
    name = _QUANTITY_TIMES.sub(" ", name)
    name = re.sub(r"\s+", " ", _TAX_LETTER.sub("", name.strip()))
    return _ORNAMENT.sub("", name)
