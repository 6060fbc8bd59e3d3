"""How many decimals a receipt prints: yen have none, dinars three, and forints none although ISO says two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from models_ml.receipts.currencies import BY_USER, CurrencyGuess
from warehouse.money import exponent

#: Currencies of two decimals by ISO 4217 whose tills print none, or rarely.
_OFTEN_WHOLE = frozenset({"HUF", "IDR", "COP", "TWD", "CZK", "ARS", "CRC", "PKR", "LKR", "RSD", "AMD"})
_CENTS = re.compile(r"(?<![\d.,/:])\d{1,7}[.,]\d{2}(?![\d%]|[.,/:]\d|\s?%)")
_NO_CENTS = re.compile(r"[.,]00$")
_THOUSANDTHS = re.compile(r"(?<![\d.,/:])\d{1,6}[.,]\d{3}(?![\d%]|[.,/:]\d|\s?(?:%|kg|g|l)\b)")
_SEVERAL = 2


@dataclass(frozen=True, slots=True)
class Printed:
    """Decimals on the paper, and what makes minor units of the digits."""

    decimals: int
    scale: int = 1


CENTS = Printed(2)


def printed(code: str, texts: Sequence[str]) -> Printed:
    """How amounts of a currency (ISO 4217, or empty) stand on the paper."""
    places = exponent(code) if code else 2
    if places == 0:
        return Printed(0)
    if places == 3:  # noqa: PLR2004
        return Printed(3) if _count(_THOUSANDTHS, texts) >= len(_cents(texts)) else Printed(2, 10)
    if code in _OFTEN_WHOLE and not _cents(texts):
        return Printed(0, 100)
    return CENTS


def unless_contradicted(guess: CurrencyGuess, texts: Sequence[str]) -> CurrencyGuess:
    """No currency where only the user's country says one without decimals, and the paper prints cents."""
    if not guess.code or guess.confidence > BY_USER or exponent(guess.code):
        return guess
    cents = [text for text in _cents(texts) if not _NO_CENTS.search(text)]
    return CurrencyGuess("", 0.0) if len(cents) >= _SEVERAL else guess


def _cents(texts: Sequence[str]) -> list[str]:
    return [found for text in texts for found in _CENTS.findall(text)]


def _count(pattern: re.Pattern[str], texts: Sequence[str]) -> int:
    return sum(len(pattern.findall(text)) for text in texts)
