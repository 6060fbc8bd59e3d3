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
    ("RON", r"\bRON\b(?!\s?9\d)|\d\s?LEI\b|\bLEI\s?\d"),
    ("HUF", r"\bHUF\b|\d{2}\s?Ft\b"),
    ("TRY", r"₺|\bTRY\s?\d|\d\s?(?:TRY|TL)\b"),
    ("JPY", r"[¥￥円]|\bJPY\b"),
    ("KWD", r"\bKWD\b|\bK\.?D\.?\s{0,3}\d+\.\d{3}(?!\d)"),
    ("BHD", r"(?<!SDN )(?<!SDN\. )\bB(?:\.?D|HD)\.?\s{0,3}\d+\.\d{3}(?!\d)"),
    ("OMR", r"\bOMR\b|\bR\.?O\.?\s{0,3}\d+\.\d{3}(?!\d)"),
    ("JOD", r"\bJOD\b|\bJ\.?D\.?\s{0,3}\d+\.\d{3}(?!\d)"),
    ("TND", r"\bTND\b|\d\.\d{3}\s?DT\b"),
    ("KRW", r"[₩원]|\bKRW\b"),
    ("VND", r"₫|\bVND\b|\d\s?đ(?!\w)"),
    ("ISK", r"\bISK\b"),
    ("CLP", r"\bCLP\b"),
    ("IDR", r"\bIDR\b|\bRp\.?\s?\d"),
    ("TWD", r"NT\$|\bTWD\b"),
    ("THB", r"฿|\bTHB\b"),
    ("PHP", r"₱|\bPHP\b"),
    ("ILS", r"₪|\bILS\b"),
    ("UAH", r"₴|\bUAH\b|(?<![а-яА-Я])грн"),
    ("BRL", r"(?<![A-Za-z])R\$|\bBRL\b"),
    ("AED", r"\bAED\b|\bDhs?\.?\s?\d"),
    ("SAR", r"\bSAR\s{0,3}\d|\d\s?SAR\b"),
    ("HRK", r"\bHRK\b|\d\s?kn\b"),
    ("INR", r"₹|\bINR\b|\bRs\.?\s?\d"),
    ("SGD", r"S\$|\bSGD\b"),
    ("AUD", r"A\$|\bAUD\b"),
    ("CAD", r"C\$|\bCAD\b"),
    ("USD", r"US\$|\bUSD\b"),
    ("SEK", r"\bSEK\s{0,3}\d|\d\s?SEK\b"),
    ("DKK", r"\bDKK\b"),
    ("NOK", r"\bNOK\b"),
)
#: Words that only one currency's tills print.
_WORDS: tuple[tuple[str, str], ...] = (
    ("JPY", r"合計|小計|お釣|お預|領収"),
    ("KRW", r"합계|부가세|영수증"),
    ("HUF", r"\bÁFA\b|\bNYUGTA\b|\bÖSSZESEN\b"),
    ("KWD", r"\bKUWAIT\b"),
    ("BHD", r"\bBAHRAIN\b"),
    ("OMR", r"\bOMAN\b|\bMUSCAT\b"),
    ("MYR", r"\bSDN\.?\s*BHD|\bJALAN\b|\bJLN\b|\bSELANGOR\b|\bKUALA LUMPUR\b|\bJOHOR\b"),
    ("EUR", r"\bGMBH\b|\bMWST\b|\bUST-?ID\b|\bTVA\b|\bS\.?R\.?L\.?\b|\bOHG\b"),
    ("BGN", r"\bДДС\b|\bЕИК\b|\bЕООД\b|\bФИСКАЛЕН\b"),
    ("USD", r"\b[A-Z]{2}\s\d{5}(?:-\d{4})?\b"),
    ("GBP", r"\bVAT\b.*\bGB\b|\b[A-Z]{1,2}\d{1,2}\s?\d[A-Z]{2}\b"),
)
_EURO_COUNTRIES = "AT BE BG CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK"
_OTHER_COUNTRIES = (
    "US USD MY MYR GB GBP CH CHF PL PLN CZ CZK RO RON HU HUF TR TRY JP JPY IN INR SG SGD AU AUD CA CAD "
    "NZ NZD SE SEK DK DKK NO NOK KW KWD BH BHD OM OMR JO JOD TN TND KR KRW VN VND IS ISK CL CLP ID IDR "
    "TW TWD TH THB PH PHP IL ILS UA UAH BR BRL AE AED SA SAR"
)
_PAIRS = _OTHER_COUNTRIES.split()
BY_COUNTRY = {
    **dict.fromkeys(_EURO_COUNTRIES.split(), "EUR"),
    **dict(zip(_PAIRS[0::2], _PAIRS[1::2], strict=True)),
}
_DOLLARS = frozenset({"USD", "SGD", "AUD", "CAD", "NZD", "MYR", "TWD", "CLP"})
_DOLLAR = re.compile(r"\$\s?\d")


@dataclass(frozen=True, slots=True)
class Changeover:
    """When a country's money became the euro, and millionths of it that one euro is."""

    country: str
    day: date
    per_euro_micro: int


#: Both are printed for a while before and after; the rates are fixed by the Council of the EU.
CHANGEOVERS = {
    "BGN": Changeover("BG", date(2026, 1, 1), 1_955_830),
    "HRK": Changeover("HR", date(2023, 1, 1), 7_534_500),
}
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


def by_day(guess: CurrencyGuess, day: date | None, texts: Sequence[str], country: str = "") -> CurrencyGuess:
    """The currency of the day: Bulgaria pays in euro from 2026 on, although receipts print levs too."""
    if day is None:
        return guess
    whole = "\n".join(texts)
    for code, changeover in CHANGEOVERS.items():
        if guess.code == code and day >= changeover.day:
            return CurrencyGuess("EUR", BY_WORDS)
        if guess.code != "EUR" or day >= changeover.day:
            continue
        if re.search(mark_of(code), whole, re.IGNORECASE):
            return CurrencyGuess(code, BY_WORDS)
        if guess.confidence <= BY_USER and country.upper() == changeover.country:
            return CurrencyGuess(code, BY_USER)
    return guess


def mark_of(code: str) -> str:
    """The pattern of a currency's marks."""
    return dict(_MARKS)[code]
