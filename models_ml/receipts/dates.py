"""Dates and times of day on a receipt, and whether its days or its months come first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Literal

Order = Literal["day", "month"]

_MONTH_NAMES = (
    ("jan", "яну", "janv", "ene", "gen", "stycz"),
    ("feb", "фев", "fev", "fév", "lut"),
    ("mar", "мар", "mär", "mrz", "maer"),
    ("apr", "апр", "avr", "abr", "kwi"),
    ("may", "май", "mai", "maj", "mei", "mag", "mac"),
    ("jun", "юни", "juin", "giu", "cze"),
    ("jul", "юли", "juil", "jui", "lug", "lip"),
    ("aug", "авг", "aoû", "aou", "ago", "sie", "ogos", "ogo"),
    ("sep", "сеп", "set", "wrz"),
    ("oct", "окт", "okt", "ott", "paź"),
    ("nov", "ное", "lis"),
    ("dec", "дек", "dez", "déc", "dic", "gru", "dis"),
)
_MONTH_OF = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names}
_NAME = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_D = r"[0-3OoIl]?[\dOoIl]"
_NUMERIC = re.compile(
    rf"(?:(?<![\w./\-])|(?<=(?i:date))|(?<=(?i:datum)))(?P<a>{_D})\s?(?P<s>[./\-~])\s?(?P<b>{_D})\s?(?P=s)\s?(?P<y>20\d\d|\d\d)(?![./\-]\d|\d(?!\d?[:.]\d\d))"
)
#: A separator that was smudged on its way to the paper or to the engine: two digits each, then.
_SMUDGED = re.compile(
    r"(?<![\w./\-~])(?P<a>[0-3]\d)[ ~–—\-.'](?P<b>[01]\d)[~–—\-.'](?P<y>20\d\d|\d\d)(?![\d~\-/.])"
)
_YEAR_FIRST = re.compile(
    r"(?<!\d)(?P<y>20\d\d)(?P<s>[./\-年]\s?)(?P<b>\d\d?)[./\-月]\s?(?P<a>\d\d?)(?!\d(?!\d?:))"
)
_NAMED = re.compile(
    rf"(?<!\d)(?P<a>\d\d?)(?:st|nd|rd|th)?[\s.,/\-']{{0,3}}(?P<m>{_NAME})[a-zа-я]{{0,7}}[\s.,/\-']{{0,3}}(?P<y>20\d\d|\d\d)(?!\d(?!\d?:))",
    re.IGNORECASE,
)
_NAME_FIRST = re.compile(
    rf"(?<![a-z])(?P<m>{_NAME})[a-z]{{0,7}}[\s.\-]{{0,2}}(?P<a>\d\d?)(?:st|nd|rd|th)?[\s.,\-']{{1,3}}(?P<y>20\d\d|\d\d(?!:))",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(?<!\d)(?P<y>20\d\d)(?P<b>[01]\d)(?P<a>[0-3]\d)(?!\d)")
_COMPACT_DAY_FIRST = re.compile(r"(?<!\d)(?P<a>[0-3]\d)(?P<b>[01]\d)(?P<y>20\d\d)(?!\d)")
_TIME = re.compile(
    r"(?<![\d:])(?P<h>[0-2]?\d)\s?:\s?(?P<m>[0-5]\d)(?:\s?:\s?(?P<s>[0-5]\d))?\s?(?P<half>[ap]\.?m)?(?!\d)",
    re.IGNORECASE,
)
_DIGITS = str.maketrans({"O": "0", "o": "0", "I": "1", "l": "1"})
FORMS = ("numeric", "year_first", "named", "compact", "smudged")
#: Countries where the month comes first in numbers.
MONTH_FIRST_COUNTRIES = frozenset({"US", "PH", "FM", "MH", "PW"})
FIRST_YEAR, LAST_YEAR = 1995, 2060
_NOON = 12
_CENTURY = 100


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date as printed; in numbers it may have two readings."""

    day_first: date | None
    month_first: date | None
    form: str
    start: int
    end: int
    separator: str = ""

    def read(self, order: Order) -> date | None:
        """The date by one order, or by the other where that is no date."""
        first, second = (self.day_first, self.month_first)
        return (first or second) if order == "day" else (second or first)

    @property
    def is_ambiguous(self) -> bool:
        """Whether the order of day and month makes a difference."""
        return None not in {self.day_first, self.month_first} and self.day_first != self.month_first


def dates_in(text: str) -> list[WrittenDate]:
    """Dates in a text, each place once, longer forms first."""
    taken: list[tuple[int, int]] = []
    found = []
    for written in _all(text):
        if any(written.start < end and start < written.end for start, end in taken):
            continue
        taken.append((written.start, written.end))
        found.append(written)
    return sorted(found, key=lambda one: one.start)


def order_of(dates: Sequence[WrittenDate]) -> Order | None:
    """The order that the receipt's own dates show, if they show one."""
    numeric = [written for written in dates if written.form == "numeric"]
    day = sum(written.month_first is None for written in numeric)
    month = sum(written.day_first is None for written in numeric)
    if day != month:
        return "day" if day > month else "month"
    if any(written.separator == "." for written in dates if written.form == "numeric"):
        return "day"
    return None


def time_in(text: str) -> time | None:
    """The first time of day in a text."""
    for match in _TIME.finditer(text):
        hour, half = int(match["h"]), (match["half"] or "").lower()
        if half.startswith("p") and hour < _NOON:
            hour += _NOON
        if half.startswith("a") and hour == _NOON:
            hour = 0
        if hour < 24:  # noqa: PLR2004
            return time(hour, int(match["m"]), int(match["s"] or 0))
    return None


def _all(text: str) -> Iterator[WrittenDate]:
    yield from _fixed(text, _YEAR_FIRST, "year_first")
    yield from _fixed(text, _NAMED, "named")
    yield from _fixed(text, _NAME_FIRST, "named")
    for match in _NUMERIC.finditer(text):
        a, b = match["a"].translate(_DIGITS), match["b"].translate(_DIGITS)
        day_first, month_first = _date(match["y"], b, a), _date(match["y"], a, b)
        if day_first or month_first:
            yield WrittenDate(day_first, month_first, "numeric", *match.span(), match["s"].strip())
    yield from _fixed(text, _SMUDGED, "smudged")
    yield from _fixed(text, _COMPACT, "compact")
    yield from _fixed(text, _COMPACT_DAY_FIRST, "compact")


def _fixed(text: str, pattern: re.Pattern[str], form: str) -> Iterator[WrittenDate]:
    """Dates whose form leaves no doubt about day and month."""
    for match in pattern.finditer(text):
        parts = match.groupdict()
        month = parts["b"] if "b" in parts else str(_MONTH_OF[parts["m"].lower()])
        read = _date(parts["y"], month, parts["a"])
        if read:
            yield WrittenDate(read, read, form, *match.span())


def _date(year: str, month: str, day: str) -> date | None:
    number = int(year)
    if number < _CENTURY:
        number += 2000
    if not FIRST_YEAR <= number <= LAST_YEAR:
        return None
    try:
        return date(number, int(month), int(day))
    except ValueError:
        return None
