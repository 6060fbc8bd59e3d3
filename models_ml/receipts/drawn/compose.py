"""Compose a receipt as a till prints it: rows of cells on a grid of characters, and its truth."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

LOCALES_FILE = Path(__file__).parent / "locales.toml"
_FIRST_DAY = date(2014, 1, 1)
_DAYS = 365 * 13
_JUNK = (
    "A0{k}",
    "(P) POS{n}",
    "POSTED",
    "*** REPRINT ***",
    "{z}",
    "Thank you",
    "No. {k}",
    "PAID",
    "copy",
    "-{n}-",
    "PCL XL error",
    "{n}%",
    "Welcome to",
    "Page {n}",
)
_NOTES = (100, 500, 1000, 2000, 5000, 10000)


@dataclass(frozen=True, slots=True)
class Cell:
    """A text that starts at a column of the grid."""

    text: str
    column: float


@dataclass(frozen=True, slots=True)
class PrintRow:
    """Cells side by side; scale is the size of its letters, gap the empty rows above it."""

    cells: tuple[Cell, ...]
    scale: float = 1.0
    gap: float = 0.0


@dataclass(frozen=True, slots=True)
class TrueItem:
    """A line that was bought; ``minor`` is what it adds to the total."""

    name: str
    quantity: int
    unit_minor: int
    minor: int


@dataclass(frozen=True, slots=True)
class Truth:
    """What a drawn receipt says."""

    merchant: str
    moment: datetime
    currency: str
    locale: str
    total_minor: int
    tax_minor: int
    payment: str
    items: tuple[TrueItem, ...]


@dataclass(frozen=True, slots=True)
class DrawnReceipt:
    """Rows to print on paper of ``columns`` characters, and the truth about them."""

    rows: tuple[PrintRow, ...]
    columns: int
    truth: Truth


@cache
def locales() -> dict[str, dict[str, Any]]:
    """Words and habits of tills by locale."""
    return tomllib.loads(LOCALES_FILE.read_text(encoding="utf-8"))


def compose(random: Random, locale: str) -> DrawnReceipt:
    """A receipt of a locale: the same state of ``random`` gives the same receipt."""
    till = _Till(random, locale, locales()[locale], random.randint(32, 48))
    return till.print_receipt()


@dataclass
class _Till:
    random: Random
    locale: str
    words: dict[str, Any]
    columns: int
    rows: list[PrintRow] = field(default_factory=list)

    def print_receipt(self) -> DrawnReceipt:
        self.money_form = self.random.choice(self.words["money"])
        self.item_form = "{n}" if self._chance(0.7) else self.money_form
        self.moment = datetime.combine(
            _FIRST_DAY + timedelta(days=self.random.randrange(_DAYS)), datetime.min.time()
        ) + timedelta(minutes=self.random.randrange(8 * 60, 22 * 60), seconds=self.random.randrange(60))
        self.date_form = self.random.choice(self.words["dates"])
        merchant = self._head()
        at_top = self._chance(0.6)
        if at_top:
            self._meta()
        items = self._items()
        sums = self._sums(items)
        if not at_top or self._chance(0.15):
            self._meta()
        self._foot()
        truth = Truth(
            merchant, self.moment, self.words["currency"], self.locale, sums["total"], sums["tax"],
            "cash" if sums["cash"] else "card", tuple(items),
        )  # fmt: skip
        return DrawnReceipt(tuple(self.rows), self.columns, truth)

    # -- printing

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _pick(self, name: str) -> str:
        text = str(self.random.choice(self.words[name]))
        return self._filled(text)

    def _filled(self, text: str) -> str:
        for mark, low, high in (("{n}", 1, 199), ("{k}", 100, 9999), ("{z}", 10000, 99999)):
            while mark in text:
                text = text.replace(mark, str(self.random.randint(low, high)), 1)
        return text

    def _centre(self, text: str, scale: float = 1.0, gap: float = 0.0) -> None:
        column = max((self.columns - len(text) * scale) / 2, 0)
        self.rows.append(PrintRow((Cell(text, column),), scale, gap))

    def _left(self, text: str, gap: float = 0.0) -> None:
        self.rows.append(PrintRow((Cell(text, 0),), 1.0, gap))

    def _spread(self, left: str, right: str, scale: float = 1.0, gap: float = 0.0) -> None:
        room = int(self.columns / scale) - len(right) - 1
        cells = (Cell(left[: max(room, 4)], 0), Cell(right, self.columns - len(right) * scale))
        self.rows.append(PrintRow(cells, scale, gap))

    def _text(self, text: str) -> None:
        self._centre(text) if self.is_centred else self._left(text)

    def _money(self, minor: int, form: str | None = None) -> str:
        whole, cents = divmod(abs(minor), 100)
        mark = self.words["decimal"]
        grouped = f"{whole:,}".replace(",", "." if mark == "," else ",") if self.groups else str(whole)
        text = (form or self.money_form).replace("{n}", f"{grouped}{mark}{cents:02d}")
        if minor >= 0:
            return text
        return f"{text}-" if self.locale == "de_DE" and self._chance(0.3) else f"-{text}"

    # -- parts

    def _head(self) -> str:
        self.is_centred = self._chance(0.7)
        self.groups = self._chance(0.8)
        if self._chance(0.2):
            self._left(self._filled(self.random.choice(_JUNK)))
        if self._chance(0.08):
            self._centre(self._pick("titles"))
        name = " ".join(filter(None, [self._pick("first"), self._pick("second")]))
        if self._chance(0.15):
            name = f"{self.random.randint(2, 99)} {name}"
        elif self._chance(0.12):
            name = f"{name} ({self._pick('first')})"
        suffix = "" if self._chance(0.25) else self._pick("suffixes")
        if suffix and self._chance(0.2):
            branch = f" ({self._pick('first')} {self._pick('first')})" if self._chance(0.4) else ""
            name = f"{name} {self._pick('middles')}{branch}"
        legal = f"{name} {suffix}".strip()
        brand = self._chance(0.25)
        if brand:
            self._centre(self._pick("first"), self.random.choice([1.6, 2.0]))
            if suffix and self._chance(0.2):
                self._centre(self._pick("owners"))
        self._name(legal)
        self._address()
        if self._chance(0.6):
            self._centre(self._pick("titles"), gap=0.5)
        if self.words["buyers"] and self._chance(0.15):
            buyer = f"{self._pick('first')} {self._pick('second')} {self._pick('suffixes')}"
            self._left(self._pick("buyers").replace("{name}", buyer))
            self._left(self._pick("streets"))
        return legal

    def _address(self) -> None:
        if self._chance(0.15):
            self._text(f"({self._pick('second') or self._pick('first')} {self._pick('first')})")
        for part, share in (
            ("registrations", 0.6),
            ("streets", 0.9),
            ("towns", 0.9),
            ("phones", 0.6),
            ("tax_ids", 0.5),
        ):
            if self._chance(share):
                self._text(self._pick(part))
            if part == "streets" and self._chance(0.4):
                self._text(self._pick("areas"))
        if self._chance(0.15):
            self._text(f"{self.random.randint(100, 9999)}-{self._pick('first')} {self._pick('areas')}")
        if self._chance(0.08):
            self._text(f"Owned by: {self._pick('first')} {self._pick('second')} {self._pick('suffixes')}")

    def _name(self, legal: str) -> None:
        scale = self.random.choice([1.0, 1.0, 1.25, 1.5, 2.0])
        if self._chance(0.15):
            legal = f"{legal} {self._pick('registrations')}"
        for line in _wrapped(legal, int(self.columns / scale)):
            if self.is_centred:
                self._centre(line, scale)
            else:
                self.rows.append(PrintRow((Cell(line, 0),), scale))

    def _meta(self) -> None:
        day = self.moment.strftime(self.date_form)
        clock = self.moment.strftime(self.random.choice(["%H:%M", "%H:%M:%S", "%I:%M %p"]))
        word = self.random.choice(self.words["date_words"])
        if self._chance(0.5):
            self._left(self._pick("numbers"))
        form = self.random.random()
        if form < 0.45:  # noqa: PLR2004
            self._left(f"{word} {day} {clock}".strip())
        elif form < 0.7:  # noqa: PLR2004
            self._spread(f"{word} {day}".strip(), clock)
        elif form < 0.85:  # noqa: PLR2004
            self._spread(self._pick("numbers"), day)
        else:
            self._left(f"{word} {day}".strip())
        if self._chance(0.5):
            self._left(self._pick("people"))
        if self._chance(0.08):
            self._other_date()

    def _other_date(self) -> None:
        other = (self.moment + timedelta(days=self.random.choice([-400, -30, 14, 30, 365, 700]))).strftime(
            self.date_form
        )
        self._left(self._pick("other_dates").replace("{d}", other))

    def _items(self) -> list[TrueItem]:
        if self._chance(0.5):
            self._left(self._pick("heads"), gap=0.5)
        form = self.random.choice(["plain", "code", "quantity", "below", "above"])
        code = self.random.choice(["", "", " A", " SR", " T", " *"])
        count = max(1, min(40, int(self.random.lognormvariate(1.2, 0.8))))
        return [self._item(form, code) for _ in range(count)]

    def _item(self, form: str, code: str) -> TrueItem:
        quantity = 1 if self._chance(0.7) else self.random.randint(2, 9)
        unit = max(5, int(self.random.lognormvariate(6.3, 1.0)))
        unit = unit - unit % self.random.choice([1, 5, 10, 50]) or unit
        name, minor = self._pick("items"), unit * quantity
        price = self._money(minor, self.item_form) + code
        if form == "plain":
            self._spread(name if quantity == 1 else f"{quantity} {name}", price)
        elif form == "code":
            self._left(name)
            self._spread(
                f"{self.random.randint(10**6, 10**12)}  {quantity} x {self._money(unit, '{n}')}", price
            )
        elif form == "quantity":
            self._spread(f"{name}  {quantity}  {self._money(unit, '{n}')}", price)
        elif form == "below":
            self._spread(name, price)
            if quantity > 1:
                self._left(f"  {quantity} x {self._money(unit, '{n}')}")
        else:
            if quantity > 1:
                self._left(f"  {quantity} x {self._money(unit, '{n}')}")
            self._spread(name, price)
        return TrueItem(name, quantity, unit, minor)

    def _sums(self, items: list[TrueItem]) -> dict[str, int]:
        running = sum(item.minor for item in items)
        if self._chance(0.3):
            self._count(items)
        running, tax = self._additions(running, items)
        step = int(self.words["round_to"])
        rounded = step * ((running + step // 2) // step)
        total = self._totals(running, rounded)
        is_cash = self._chance(0.6)
        late = self._chance(0.5)
        if not late:
            self._included(total, tax)
        self._payment(total, cash=is_cash)
        if late:
            self._included(total, tax)
        if self._chance(0.3):
            self._count(items)
        if self._chance(0.15):
            self._spread(self._pick("saved"), self._money(self.random.randint(5, 3000)))
        return {"total": total, "tax": tax, "cash": int(is_cash)}

    def _additions(self, running: int, items: Sequence[TrueItem]) -> tuple[int, int]:
        share = int(self.words["tax_share"])
        adds_tax = not self.words["included"] or self._chance(0.2)
        if adds_tax or self._chance(0.4):
            self._spread(self._pick("subtotal"), self._money(running), gap=0.3)
        if self._chance(0.15) and running > 200:  # noqa: PLR2004
            less = self.random.randint(10, running // 2)
            self._spread(self._pick("discount"), self._money(-less))
            running -= less
        if self._chance(0.08) and self.words["service"]:
            extra = running // 10
            self._spread(self._pick("service"), self._money(extra))
            running += extra
        if adds_tax:
            tax = (running * share + 50) // 100
            self._spread(self._pick("tax"), self._money(tax))
            return running + tax, tax
        if self._chance(0.12) and len(items) > 1:
            self._groups(running)
        return running, running - (running * 100 + (100 + share) // 2) // (100 + share)

    def _groups(self, running: int) -> None:
        part = running * self.random.randint(20, 90) // 100
        for value in (part, running - part):
            self._spread(self._pick("group"), self._money(value))

    def _totals(self, running: int, rounded: int) -> int:
        scale = self.random.choice([1.0, 1.0, 1.0, 1.4, 2.0])
        if running == rounded or not self.words["rounding"]:
            label = self._pick("total") if self._chance(0.65) else self._pick("due")
            self._spread(label, self._money(running), scale, 0.3)
            if running != rounded or self._chance(0.8):
                return running
            if self.words["rounding"]:
                self._spread(self._pick("rounding"), self._money(0))
            self._spread(self._pick("due"), self._money(running), scale)
            return running
        if self._chance(0.85):
            self._spread(self._pick("total"), self._money(running), gap=0.3)
        self._spread(self._pick("rounding"), self._money(rounded - running))
        self._spread(self._pick("due"), self._money(rounded), scale)
        return rounded

    def _payment(self, total: int, *, cash: bool) -> None:
        if not cash:
            if self._chance(0.8):
                self._spread(self._pick("card"), self._money(total))
            return
        notes = [note for note in _NOTES if note >= total]
        paid = total if self._chance(0.25) or not notes else self.random.choice(notes)
        if not notes and self._chance(0.5):
            paid = (total // 1000 + 1) * 1000
        if self._chance(0.9):
            self._spread(self._pick("cash"), self._money(paid))
            if paid != total or self._chance(0.7):
                self._spread(self._pick("change"), self._money(paid - total))

    def _included(self, total: int, tax: int) -> None:
        if self.words["included"] and self._chance(0.35):
            self._spread(self._pick("included"), self._money(tax))
        if self.words["summary"] and self._chance(0.3):
            self._left(self._pick("summary"), gap=0.5)
            code = self.random.choice(["SR 6%", "A", "B 20%", "S=6%", "C 7,00%"])
            values = [total - tax, tax] + ([total] if self._chance(0.4) else [])
            cells = [Cell(code, 0)]
            step = (self.columns - 8) / len(values)
            for place, value in enumerate(values):
                text = self._money(value, "{n}")
                cells.append(Cell(text, 8 + step * (place + 1) - len(text)))
            self.rows.append(PrintRow(tuple(cells)))

    def _count(self, items: list[TrueItem]) -> None:
        number = sum(item.quantity for item in items)
        text = f"{number}.00" if self._chance(0.2) and self.words["decimal"] == "." else str(number)
        self._spread(self._pick("count"), text)

    def _foot(self) -> None:
        for _ in range(self.random.randint(0, 4)):
            self._text(self._pick("footers"))
        if self._chance(0.06):
            self._other_date()


def _wrapped(text: str, columns: int) -> list[str]:
    """A text broken between words to lines of at most so many characters, as evenly as tills do."""
    count = -(-len(text) // max(columns, 1))
    even = columns if count == 1 else -(-len(text) // count) + 2
    width = max(even, *map(len, text.split()))
    lines = [""]
    for word in text.split():
        fits = len(lines[-1]) + len(word) + 1 <= width
        lines = [*lines[:-1], f"{lines[-1]} {word}".strip()] if fits or not lines[-1] else [*lines, word]
    return lines
