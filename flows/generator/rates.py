"""Exchange rates of the simulated days: ECB reference rates, with the pegs that the ECB does not quote."""

from __future__ import annotations

import csv
from bisect import bisect_right
from datetime import date
from functools import cache
from importlib.resources import files

from warehouse.money import exponent

BGN_PER_EURO = 1.95583
AED_PER_DOLLAR = 3.6725
KWD_PER_DOLLAR = 0.307  # the dinar follows a basket that is mostly dollars


@cache
def _reference_rates() -> tuple[list[date], dict[str, list[float]]]:
    text = files("flows.generator").joinpath("data/ecb_rates.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(text.splitlines()))
    days = [date.fromisoformat(row[0]) for row in rows[1:]]
    return days, {code: [float(row[i]) for row in rows[1:]] for i, code in enumerate(rows[0]) if i}


@cache
def per_euro(currency: str, day: date) -> float:
    """Units of a currency for one euro on a day: the last rate published by then."""
    if currency == "EUR":
        return 1.0
    if currency == "BGN":
        return BGN_PER_EURO
    if currency == "AED":
        return AED_PER_DOLLAR * per_euro("USD", day)
    if currency == "KWD":
        return KWD_PER_DOLLAR * per_euro("USD", day)
    days, rates = _reference_rates()
    return rates[currency][max(0, bisect_right(days, day) - 1)]


def convert(amount_minor: int, source: str, target: str, day: date) -> int:
    """Minor units of ``target`` worth ``amount_minor`` of ``source`` at the day's reference rate."""
    if source == target:
        return amount_minor
    rate = per_euro(target, day) / per_euro(source, day)
    return round(amount_minor * rate * 10.0 ** (exponent(target) - exponent(source)))
