"""Day-to-day purchases: how many of each kind on each day, where, for how much, with which card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from flows.generator.days import is_working_day, public_holidays
from flows.generator.events import CARD, Event
from flows.generator.ledger import priced
from flows.generator.params import HABITS, SEASONS, Habit
from flows.generator.rates import convert, per_euro
from flows.generator.text import in_bank_letters, reference_code, shortened
from warehouse.money import Money, exponent

if TYPE_CHECKING:
    import numpy.typing as npt

    from flows.generator.accounts import Account
    from flows.generator.ledger import Ledger
    from flows.generator.shopping import Outlet, Shopper

DAYS_IN_MONTH = 30.44
SUNDAY = 6
FAR_AWAY = {"TH": "THB", "AE": "AED", "TR": "TRY", "US": "USD", "JP": "JPY"}
USUAL_ORDER = 0.55
USUAL_ORDERS = frozenset({"coffee", "public_transport", "tobacco", "parking_tolls"})
OPEN_ON_SUNDAY = frozenset(
    {
        "coffee",
        "restaurants",
        "bars_alcohol",
        "fast_food",
        "taxi",
        "fuel",
        "public_transport",
        "entertainment",
        "games",
    }
)
ONLINE_HOURS = (7.0, 23.8)
TIPPED = frozenset({"restaurants", "bars_alcohol", "taxi"})
FUEL_HOLDS = {"US": 125, "GB": 99, "JP": 15000, "KW": 20, "PL": 300}
USUAL_FUEL_HOLD = 100
SMALLEST, LARGEST = 0.3, 9.0  # of the median: nobody buys lunch for a few cents


@dataclass(frozen=True, slots=True)
class Appetite:
    """How a person's flexible budget compares with the catalogue's."""

    size: float  # factor on amounts
    frequency: float  # factor on counts


class Price(NamedTuple):
    """What a purchase of a habit costs: the median in major units, this one's factor, and the local hour."""

    median: float
    factor: float
    hour: float


class Basket(NamedTuple):
    """What is bought where and when, at its price in the person's own currency."""

    outlet: Outlet
    category: str
    mcc: str
    day: date
    hour: float
    amount_minor: int


def expected_month(ledger: Ledger) -> float:
    """Minor units that the habits would cost this household in a month at the catalogue's amounts."""
    total = sum(
        habit.per_month * _heads(ledger, habit) * usual_price(ledger, habit) * np.exp(habit.sigma**2 / 2)
        for habit in habits(ledger)
    )
    return float(total) * ledger.person.unit


def usual_price(ledger: Ledger, habit: Habit) -> float:
    """The habit's median purchase at home, in major units; food weighs more where incomes are low."""
    food = ledger.person.country.food if habit.category == "groceries" else 1.0
    return ledger.local(habit.median_eur) * food


def habits(ledger: Ledger) -> list[Habit]:
    """The habits that this person has."""
    return [habit for habit in HABITS if not habit.trait or habit.trait in ledger.person.traits]


def _heads(ledger: Ledger, habit: Habit) -> float:
    return 1 + habit.household * (ledger.person.heads - 1)


def appetite(budget_minor: float, expected_minor: float) -> Appetite:
    """Spread a bigger or smaller budget over dearer and more frequent purchases."""
    ratio = min(3.2, max(0.35, budget_minor / expected_minor))
    return Appetite(size=ratio**0.7, frequency=ratio**0.3)


class DayFacts(NamedTuple):
    """What is known of each day of a period in a country."""

    weekdays: npt.NDArray[np.int64]  # Monday is 0
    months: npt.NDArray[np.int64]  # January is 0
    is_closed: npt.NDArray[np.bool_]  # Sunday or public holiday
    is_working: npt.NDArray[np.bool_]


@lru_cache(maxsize=256)
def day_facts(country: str, start: date, end: date) -> DayFacts:
    """Facts of the days in ``[start, end)``."""
    days = [start + timedelta(days=i) for i in range((end - start).days)]
    return DayFacts(
        np.array([d.weekday() for d in days]),
        np.array([d.month - 1 for d in days]),
        np.array([d.weekday() == SUNDAY or d in public_holidays(country, d.year) for d in days]),
        np.array([is_working_day(country, d) for d in days]),
    )


def daily_rates(ledger: Ledger, habit: Habit, frequency: float) -> npt.NDArray[np.float64]:
    """Expected purchases of a habit on each day of the history."""
    country = ledger.person.country
    days = day_facts(country.code, ledger.start, ledger.end)
    weekly = np.asarray(habit.weekdays) / np.mean(habit.weekdays)
    factors = weekly[days.weekdays] * np.asarray(SEASONS[habit.season])[days.months]
    if country.closed_sundays and habit.category not in OPEN_ON_SUNDAY:
        factors = np.where(days.is_closed, 0.06 * factors, factors)
    if country.code == "KW" and habit.weekdays[0] > habit.weekdays[5]:
        factors = np.where(days.is_working, factors, 0.6 * factors)
    own = ledger.dice.lognormal(1.0, 0.3)
    rate = habit.per_month / DAYS_IN_MONTH * _heads(ledger, habit) * frequency ** (2 * habit.elastic) * own
    return np.asarray(rate * factors, dtype=np.float64)


def payday_factors(ledger: Ledger) -> npt.NDArray[np.float64]:
    """People buy more in the week after pay."""
    factors = np.full((ledger.end - ledger.start).days, 0.96)
    for event in ledger.events:
        if event.category in {"salary", "pension"}:
            index = (event.booked_date - ledger.start).days
            factors[max(0, index) : index + 6] = 1.14
    return factors


def add_daily_spending(
    ledger: Ledger, shopper: Shopper, level: Appetite, away: npt.NDArray[np.bool_]
) -> None:
    """Purchases of all habits on all days at home."""
    presence = payday_factors(ledger) * np.where(away, 0.04, 1.0)
    for habit in habits(ledger):
        counts = ledger.dice.generator.poisson(daily_rates(ledger, habit, level.frequency) * presence)
        indices = np.repeat(np.arange(len(counts)), counts)
        size = len(indices)
        spread = np.exp(habit.sigma * ledger.dice.generator.standard_normal(size)).clip(SMALLEST, LARGEST)
        hours = habit.hour + 1.7 * ledger.dice.generator.standard_normal(size)
        median = usual_price(ledger, habit) * level.size
        for index, factor, hour in zip(indices.tolist(), spread.tolist(), hours.tolist(), strict=True):
            day = ledger.start + timedelta(days=index)
            goods = basket(ledger, shopper, habit, day, Price(median, factor, hour))
            if goods is not None:
                buy(ledger, goods)


def basket(ledger: Ledger, shopper: Shopper, habit: Habit, day: date, price: Price) -> Basket | None:
    """What is bought on one occasion; None where nobody sells it."""
    outlet = shopper.outlet(habit.category, habit.favourites)
    if outlet is None:
        return None
    dice = ledger.dice
    is_usual = habit.category in USUAL_ORDERS and dice.chance(USUAL_ORDER)
    amount = price.median * (outlet.usual if is_usual else price.factor) * outlet.merchant.scale
    any_hour = outlet.is_online and habit.category not in TIPPED | {"fast_food"}
    return Basket(
        outlet,
        habit.category,
        habit.mcc,
        day,
        dice.between(*ONLINE_HOURS) if any_hour else price.hour,
        priced(amount, ledger.person.currency, habit.rounding, dice),
    )


def buy(ledger: Ledger, goods: Basket) -> None:
    """One purchase at home or in an online shop."""
    dice, outlet = ledger.dice, goods.outlet
    if (
        outlet.is_online
        and goods.category == "general_shopping"
        and dice.chance(ledger.params.rates.foreign_online)
    ):
        buy_abroad(ledger, goods, dice.pick(ledger.person.country.abroad))
        return
    account = card_account(ledger)
    hold, pending = held(ledger, account, goods.category, goods.amount_minor)
    posted = goods.amount_minor if hold != "tip" else goods.amount_minor + _tip(ledger, goods.amount_minor)
    ledger.add(
        account,
        goods.day,
        -posted,
        CARD,
        hour=goods.hour,
        merchant=outlet.merchant.name,
        category=goods.category,
        kind="purchase",
        text=purchase_text(ledger, account, outlet, goods.day),
        mcc=goods.mcc,
        hold=hold,
        pending_minor=-pending,
    )


def card_account(ledger: Ledger) -> Account:
    """The credit card for some purchases of those who have one, else the main account's card."""
    if "card" in ledger.accounts and ledger.dice.chance(0.45):
        return ledger.accounts["card"]
    return ledger.main


def held(ledger: Ledger, account: Account, category: str, amount: int) -> tuple[str, int]:
    """What a pending line shows: the kind of hold and its amount."""
    if not account.bank.shows_pending:
        return "", 0
    dice, rates, country = ledger.dice, ledger.params.rates, ledger.person.country.code
    if country == "US" and category in TIPPED and dice.chance(rates.tip):
        return "tip", amount
    if category == "fuel" and dice.chance(rates.fuel_hold):
        return "fuel_hold", FUEL_HOLDS.get(country, USUAL_FUEL_HOLD) * ledger.person.unit
    return "same", amount


def _tip(ledger: Ledger, amount: int) -> int:
    share = ledger.dice.pick((0.15, 0.18, 0.18, 0.2, 0.2, 0.22, 0.25))
    unit = ledger.person.unit
    exact = round(amount * share)
    return exact if ledger.dice.chance(0.6) else max(unit, round(exact / unit) * unit)


def purchase_text(ledger: Ledger, account: Account, outlet: Outlet, day: date) -> str:
    """What the bank prints for a purchase by card."""
    merchant = outlet.text
    if outlet.merchant.style == "amazon":
        merchant = f"{merchant}*{reference_code(ledger.dice, 9)}" if account.bank.upper else "Amazon"
    return printed(account, merchant, outlet.city, ledger.person.country.code, day)


def printed(account: Account, merchant: str, city: str, country: str, day: date) -> str:
    """A merchant's text within the bank's own phrase, cut to its length."""
    bank = account.bank
    names = {"m": in_bank_letters(merchant, bank), "c": in_bank_letters(city, bank)}
    text = bank.card_text.format(**names, k=country, t=account.tail, d=day)
    return shortened(text.upper() if bank.upper else text, bank)


def add_far_purchases(ledger: Ledger, shopper: Shopper) -> None:
    """Purchases in a country where the person is not, as after a stolen card number."""
    dice = ledger.dice
    years = (ledger.end - ledger.start).days / (12 * DAYS_IN_MONTH)
    for _ in range(dice.poisson(ledger.params.rates.far_purchase * years)):
        country = dice.pick(tuple(code for code in FAR_AWAY if code != ledger.person.country.code))
        outlet = shopper.outlet("general_shopping", 3, country)
        if outlet is None:
            continue
        day = ledger.start + timedelta(days=dice.integer(0, (ledger.end - ledger.start).days - 1))
        price = ledger.minor(dice.lognormal(ledger.local(140), 0.6))
        goods = Basket(outlet, "general_shopping", "5311", day, dice.between(1, 23), price)
        event = buy_abroad(ledger, goods, FAR_AWAY[country], country)
        ledger.events[event.number - 1] = event._replace(anomaly="far_merchant")


def buy_abroad(ledger: Ledger, goods: Basket, currency: str, country: str = "") -> Event:
    """A purchase in another currency: the price is round there, the bank bills it here with its margin."""
    account = ledger.accounts.get("foreign")
    if account is None or account.currency != currency:
        account = card_account(ledger)
    outlet, day, own = goods.outlet, goods.day, account.currency
    wanted = convert(goods.amount_minor, ledger.person.currency, currency, day) / 10 ** exponent(currency)
    original = priced(wanted, currency, "psychological" if outlet.is_online else "tenth", ledger.dice)
    booked = ledger.booking_date(account, day, CARD)
    is_foreign = currency != own
    margin = 1 + account.bank.foreign_markup if is_foreign else 1.0
    billed = max(1, round(convert(original, currency, own, booked) * margin))
    authorised = max(1, round(convert(original, currency, own, day) * 1.005)) if is_foreign else billed
    hold = ("settlement" if is_foreign else "same") if account.bank.shows_pending else ""
    text = printed(account, outlet.text, outlet.city, country, day)
    if is_foreign:
        text = f"{text} {original_text(original, currency, own, booked)}"
    return ledger.add(
        account,
        day,
        -billed,
        CARD,
        hour=goods.hour,
        booked=booked,
        merchant=outlet.merchant.name,
        category=goods.category,
        kind="purchase",
        text=text,
        mcc=goods.mcc,
        original_currency=currency if is_foreign else "",
        original_minor=-original if is_foreign else 0,
        hold=hold,
        pending_minor=-authorised if hold else 0,
    )


def original_text(original_minor: int, currency: str, billed_currency: str, day: date) -> str:
    """The original amount and rate as banks append them."""
    rate = per_euro(currency, day) / per_euro(billed_currency, day)
    return f"{Money(original_minor, currency).decimal} {currency} @ {rate:.4f}"
