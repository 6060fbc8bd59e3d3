"""Amounts in JSON: minor units become numbers with the currency's own decimals and back again, exactly."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from iso4217 import Currency

from api.errors import WrongAmountError
from warehouse.money import WITHDRAWN, Money, MoneyError, exponent

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


def exact_minor(amount: Decimal, currency: str) -> int:
    """Minor units of what a client sent, never rounded; raises WrongAmountError."""
    try:
        return Money.of(amount, currency).minor
    except MoneyError:
        raise WrongAmountError from None
