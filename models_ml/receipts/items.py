"""The bought lines of a receipt: names, quantities, weights, unit prices and discounts that add up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from models_ml.receipts.amounts import Amount
from models_ml.receipts.evidence import COLUMN_SHARE, Evidence, has_words
from models_ml.receipts.layout import Box
from models_ml.receipts.totals import ROUNDING_MINOR, amounts_labelled

_SUMS = frozenset(
    {"total", "due", "subtotal", "cash", "change", "rounding", "count", "summary", "card", "group"}
)
_NO_ITEM = frozenset({"contact", "registration", "tax"})
_TIMES = "[xX×*@]"
_PIECES = r"(?:Stk|Stck|Stück|St|pcs?|ea|бр)\b\.?"
_MONEY = r"(?:€|\bEUR[O0]?\b|\bRM\b|\$|£|\bлв\b\.?)"
_COUNT = re.compile(rf"(?<![\d.,])(\d{{1,3}})(?:[.,]0{{1,3}}(?=\s?{_TIMES}))?(?![\d.,])")
#: "2 x Latte" and "2 Latte": pieces of which no price for one is printed.
_TIMES_NAME = re.compile(rf"^\s*(\d{{1,2}})\s?{_TIMES}\s+(?=[^\W\d]{{3}})")
_COUNT_NAME = re.compile(r"^\s*(\d{1,2})\s+(?=[^\W\d]{3})")
#: What is weighed: thousandths, or a number with its unit beside it.
_WEIGHT = re.compile(
    r"(?<![\d.,])(\d{1,3})[.,](?:(\d{3})(?!\d)|(\d{2})(?=\s?(?:kg|кг|l|m|lb)\b))", re.IGNORECASE
)
_UNIT = re.compile(r"(?<![^\W\d_])(kg|кг|l|m|lb)\b", re.IGNORECASE)
#: Words that say how often, of what and for how much, and name nothing.
_MEASURING = re.compile(
    rf"{_PIECES}|{_MONEY}|(?<![^\W\d_])(?:kg|кг|je|à|per|each|unit|qty)\b|/\s?\w{{1,3}}\b|(?<!\w){_TIMES}(?!\w)",
    re.IGNORECASE,
)
_NUMBER = r"\d{1,5}[.,]\d{2,3}"
_TAIL = re.compile(
    rf"(?:\s|^)(?:{_MONEY}?\s?{_NUMBER}(?:\s?/\s?\w{{1,3}})?|{_TIMES}\s?\d{{1,3}}|\d{{1,3}}\s?(?:{_PIECES}\s?)?{_TIMES}|{_TIMES}|{_MONEY}|{_PIECES})$",
    re.IGNORECASE,
)
#: What is left of a row beside its amounts where it counts a unit, with the letter of a tax at its end.
_UNIT_ROW = re.compile(r"^\W*\d{0,3}\W*[^\W\d]{2,4}[\W\d]*(?:SR|ZRL?|[A-Z])?\W*$")
_HEADING = frozenset({"address", "contact", "date", "document", "registration"})
_CODE = re.compile(r"(?<!\w)\d{5,14}(?!\w)")
_ORNAMENT = re.compile(r"^[\s#.,:;=\-_*]+|[\s#.,:;=\-_*]+$")
_TAX_LETTER = re.compile(r"(?<!\d)\s+(?:[A-ZА-Я*]|SR|ZRL?|TX|T\d)$")


@dataclass(frozen=True, slots=True)
class Measure:
    """How much was weighed: thousandths of a unit (kg, l, m, lb), and minor units for one of it."""

    thousandths: int
    unit: str
    unit_minor: int


@dataclass(frozen=True, slots=True)
class Item:
    """A line that was bought; ``minor`` is what it adds to the total, below zero for a discount."""

    name: str
    quantity: int
    unit_minor: int
    minor: int
    box: Box
    is_discount: bool = False
    measure: Measure | None = None

    @property
    def bought(self) -> tuple[Decimal, str | None, int]:
        """How much, of which unit (None for pieces), and the price of one in minor units."""
        if self.measure is None:
            return Decimal(self.quantity), None, self.unit_minor
        return Decimal(self.measure.thousandths).scaleb(-3), self.measure.unit, self.measure.unit_minor


@dataclass(frozen=True, slots=True)
class ItemList:
    """The items, and whether they make the total."""

    items: tuple[Item, ...]
    is_proven: bool


@dataclass
class _Line:
    """A row that adds to the sum, with the rows beside it that may say how often and of what."""

    row: int
    price: Amount
    named_by: int  # the row that holds the name
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)


def items_of(read: Evidence, total: int) -> ItemList:
    """The bought lines above the sums; proven when they come to the subtotal or the total.

    Where several rows could end them, the first at which they add up does: "SD-KARTE 49,99" is an item.
    """
    ends = _ends(read)
    edge = _edge(read, ends[0])
    lines = _lines(read, edge)
    counted = sum(bool(_COUNT_NAME.match(read.rows[line.named_by].text)) for line in lines)
    used: set[int] = set()
    items = [_item(read, line, edge, used, has_counts=2 * counted > len(lines)) for line in lines]
    until = [sum(line.row < row for line in lines) for row in ends]
    wanted = _wanted(read, total)
    proven = next((end for end in until if end and sum(item.minor for item in items[:end]) in wanted), None)
    return ItemList(tuple(items[: until[0] if proven is None else proven]), is_proven=proven is not None)


def _ends(read: Evidence) -> list[int]:
    """Rows below the first amount that speak of a sum."""
    sums = [
        row
        for row in sorted(read.by_row)[1:]
        if read.kinds[row] & _SUMS and "discount" not in read.kinds[row]
    ]
    return sums or [len(read.rows)]


def _edge(read: Evidence, end: int) -> float:
    """From where on an amount stands in the items' column: letters of taxes may part it from the sums'."""
    rights = sorted(found[-1].right for row, found in read.by_row.items() if row < end)
    last = rights[int(len(rights) * 0.85)] if rights else read.right_edge
    return min(last, read.right_edge) - COLUMN_SHARE * read.layout.width


def _wanted(read: Evidence, total: int) -> frozenset[int]:
    """What items may come to: the total or a subtotal, the total less what is charged on top of it."""
    extra = {one.minor for kind in ("tax", "service", "tip") for one in amounts_labelled(read, kind)}
    sums = {total, *(one.minor for one in amounts_labelled(read, "subtotal"))}
    sums |= {total - more for more in extra if 0 < more < total / 2}
    around = range(-ROUNDING_MINOR, ROUNDING_MINOR + 1)
    return frozenset(whole + cents for whole in sums if whole > ROUNDING_MINOR for cents in around)


def _lines(read: Evidence, edge: float) -> list[_Line]:
    """Rows with a price in the rightmost column; a row of counts alone speaks of the line beside it."""
    lines: list[_Line] = []
    waiting: int | None = None  # a row of words whose price stands below it
    loose: list[int] = []
    for row in range(len(read.rows)):
        price = _price(read, row, edge)
        named = has_words(_name(read, row, edge))
        if price is None or (not named and waiting is None and _only_counts(read, row, edge)):
            if named and row not in read.by_row:
                waiting, loose = row, []
            elif not named:
                loose.append(row)
                if lines and waiting is None:
                    lines[-1].below.append(row)
            continue
        if read.kinds[row] & _NO_ITEM and "discount" not in read.kinds[row]:
            continue
        is_named = named and not (waiting == row - 1 and _counts_a_unit(read, row))
        name_row = row if is_named or waiting is None else waiting
        lines.append(_Line(row, price, name_row, above=loose))
        waiting, loose = None, []
    return lines


def _price(read: Evidence, row: int, edge: float) -> Amount | None:
    found = [one for one in read.by_row.get(row, ()) if not one.is_percent]
    return found[-1] if found and found[-1].right >= edge else None


def _only_counts(read: Evidence, row: int, edge: float) -> bool:
    """Whether a row without a name says "3 x 0,59" or "0,512 kg x 1,99" of the line above or below it."""
    unit, text = read.by_row[row][-1].minor, read.rows[row].text
    beside = [_price(read, at, edge) for at in (row - 1, row + 1) if 0 <= at < len(read.rows)]
    thousandths = [1000 * count for count in _counts(text)] + _weights(text)
    return any(_costs(much, unit, price.minor) for much in thousandths for price in beside if price)


def _counts_a_unit(read: Evidence, row: int) -> bool:
    """Whether a row below a name says "5 PKT  10.00  50.00": a count, a unit and prices."""
    about = read.kinds[row - 1] & (_SUMS | _HEADING)
    return not about and len(read.by_row[row]) > 1 and bool(_UNIT_ROW.match(read.labels[row]))


def _item(read: Evidence, line: _Line, edge: float, used: set[int], *, has_counts: bool) -> Item:
    minor = line.price.minor
    own = [line.row] if line.named_by == line.row else [line.named_by, line.row]
    quantity, unit, measure = 1, minor, None
    for rows in (own, own + line.above, own + line.below):
        if used.intersection(rows) or (quantity > 1 or measure):
            continue
        quantity, unit = _quantity(read, rows, line.price)
        measure = None if quantity > 1 else _measure(read, rows, line.price)
        used.update(set(rows) - set(own) if quantity > 1 or measure else ())
    if quantity == 1 and not measure:
        quantity, unit = _told(read.rows[line.named_by].text, minor, has_counts=has_counts)
    is_discount = "discount" in read.kinds[line.row] or minor < 0
    signed = -abs(minor) if is_discount else minor
    name = _name(read, line.named_by, edge, quantity if quantity > 1 or has_counts else 0)
    box = read.rows[line.row].box()
    return Item(name or "?", quantity, unit if quantity > 1 else signed, signed, box, is_discount, measure)


def _quantity(read: Evidence, rows: Iterable[int], price: Amount) -> tuple[int, int]:
    """Quantity and unit price in these rows that make the line's amount; (1, amount) where nothing does."""
    units = _units(read, rows, price)
    counts = [count for row in rows for count in _counts(read.rows[row].text)]
    made = ((count, unit) for count in counts for unit in units if count > 1 and count * unit == price.minor)
    return next(made, (1, price.minor))


def _measure(read: Evidence, rows: Iterable[int], price: Amount) -> Measure | None:
    """The weight and its price in these rows that make the line's amount."""
    texts = [read.rows[row].text for row in rows]
    units = [unit for unit in _units(read, rows, price) if unit != price.minor]
    named = [word[1].lower() for text in texts for word in _UNIT.finditer(text)]
    made = (
        Measure(much, named[0] if named else "kg", unit)
        for text in texts
        for much in _weights(text)
        for unit in units
        if much and _costs(much, unit, price.minor)
    )
    return next(made, None)


def _units(read: Evidence, rows: Iterable[int], price: Amount) -> list[int]:
    return [one.minor for row in rows for one in read.by_row.get(row, ()) if one is not price]


def _counts(text: str) -> Iterator[int]:
    return (int(found) for found in _COUNT.findall(text))


def _weights(text: str) -> list[int]:
    """Thousandths of what a text may say was weighed."""
    return [int(one[1]) * 1000 + int(one[2] or int(one[3]) * 10) for one in _WEIGHT.finditer(text)]


def _costs(thousandths: int, unit_minor: int, minor: int) -> bool:
    """Whether so much at this price makes an amount, rounded to a minor unit."""
    return abs(thousandths * unit_minor - minor * 1000) < 1000  # noqa: PLR2004


def _told(text: str, minor: int, *, has_counts: bool) -> tuple[int, int]:
    """What "2 x Latte" says, or "2 Latte" where most lines begin with a count."""
    match = _TIMES_NAME.match(text) or (_COUNT_NAME.match(text) if has_counts else None)
    count = int(match[1]) if match else 1
    return (count, minor // count) if count > 1 and minor % count == 0 else (1, minor)


def _name(read: Evidence, row: int, edge: float, quantity: int = 0) -> str:
    """A row's words without codes, price, counts (``quantity``, unless 0) and letters of taxes."""
    text = read.rows[row].text
    found = [one for one in read.by_row.get(row, ()) if one.right >= edge]
    name = _CODE.sub(" ", text[: found[-1].start] if found else text).strip()
    while (shorter := _TAIL.sub("", name)) != name:
        name = shorter.strip()
        if quantity:
            name = re.sub(rf"\s{quantity}$", "", name)
    name = re.sub(rf"^\d{{1,3}}\s?{_TIMES}\s+", "", name)
    name = re.sub(rf"^(?:1|{quantity})\s+(?=[^\W\d]{{3}}|[^\W\d]-)", "", name)
    name = _ORNAMENT.sub("", _TAX_LETTER.sub("", re.sub(r"\s+", " ", name)))
    return name if has_words(_MEASURING.sub(" ", name)) else ""
