"""Figures in a text, in order: digits of any script, words, what they are of, their sign.

A language model is believed about no figure. What it writes is read here as what a template writes is, so
that the two can be compared; anything that looks like a figure and is not understood is one of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["money", "percent", "month", ""]

_SCALES = {
    "k": 1e3, "thousand": 1e3, "хил": 1e3, "хиляди": 1e3, "хиляда": 1e3,
    "m": 1e6, "mln": 1e6, "million": 1e6, "млн": 1e6, "милион": 1e6, "милиона": 1e6,
    "bn": 1e9, "billion": 1e9, "млрд": 1e9,
}  # fmt: skip
_UNITS_EN = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"  # noqa: E501
_TENS_EN = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS: dict[str, float] = {word: float(value) for value, word in enumerate(_UNITS_EN.split())}
_WORDS |= {word: 10.0 * value for value, word in enumerate(_TENS_EN.split(), start=2)}
_WORDS |= {
    "нула": 0, "един": 1, "една": 1, "едно": 1, "два": 2, "две": 2, "три": 3, "четири": 4, "пет": 5,
    "шест": 6,
    "седем": 7, "осем": 8, "девет": 9, "десет": 10, "единадесет": 11, "единайсет": 11, "дванадесет": 12,
    "дванайсет": 12, "тринадесет": 13, "тринайсет": 13, "четиринадесет": 14, "четиринайсет": 14,
    "петнадесет": 15, "петнайсет": 15, "шестнадесет": 16, "шестнайсет": 16, "седемнадесет": 17,
    "осемнадесет": 18, "деветнадесет": 19, "двадесет": 20, "двайсет": 20, "тридесет": 30, "трийсет": 30,
    "четиридесет": 40, "четирисет": 40, "петдесет": 50, "шестдесет": 60, "шейсет": 60, "седемдесет": 70,
    "осемдесет": 80, "деветдесет": 90, "сто": 100, "двеста": 200, "триста": 300, "четиристотин": 400,
    "петстотин": 500, "шестстотин": 600, "седемстотин": 700, "осемстотин": 800, "деветстотин": 900,
}  # fmt: skip
_HUNDRED = {"hundred": 100.0, "hundreds": 100.0}
#: Beginnings of words that tell a size without a figure, or a share without what it is a share of.
_VAGUE = re.compile(
    r"half|halv|quarter|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|double|twice|triple|tripl|thrice|"
    r"dozen|couple|tens|hundreds|thousands|million|billion|grand$|\w+fold$|"
    r"полови|половин|четвърт|третин|пета$|десета$|двойн|тройн|дузин|двукрат|трикрат|\w+кратно|пъти|"
    r"стотиц|стотин[аи]|десетин|десетки|хиляди|милион|милиард"
)
_MONTHS_EN = "january february march april may june july august september october november december"
_MONTHS_BG = "януари февруари март април май юни юли август септември октомври ноември декември"
_MONTH_NUMBERS = {
    word: place for words in (_MONTHS_EN, _MONTHS_BG) for place, word in enumerate(words.split(), start=1)
}
#: "May" and "March" are words of their own as well: in English a month is written with a capital.
_SMALL_MONTHS = frozenset({"may", "march", "august"})
#: Small counts that are grammar rather than figures ("one thing", "a one-off").
_GRAMMAR = frozenset({"one", "един", "една", "едно", "zero", "нула"})
_PERCENT = re.compile(r"\s?(?:%|percent|per cent|процент|на сто\b)", re.IGNORECASE)
#: What follows an amount: a code, a sign, or how people call the money.
_MONEY_AFTER = re.compile(
    r"\s?(?:[A-Z]{3}\b|[$€£¥₺₹₽]|euro|dollar|pound|cent\b|buck|евро|лев|лв|долар|паунд|стотинк|zł|kč)",
)
_MONEY_BEFORE = re.compile(r"(?:\b[A-Z]{3}|[$€£¥₺₹₽])\s?[-−–]?\s?$")
_MINUS = re.compile(
    r"(?:(?<![\w\d])[-−–]\s?|\bminus\s|\bминус\s)(?:[A-Z]{3}\s?|[$€£¥₺₹₽]\s?)?$", re.IGNORECASE
)
#: A number in digits with its separators.
_DIGITS = re.compile(r"\d[\d.,  ’'٫٬]*\d|\d")
_ROMAN = re.compile(r"\b(?=[MDCLXVI]{2})M*(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})\b")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_EDGES = ".,' ’"
_AMBIGUOUS = re.compile(r"\d{1,3}[.,]\d{3}")
_THIRD_DECIMAL = 0.0005
_ORDINALS = frozenset({"st", "nd", "rd", "th", "ти", "ви", "ри", "ми"})


@dataclass(frozen=True, slots=True)
class Said:
    """A figure that a text says: its signed value, how exactly (half of its last digit), of what, where.

    A value that is not a number is one that says no figure and means one ("half", "dozens").
    """

    value: float
    slack: float
    told: str
    unit: Unit
    start: int
    decimal: float | None = None  # what 1.234 is where three decimals are usual

    def is_of(self, fact: Said) -> bool:
        """Whether it may stand for another figure: of the same, with its sign, equal in the digits given."""
        if self.unit != fact.unit or (self.value < 0) != (fact.value < 0):
            return False
        if self.decimal is not None and abs(self.decimal - abs(fact.value)) <= _THIRD_DECIMAL:
            return True
        return abs(self.value - fact.value) <= self.slack + 1e-9


def figures(text: str) -> list[Said]:
    """Every figure in a text, in order; months by name are figures as well."""
    plain = latin_digits(text)
    return sorted(
        [*_in_digits(plain), *_in_words(plain), *_in_roman(plain)], key=lambda said: (said.start, said.told)
    )


def follows(said: Sequence[Said], facts: Sequence[Said]) -> bool:
    """Whether figures are the facts': amounts in order from the first on, some left out, dates anywhere.

    In order, because "150 over a budget of 300" has the figures of "300 over a budget of 150".
    """
    amounts, dates = _parted(said)
    known_amounts, known_dates = _parted(facts)
    if any(not any(each.is_of(fact) for fact in known_dates) for each in dates):
        return False
    if amounts and not (known_amounts and amounts[0].is_of(known_amounts[0])):
        return False
    rest = iter(known_amounts[1:])
    return all(any(each.is_of(fact) for fact in rest) for each in amounts[1:])


def _parted(said: Sequence[Said]) -> tuple[list[Said], list[Said]]:
    """Money and shares of it, and what only counts or dates."""
    is_amount = [each.unit in {"money", "percent"} for each in said]
    return (
        [each for each, is_ in zip(said, is_amount, strict=True) if is_],
        [each for each, is_ in zip(said, is_amount, strict=True) if not is_],
    )


def latin_digits(text: str) -> str:
    """Digits, fractions and circled figures of every script as 0 to 9; invisible characters go."""
    out = []
    spelled = "".join(
        f" {unicodedata.numeric(letter):g} " if unicodedata.category(letter) in {"Nl", "No"} else letter
        for letter in text
    )
    for letter in unicodedata.normalize("NFKC", spelled):
        category = unicodedata.category(letter)
        if category == "Cf":
            continue
        numeric = unicodedata.numeric(letter, None)
        if category == "Nd":
            out.append(str(int(unicodedata.digit(letter))))
        elif numeric is not None:  # Roman numerals, CJK numbers, what NFKC leaves
            out.append(f" {numeric:g} ")
        else:
            out.append("." if letter == "٫" else letter)
    return "".join(out).replace("⁄", "/")


def _in_roman(text: str) -> Iterator[Said]:
    """Roman numerals of two capitals or more; one letter alone is an I or an initial."""
    for match in _ROMAN.finditer(text):
        values = [_ROMAN_VALUES[letter] for letter in match.group()]
        following = [*values[1:], 0]
        value = sum(-one if one < after else one for one, after in zip(values, following, strict=True))
        yield _said(text, match.start(), match.end(), float(value), 0.5)


def _in_digits(text: str) -> Iterator[Said]:
    for match in _DIGITS.finditer(text):
        told = match.group().strip(_EDGES)
        start = match.start()
        end = start + len(match.group().rstrip(_EDGES))
        if _is_part_of_a_word(text, start, end):
            yield Said(float("nan"), 0.5, text[max(start - 1, 0) : end + 1], "", start)
            continue
        value, decimals = _value(told)
        scale, after = _scale_after(text, end)
        decimal = float(told.replace(",", ".")) if _AMBIGUOUS.fullmatch(told) else None
        yield _said(text, start, after, value * scale, 0.5 * 10.0**-decimals * scale, decimal)


def _is_part_of_a_word(text: str, start: int, end: int) -> bool:
    """Whether letters cling to the digits ("15O", "1e2") that are no unit, scale or ordinal."""
    if start and text[start - 1].isalpha() and not _MONEY_BEFORE.search(text[:start]):
        return True
    clinging = re.match(r"[^\W\d_]+", text[end:])
    if clinging is None:
        return False
    word = clinging.group()
    is_known = word.lower() in _SCALES or word.lower() in _ORDINALS or _MONEY_AFTER.match(word)
    return not is_known or text[end + len(word) : end + len(word) + 1].isdigit()


def _said(  # noqa: PLR0913, PLR0917 - what was read and where
    text: str, start: int, end: int, value: float, slack: float, decimal: float | None = None
) -> Said:
    """A figure with its unit and sign from what stands around it."""
    unit: Unit = ""
    if _PERCENT.match(text[end:]):
        unit = "percent"
    elif _MONEY_AFTER.match(text[end:]) or _MONEY_BEFORE.search(text[:start]):
        unit = "money"
    sign = -1.0 if _MINUS.search(text[:start]) else 1.0
    return Said(sign * value, slack, text[start:end], unit, start, decimal)


def _value(told: str) -> tuple[float, int]:
    """A number with separators: the last of . and , is decimal unless three digits follow each of them."""
    told = re.sub(r"[  ’'٬\s]", "", told)
    marks = [mark for mark in told if mark in ".,"]
    if not marks:
        return float(told), 0
    last = max(told.rfind("."), told.rfind(","))
    tail = len(told) - last - 1
    is_grouping = tail == 3 and len(set(marks)) == 1 and not told.startswith("0")  # noqa: PLR2004
    if is_grouping:
        return float(re.sub(r"[.,]", "", told)), 0
    whole = re.sub(r"[.,]", "", told[:last]) or "0"
    return float(f"{whole}.{told[last + 1 :] or 0}"), tail


def _scale_after(text: str, end: int) -> tuple[float, int]:
    """By what the word after a number multiplies it, and where that word ends."""
    word = re.match(r"\s?([^\W\d_]+)", text[end:])
    scale = _SCALES.get(word.group(1).lower()) if word else None
    return (1.0, end) if word is None or scale is None else (scale, end + word.end())


def _in_words(text: str) -> Iterator[Said]:
    """Numbers, months and vague sizes in words; "and" joins, anything else ends a number."""
    number: list[re.Match[str]] = []
    for match in re.finditer(r"[^\W\d_]+|[.,;:!?%]", text):
        word = match.group().lower()
        if word in _WORDS or word in _HUNDRED or (number and word in _SCALES):
            number.append(match)
            continue
        if number and word in {"and", "и"}:
            continue
        yield from _word_number(text, number)
        number = []
        if word in _MONTH_NUMBERS and not (word in _SMALL_MONTHS and match.group().islower()):
            yield Said(float(_MONTH_NUMBERS[word]), 0.0, word, "month", match.start())
        elif _VAGUE.match(word) and not _counts_before(text, match.start()):
            yield Said(float("nan"), 0.5, word, "", match.start())
    yield from _word_number(text, number)


def _counts_before(text: str, start: int) -> bool:
    """Whether digits stand before the word, which then is their scale ("1,5 хиляди")."""
    return re.search(r"\d\s?$", text[:start]) is not None


def _word_number(text: str, matches: Sequence[re.Match[str]]) -> Iterator[Said]:
    if not matches:
        return
    value = 0.0
    for match in matches:
        word = match.group().lower()
        if word in _WORDS:
            value += _WORDS[word]
        else:
            value = (value or 1.0) * (_HUNDRED.get(word) or _SCALES[word])
    said = _said(text, matches[0].start(), matches[-1].end(), value, 0.5)
    is_grammar = len(matches) == 1 and said.told.lower() in _GRAMMAR and said.unit == ""
    if not is_grammar:
        yield said
