"""Amounts in JSON: minor units in a table become numbers with the currency's own decimals, exactly."""

from __future__ import annotations

from functools import cache

from iso4217 import Currency

from warehouse.money import WITHDRAWN, MoneyError, exponent

#: Decimals of a currency that ``unusual_units`` does not list.
USUAL_DECIMALS = 2


@cache
def unusual_units() -> dict[str, str]:
    """The minor unit of every currency that has not two decimals, as SQL writes it: JPY 1, KWD 0.001.

    An integer times such a numeric has the right number of decimals: 1230 * 0.01 is 12.30.
    """
    return {
        code: minor_unit(decimals)
        for code in sorted({*(currency.code for currency in Currency), *WITHDRAWN})
        if (decimals := _decimals(code)) != USUAL_DECIMALS
    }


def minor_unit(decimals: int) -> str:
    """One minor unit in major units, exactly and with all its decimals."""
    return "1" if decimals == 0 else f"0.{'1':0>{decimals}}"


def _decimals(code: str) -> int:
    try:
        return exponent(code)
    except MoneyError:  # gold and other codes in which nobody pays
        return USUAL_DECIMALS
