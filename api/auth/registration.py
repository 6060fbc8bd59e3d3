"""What somebody says when they register, as an account."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from api.auth.schemas import Registration
from api.auth.service import NewAccount
from api.errors import WrongAmountError
from warehouse.money import MoneyError, exponent


def account_of(registration: Registration) -> NewAccount:
    """The account; raises WrongAmountError for a currency that is none."""
    currency = registration.currency or currency_of(registration.country)
    try:
        decimals = exponent(currency)
    except MoneyError:
        raise WrongAmountError from None
    income = registration.annual_income
    monthly = None if not income else int((income.scaleb(decimals) / 12).quantize(Decimal(1), ROUND_HALF_UP))
    return NewAccount(
        email=registration.email,
        password=registration.password,
        country=registration.country,
        currency=currency,
        timezone=registration.timezone,
        name=registration.name,
        monthly_income_minor=monthly,
    )


def currency_of(country: str) -> str:
    """The legal tender of a country today, by Unicode's territory data; the euro where it knows none."""
    from babel.numbers import get_territory_currencies  # noqa: PLC0415 - wanted when somebody registers

    tender = get_territory_currencies(country, tender=True)
    return str(tender[0]) if tender else "EUR"
