"""A language model reads what the learned reader could not; only what really stands on the paper is heard.

The question holds a receipt's rows, numbered, and the fields that are in doubt. The answer gives each value
with the row where it stands, and is held against that row here: text on a receipt may talk a model into
anything, but not into an amount, a day or a name that the paper does not show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model
from rapidfuzz import fuzz

from models_ml.receipts.amounts import Amount
from models_ml.receipts.dates import FIRST_YEAR
from models_ml.receipts.evidence import MOST_ROWS, Evidence, has_words
from models_ml.receipts.layout import Box, layout, union
from models_ml.receipts.page import Page
from models_ml.receipts.words import phrases, plain
from warehouse.money import exponent, is_currency

ASKED = ("merchant", "date", "total", "currency")
INSTRUCTIONS = (
    "The facts are the rows of text that an engine recognised on a photo of one receipt, from top to bottom, "
    "each with its number, and the wanted fields. Give each wanted field as it stands on the receipt with "
    "the number of its row, or null where no row tells. merchant: the name of the shop, letter by letter as "
    "in its row, without address or registration. date: the day of purchase as YYYY-MM-DD. total: the amount "
    "that was paid in the end, after tax, rebates and rounding and before change, as a number with a decimal "
    "point. currency: the ISO 4217 code, with the row that shows it. Never work out what is not printed."
)
#: Rows of a question: the head names shop and day, the foot the total.
_HEAD_ROWS, _FOOT_ROWS, _LONGEST_ROW = 60, 60, 100
#: Numbers of cards, members and tills; no amount and no date has so many digits in one.
_LONG_NUMBER = re.compile(r"\d{9,}")
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,10}(?:\.[0-9]{1,3})?")
_LEAST_LETTERS, _LONGEST_NAME = 3, 80
_ALIKE = 90.0
_CENTURY = 100


class Seen(BaseModel):
    """A value, and the number of the row where it stands."""

    model_config = ConfigDict(extra="forbid")

    value: str
    row: int


class SecondReading(BaseModel):
    """What a language model read of the fields that it was asked for."""

    model_config = ConfigDict(extra="forbid")

    merchant: Seen | None = None
    date: Seen | None = None
    total: Seen | None = None
    currency: Seen | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What a language model is asked: facts that JSON can say, and the shape of the answer."""

    facts: Mapping[str, object]
    schema: type[BaseModel]


@dataclass(frozen=True, slots=True)
class Stands:
    """A text that stands on the paper, and where."""

    text: str
    box: Box


def question_of(page: Page, doubts: Mapping[str, str]) -> Question | None:
    """The question about a page's rows and the fields in doubt; None where nothing can be asked."""
    texts = [row.text for row in layout(page).rows[:MOST_ROWS]]
    wanted = tuple(name for name in ASKED if name in doubts)
    rows = [{"row": number, "text": text} for number, text in _shown(texts)]
    return Question({"wanted": wanted, "rows": rows}, _schema(wanted)) if wanted and rows else None


@cache
def _schema(wanted: tuple[str, ...]) -> type[BaseModel]:
    """An answer that can say nothing but the wanted fields."""
    fields: dict[str, Any] = dict.fromkeys(wanted, (Seen | None, ...))
    made: type[BaseModel] = create_model("SecondReading", __config__=ConfigDict(extra="forbid"), **fields)
    return made


def _shown(texts: Sequence[str]) -> Iterator[tuple[int, str]]:
    for number, text in enumerate(texts):
        if number < _HEAD_ROWS or number >= len(texts) - _FOOT_ROWS:
            yield number, _LONG_NUMBER.sub("#", text[:_LONGEST_ROW])


def total_that_stands(read: Evidence, told: SecondReading, currency: str) -> Amount | None:
    """The amount of the told row that is the told total, with the decimals of the page's ``currency``."""
    seen = told.total
    if seen is None:
        return None
    minor = _minor(seen.value, currency)
    amounts = [one for one in read.by_row.get(seen.row, ()) if not one.is_percent]
    return next((one for one in amounts if abs(one.minor) == minor), None)


def _minor(value: str, currency: str) -> int | None:
    """Minor units of a plain number; None for anything else."""
    if not _PLAIN_NUMBER.fullmatch(value.strip()):
        return None
    minor = abs(Decimal(value.strip())).scaleb(exponent(currency) if currency else 2)
    return int(minor) if minor == minor.to_integral_value() else None


def day_that_stands(read: Evidence, told: SecondReading, latest_day: date) -> tuple[date, Box] | None:
    """The told day, if its row shows it: as a date that we read, or as day, year and the name of a month."""
    seen = told.date
    if seen is None or not 0 <= seen.row < len(read.rows):
        return None
    try:
        day = date.fromisoformat(seen.value.strip())
    except ValueError:
        return None
    if day.year < FIRST_YEAR or day > latest_day:
        return None
    written = [one for row, one in read.dates if row == seen.row]
    shown = any(day in {one.day_first, one.month_first} for one in written)
    if shown or (not written and _names_the_month(read.rows[seen.row].text, day)):
        return day, read.rows[seen.row].box()
    return None


def _names_the_month(text: str, day: date) -> bool:
    """Whether a text holds day and year as numbers beside a word: "3 helmikuuta 2024", in any language."""
    tokens = re.findall(r"\d+|[^\W\d_]+", text)
    years = {str(day.year), f"{day.year % _CENTURY:02}"}
    days = {str(day.day), f"{day.day:02}"}
    return any(
        one in days and other in years and len(word) >= _LEAST_LETTERS and word.isalpha()
        for first, second, third in zip(tokens, tokens[1:], tokens[2:], strict=False)
        for one, word, other in ((first, second, third), (second, first, third))
    )


def name_that_stands(read: Evidence, told: SecondReading) -> Stands | None:
    """The told name, if its letters stand together in the told row or in it and its neighbours."""
    seen = told.merchant
    if seen is None or not 0 <= seen.row < len(read.rows) or len(seen.value) > _LONGEST_NAME:
        return None
    wanted = _letters(seen.value)
    if len(wanted) < _LEAST_LETTERS and not has_words(seen.value):
        return None
    for first, last in _spans(seen.row, len(read.rows)):
        rows = read.rows[first : last + 1]
        if wanted in _letters(" ".join(row.text for row in rows)):
            return Stands(" ".join(seen.value.split()), union([row.box() for row in rows]))
    return None


def _spans(row: int, rows: int) -> Iterator[tuple[int, int]]:
    """The row alone, then with those beside it."""
    yield row, row
    yield row, min(row + 1, rows - 1)
    yield max(row - 1, 0), row
    yield max(row - 1, 0), min(row + 1, rows - 1)


def _letters(text: str) -> str:
    return "".join(letter for letter in plain(text) if letter.isalnum())


def is_same_name(one: str, other: str) -> bool:
    """Whether two spellings name one shop: the same letters but for a few, legal forms aside."""
    return fuzz.ratio(_letters(_without_form(one)), _letters(_without_form(other))) >= _ALIKE


def _without_form(name: str) -> str:
    bare = plain(name)
    for form in sorted(phrases()["suffix"], key=len, reverse=True):
        shorter = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", " ", bare)
        bare = shorter if has_words(shorter) else bare
    return bare


def currency_that_may_be(read: Evidence, told: SecondReading) -> str:
    """The told currency, if there is one of that code and its row exists; empty else."""
    seen = told.currency
    code = seen.value.strip().upper() if seen and 0 <= seen.row < len(read.rows) else ""
    return code if code and is_currency(code) else ""
