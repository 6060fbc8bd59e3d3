"""Which currency a receipt is in: its marks, then the words of its country, then what the user says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

_MARKS: tuple[tuple[str, str], ...] = (
    ("MYR", r"(?<![A-Za-z])RM\s?\d|\(RM\)|(?<![A-Za-z])RM(?![A-Za-z])|\bMYR\b"),
    ("EUR", r"€|\bEURO?\b|\bЕВРО\b"),
    ("GBP", r"£|\bGBP\b"),
    ("BGN", r"(?<![а-яА-Я])лв(?![а-яА-Я])|\bЛЕВА\b|\bBGN\b"),
    ("CHF", r"\bCHF\b|\bSFr\b"),
    ("PLN", r"\bzł|\bPLN\b"),
    ("CZK", r"\bKč|\bCZK\b"),
    ("RON", r"\bRON\b|\bLEI\b"),
    ("HUF", r"\bHUF\b|\bFt\b"),
    ("TRY", r"₺|\bTRY\b"),
    ("JPY", r"[¥￥円]|\bJPY\b"),
    ("INR", r"₹|\bINR\b|\bRs\.?\s?\d"),
    ("SGD", r"S\$|\bSGD\b"),
    ("AUD", r"A\$|\bAUD\b"),
    ("CAD", r"C\$|\bCAD\b"),
    ("USD", r"US\$|\bUSD\b"),
    ("SEK", r"\bSEK\b"),
    ("DKK", r"\bDKK\b"),
    ("NOK", r"\bNOK\b"),
)
#: Words that only one currency's tills print.
_WORDS: tuple[tuple[str, str], ...] = (
    ("MYR", r"\bSDN\.?\s*BHD|\bJALAN\b|\bJLN\b|\bSELANGOR\b|\bKUALA LUMPUR\b|\bJOHOR\b"),
    ("EUR", r"\bGMBH\b|\bMWST\b|\bUST-?ID\b|\bTVA\b|\bS\.?R\.?L\.?\b|\bOHG\b"),
    ("BGN", r"\bДДС\b|\bЕИК\b|\bЕООД\b|\bФИСКАЛЕН\b"),
    ("USD", r"\b[A-Z]{2}\s\d{5}(?:-\d{4})?\b"),
    ("GBP", r"\bVAT\b.*\bGB\b|\b[A-Z]{1,2}\d{1,2}\s?\d[A-Z]{2}\b"),
)
_EURO_COUNTRIES = "AT BE BG CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK"
_OTHER_COUNTRIES = (
    "US USD MY MYR GB GBP CH CHF PL PLN CZ CZK RO RON HU HUF TR TRY JP JPY IN INR SG SGD AU AUD CA CAD "
    "NZ NZD SE SEK DK DKK NO NOK"
)
_PAIRS = _OTHER_COUNTRIES.split()
BY_COUNTRY = {
    **dict.fromkeys(_EURO_COUNTRIES.split(), "EUR"),
    **dict(zip(_PAIRS[0::2], _PAIRS[1::2], strict=True)),
}
_DOLLARS = frozenset({"USD", "SGD", "AUD", "CAD", "NZD", "MYR"})
_DOLLAR = re.compile(r"\$\s?\d")
#: Bulgaria pays in euro from this day on.
_EURO_IN_BULGARIA = date(2026, 1, 1)
STATED, BY_WORDS, BY_USER = 0.99, 0.93, 0.7


@dataclass(frozen=True, slots=True)
class CurrencyGuess:
    """An ISO 4217 code, empty when nothing tells, and how sure that is."""

    code: str
    confidence: float


def currency_of(texts: Sequence[str], country: str = "", own: str = "") -> CurrencyGuess:
    """The receipt's currency; ``country`` and ``own`` (a currency) are the user's."""
    whole = "\n".join(texts)
    counts = {code: len(re.findall(pattern, whole, re.IGNORECASE)) for code, pattern in _MARKS}
    best = max(counts, key=lambda code: counts[code])
    if counts[best]:
        return CurrencyGuess(best, STATED if list(counts.values()).count(counts[best]) == 1 else BY_WORDS)
    upper = whole.upper()
    by_words = next((code for code, pattern in _WORDS if re.search(pattern, upper)), "")
    user = own or BY_COUNTRY.get(country.upper(), "")
    if _DOLLAR.search(whole):
        known = next((code for code in (by_words, user) if code in _DOLLARS), "")
        return CurrencyGuess(known or "USD", BY_WORDS if known else 0.6)
    if by_words:
        return CurrencyGuess(by_words, BY_WORDS)
    return CurrencyGuess(user, BY_USER if user else 0.0)


def by_day(guess: CurrencyGuess, day: date | None, texts: Sequence[str]) -> CurrencyGuess:
    """A Bulgarian receipt is in euro from 2026 on, although it may print levs as well."""
    if guess.code == "BGN" and day is not None and day >= _EURO_IN_BULGARIA:
        return CurrencyGuess("EUR", BY_WORDS)
    if guess.code == "EUR" and day is not None and day < _EURO_IN_BULGARIA:
        levs = re.search(dict(_MARKS)["BGN"], "\n".join(texts), re.IGNORECASE)
        return CurrencyGuess("BGN", BY_WORDS) if levs else guess
    return guess
