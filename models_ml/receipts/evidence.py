"""A receipt's rows with everything that later steps ask of them, found once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from models_ml.receipts.amounts import Amount, amounts_in, label_of
from models_ml.receipts.dates import WrittenDate, dates_in
from models_ml.receipts.decimals import CENTS, Printed
from models_ml.receipts.layout import Layout, Row, layout
from models_ml.receipts.page import Page
from models_ml.receipts.words import kinds_in

_LETTERS = re.compile(r"[^\W\d_]")
#: Chinese signs, which Japanese writes too, kana and Korean syllables.
_WORD_SIGNS = re.compile(r"[\u3041-\u30fa\u4e00-\u9fff\uac00-\ud7a3](?<!円)(?<!원)")
#: An amount belongs to the rightmost column when it ends within this share of the width from its edge.
COLUMN_SHARE = 0.12
#: Rows whose bare numbers are no amounts.
_NUMBERED = frozenset({"contact", "registration", "address", "date", "count"})
#: Rows beyond this many are not read: no till prints them, and time must end.
MOST_ROWS = 1200


@dataclass(frozen=True)
class Evidence:
    """Rows, their labels' kinds, amounts and dates."""

    layout: Layout
    labels: tuple[str, ...]  # per row: text without amounts
    kinds: tuple[frozenset[str], ...]  # per row: kinds of words in the label
    amounts: tuple[Amount, ...]
    dates: tuple[tuple[int, WrittenDate], ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows from top to bottom."""
        return self.layout.rows

    @cached_property
    def by_row(self) -> dict[int, list[Amount]]:
        """Amounts of each row from left to right."""
        grouped: dict[int, list[Amount]] = {}
        for amount in self.amounts:
            grouped.setdefault(amount.row, []).append(amount)
        return grouped

    @cached_property
    def right_edge(self) -> float:
        """Where the rightmost column of amounts ends, in pixels of the straightened page."""
        ends = sorted(amount.right for amount in self.amounts)
        return ends[int(len(ends) * 0.85)] if ends else self.layout.right

    def in_column(self, amount: Amount) -> bool:
        """Whether an amount stands in the rightmost column."""
        return amount.right >= self.right_edge - COLUMN_SHARE * self.layout.width

    def position(self, row: int) -> float:
        """The row's height on the print, 0 at the top and 1 at the bottom."""
        span = max(self.layout.bottom - self.layout.top, 1.0)
        return (self.rows[row].middle - self.layout.top) / span

    def label_kinds(self, row: int) -> frozenset[str]:
        """Kinds of the words beside an amount, or above it where it stands alone."""
        if has_words(self.labels[row]) or row == 0:
            return self.kinds[row]
        return self.kinds[row - 1] if row - 1 not in self.by_row else frozenset()


def evidence(page: Page, printed: Printed = CENTS) -> Evidence:
    """Read a page's rows, whose amounts are ``printed`` so."""
    arranged = layout(page)
    rows = arranged.rows[:MOST_ROWS]
    amounts: list[Amount] = []
    labels: list[str] = []
    dates: list[tuple[int, WrittenDate]] = []
    for index, row in enumerate(rows):
        written = dates_in(row.text)
        found = [one for one in _amounts(row, index, printed) if not _inside_date(one, written)]
        amounts += found
        labels.append(label_of(row, found))
        dates += [(index, one) for one in written]
    kept = Layout(rows, arranged.left, arranged.right, arranged.top, arranged.bottom, arranged.height)
    return Evidence(kept, tuple(labels), tuple(map(kinds_in, labels)), tuple(amounts), tuple(dates))


def _amounts(row: Row, index: int, printed: Printed) -> list[Amount]:
    """A row's amounts; whole numbers without a mark are none where rows speak of addresses and numbers."""
    found = amounts_in(row, index, printed.decimals, printed.scale)
    if printed.decimals == 0 and kinds_in(row.text) & _NUMBERED:
        return [one for one in found if one.has_mark]
    return found


def has_words(label: str) -> bool:
    """Whether a label says something: at least three letters, or one sign that is a word of its own."""
    return len(_LETTERS.findall(label)) >= 3 or bool(_WORD_SIGNS.search(label))  # noqa: PLR2004


def _inside_date(amount: Amount, dates: list[WrittenDate]) -> bool:
    return any(amount.start < date.end and date.start < amount.end for date in dates)
