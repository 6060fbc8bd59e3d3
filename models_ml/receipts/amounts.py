"""Amounts in a row of text, whichever way their decimals are written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from models_ml.receipts.layout import Box, Row, union

DecimalMark = Literal[".", ","]

#: Digits with two decimals (spaces may have crept in), or grouped by thousands; with a sign and a currency.
_NUMBER = r"(?:\d{1,3}(?:[ .,'’]\d{3})+\s?[.,]\s?\d{2}|\d{1,7}\s?[.,]\s?\d{2})"
#: The same with three decimals, as the dinars of Kuwait, Bahrain and Jordan have them.
_NUMBER_3 = r"(?:\d{1,3}(?:[ ,'’]\d{3})+\s?\.\s?\d{3}|\d{1,6}\s?[.,]\s?\d{3})"
_MARK = r"(?P<mark>RM|MYR|EUR|USD|GBP|BGN|CHF|лв\.?|[€$£])"
_MARK_3 = r"(?P<mark>KWD|K\.?D\.?|BHD|B\.?D\.?|OMR|R\.?O\.?|JOD|J\.?D\.?|TND|D\.?T\.?|IQD|LYD)"


def _decimal_amount(number: str, mark: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?<![\d.,/:])(?P<sign>[-–(]\s?)?{mark}?\s?(?P<inner>[-–]\s?)?"
        rf"(?P<number>{number})(?P<after>\s?-(?![\d\w])|\))?(?![\d]|[.,/:]\d)",
        re.IGNORECASE,
    )


_AMOUNT, _AMOUNT_3 = _decimal_amount(_NUMBER, _MARK), _decimal_amount(_NUMBER_3, _MARK_3)
#: An amount without decimals: beside a currency's mark, or at the end of its column.
_WHOLE = r"(?P<number>\d{1,3}(?:[ .,'’]\d{3})+(?!\d)|\d{1,9})(?:[.,](?:00|-+))?"
_WHOLE_MARK = r"(?:[¥￥₩₫]|JPY|KRW|VND|HUF|ISK|CLP|IDR|Rp\.?|NT\$|TWD|XAF|XOF|F\s?CFA)"
_WHOLE_MARKED = re.compile(
    rf"(?<![\w.,/:])(?P<sign>[-–▲(]\s?)?(?P<mark>{_WHOLE_MARK})\s?(?P<inner>[-–▲]\s?)?{_WHOLE}"
    r"(?P<after>\))?(?![\d]|[.,/:]\d)",
    re.IGNORECASE,
)
_WHOLE_LAST = re.compile(
    rf"(?<![\w.,/:#№\-])(?P<sign>[-–▲(]\s?)?(?P<inner>)(?<![\w.,/:#№]-){_WHOLE}"
    r"\s?(?P<mark>円|원|Ft|kr|₫|đ|JPY|KRW|VND|HUF|ISK|CLP|IDR|F\s?CFA)?(?P<after>\))?\s?[A-Z*※軽]{0,2}$",
    re.IGNORECASE,
)
_LONGEST_WHOLE = 8  # digits; more are a code
_SPACED = re.compile(r"(?<![\d.,/:\-\w])(?P<number>\d{1,4}[ \-]\d{2})$")
#: What follows a number that is no money: shares, times of day, weights and measures.
_PERCENT = re.compile(r"^\s?(?:%|(?:Uhr|kg|ml|cm|mm|am|pm|km)\b)", re.IGNORECASE)
_LETTERS_AS_DIGITS = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1", "S": "5", "B": "8"})
_CONFUSED = re.compile(r"(?<![A-Za-z])(?=[\dOoIlSB]*\d)[\dOoIlSB]+[.,](?=[\dOo]*\d)[\dOo]{2}(?![\w])")
#: More than this on one receipt is a misread number.
LIMIT_MINOR = 10_000_000_00


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount as printed: signed minor units of its currency, and where it stands."""

    minor: int
    box: Box
    right: float  # on the straightened page
    height: float
    confidence: float
    row: int
    start: int  # offset in the row's text
    end: int
    is_percent: bool
    has_mark: bool
    text: str
    guessed: bool = False  # a decimal mark was lost


def decimal_mark(texts: Iterable[str]) -> DecimalMark:
    """The decimal mark that most numbers of the receipt use."""
    commas = points = 0
    for text in texts:
        commas += len(re.findall(r"(?<![\d.,])\d{1,5},\d{2}(?![\d.,])", text))
        points += len(re.findall(r"(?<![\d.,])\d{1,5}\.\d{2}(?![\d.,])", text))
    return "," if commas > points else "."


def amounts_in(row: Row, index: int, decimals: int = 2, scale: int = 1) -> list[Amount]:
    """The amounts of one row from left to right, printed with ``decimals``; times ``scale``, minor units."""
    found: list[Amount] = []
    offset = 0
    for fragment in row.fragments:
        text = _repaired(fragment.line.text) if decimals else fragment.line.text
        for match, guessed in _matches(text, decimals):
            minor = _minor(match) * scale
            if abs(minor) > LIMIT_MINOR:
                continue
            begin, end = match.span("number")
            box = _part(fragment.line.box, begin / len(text), end / len(text))
            right = fragment.left + (fragment.right - fragment.left) * end / len(text)
            found.append(
                Amount(
                    minor=minor,
                    box=box,
                    right=right,
                    height=fragment.height,
                    confidence=fragment.line.confidence,
                    row=index,
                    start=offset + match.start(),
                    end=offset + match.end(),
                    is_percent=bool(_PERCENT.match(text[match.end() :])),
                    has_mark=not guessed and bool(match.group("mark")),
                    text=text[begin:end],
                    guessed=guessed,
                )
            )
        offset += len(fragment.line.text) + 2
    return found


def _matches(text: str, decimals: int) -> list[tuple[re.Match[str], bool]]:
    """What looks like an amount, and whether its decimal mark was guessed."""
    if decimals == 0:
        found = list(_WHOLE_MARKED.finditer(text)) or list(_WHOLE_LAST.finditer(text))
        return [(match, False) for match in found if len(match.group("number")) <= _LONGEST_WHOLE]
    matches = [(match, False) for match in (_AMOUNT_3 if decimals == 3 else _AMOUNT).finditer(text)]  # noqa: PLR2004
    if matches or decimals == 3:  # noqa: PLR2004
        return matches
    return [(match, True) for match in _SPACED.finditer(text)]


def label_of(row: Row, amounts: list[Amount]) -> str:
    """The row's text without its amounts."""
    text = row.text
    for amount in sorted(amounts, key=lambda one: -one.start):
        text = text[: amount.start] + " " + text[amount.end :]
    return text


def boxes_of(amounts: list[Amount]) -> Box:
    """The rectangle around several amounts."""
    return union([amount.box for amount in amounts])


def _minor(match: re.Match[str]) -> int:
    groups = match.groupdict()
    digits = re.sub(r"\D", "", groups["number"])
    negative = any(groups.get(name) for name in ("sign", "inner", "after"))
    if groups.get("sign", "") and str(groups["sign"]).startswith("(") and not groups.get("after"):
        negative = False  # an opening bracket alone is no sign
    return -int(digits) if negative else int(digits)


def _repaired(text: str) -> str:
    """The text with letters that stand for digits inside an amount put right; its length is kept."""
    return _CONFUSED.sub(lambda match: match.group().translate(_LETTERS_AS_DIGITS), text)


def _part(box: Box, begin: float, end: float) -> Box:
    left, top, right, bottom = box
    return left + (right - left) * begin, top, left + (right - left) * end, bottom
