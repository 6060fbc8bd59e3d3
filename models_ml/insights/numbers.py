"""Whether every number in a text is a fact: digits of any script, words, percentages, rounding.

A language model is believed about no figure. What it writes stands only if each number in it can be read as
one of the allowed values; anything that looks like a number and is not understood counts against it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

#: A number in digits with its separators, and what says that it is of another size.
_DIGITS = re.compile(r"\d[\d.,  ’'٫٬]*\d|\d")
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
#: Shares in words say of nothing what they are a share of: they are refused whatever the facts are.
_SHARES = frozenset(
    [
        "half",
        "halves",
        "quarter",
        "quarters",
        "third",
        "thirds",
        "double",
        "doubled",
        "twice",
        "triple",
        "tripled",
        "thrice",
        "dozen",
        "половин",
        "половина",
        "половината",
        "четвърт",
        "третина",
        "двойно",
        "тройно",
        "дузина",
    ]
)
#: Small counts that are grammar rather than figures ("one thing", "a one-off").
_GRAMMAR = {"one", "един", "една", "едно", "zero", "нула"}


_ROMAN = re.compile(r"\b(?=[MDCLXVI]{2})M*(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})\b")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_EDGES = ".,' ’"
_AMBIGUOUS = re.compile(r"\d{1,3}[.,]\d{3}")
_THIRD_DECIMAL = 0.0005


@dataclass(frozen=True, slots=True)
class Said:
    """A number that a text says, and how exactly: half of its last digit."""

    value: float
    slack: float
    told: str
    decimal: float | None = None  # what 1.234 is where three decimals are usual


def unfounded(text: str, facts: Iterable[float]) -> list[str]:
    """The numbers of a text that are none of the facts, as they stand there."""
    known = [abs(float(each)) for each in facts]
    return [said.told for said in numbers(text) if not any(_is(said, fact) for fact in known)]


def numbers(text: str) -> list[Said]:
    """Every number in a text, by digits of any script or by words."""
    plain = _latin_digits(text)
    return [*_in_digits(plain), *_in_words(plain), *_in_roman(text)]


def _in_roman(text: str) -> list[Said]:
    """Roman numerals of two capitals or more; one letter alone is an I or an initial."""
    found = []
    for match in _ROMAN.finditer(text):
        values = [_ROMAN_VALUES[letter] for letter in match.group()]
        following = [*values[1:], 0]
        value = sum(-one if one < after else one for one, after in zip(values, following, strict=True))
        found.append(Said(float(value), 0.5, match.group()))
    return found


def _latin_digits(text: str) -> str:
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


def _in_digits(text: str) -> list[Said]:
    found = []
    for match in _DIGITS.finditer(text):
        value, decimals = _value(match.group().strip(_EDGES))
        scale = _scale_after(text[match.end() :])
        told = match.group().strip(_EDGES)
        decimal = float(told.replace(",", ".")) if _AMBIGUOUS.fullmatch(told) else None
        found.append(Said(value * scale, 0.5 * 10.0**-decimals * scale, match.group(), decimal))
    return found


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


def _scale_after(rest: str) -> float:
    word = re.match(r"\s?([^\W\d_]+)", rest)
    return _SCALES.get(word.group(1).lower(), 1.0) if word else 1.0


def _in_words(text: str) -> list[Said]:
    found, current, told = [], None, []  # type: list[Said], float | None, list[str]

    def close() -> None:
        nonlocal current, told
        if current is not None and not (len(told) == 1 and told[0] in _GRAMMAR):
            found.append(Said(current, 0.5, " ".join(told)))
        current, told = None, []

    for word in re.findall(r"[^\W\d_]+|[.,;:!?%]", text.lower()):
        if word in _WORDS:
            current = (current or 0.0) + _WORDS[word]
        elif word in _HUNDRED or (word in _SCALES and current is not None):
            current = (current or 1.0) * (_HUNDRED.get(word) or _SCALES[word])
        elif word in _SHARES:
            close()
            found.append(Said(float("nan"), 0.5, word))
            continue
        elif current is not None and word in {"and", "и"}:
            continue
        else:
            close()
            continue
        told.append(word)
    close()
    return found


def _is(said: Said, fact: float) -> bool:
    """Whether a number may stand for a fact: equal to the digits that were given."""
    if said.decimal is not None and abs(said.decimal - fact) <= _THIRD_DECIMAL:
        return True
    return abs(said.value - fact) <= said.slack + 1e-9
