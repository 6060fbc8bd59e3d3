"""Journeys: tickets long before, a hotel with its hold, and days of spending in another country."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from flows.generator.countries import TRAVEL_CURRENCY, TRAVEL_PRICES, countries
from flows.generator.events import CARD
from flows.generator.params import HABITS
from flows.generator.spending import Basket, buy_abroad, card_account, purchase_text

if TYPE_CHECKING:
    import numpy.typing as npt

    from flows.generator.ledger import Ledger
    from flows.generator.shopping import Shopper
    from flows.generator.spending import Appetite

#: Share of journeys by month, January first: summer, then Christmas and Easter.
MONTHS = (0.5, 0.6, 0.8, 1.0, 1.0, 1.4, 2.6, 2.8, 1.2, 0.8, 0.5, 1.2)
DAILY = (
    ("restaurants", 0.9),
    ("coffee", 0.8),
    ("groceries", 0.4),
    ("taxi", 0.3),
    ("fast_food", 0.3),
    ("general_shopping", 0.3),
    ("entertainment", 0.2),
    ("bars_alcohol", 0.3),
    ("public_transport", 0.2),
    ("clothing", 0.1),
    ("fuel", 0.08),
)
FAR = frozenset({"US", "JP", "TH", "AE"})
HOTEL_HOLD = 1.2
DAYS_IN_YEAR = 365.25
MEDIANS = {habit.category: habit for habit in HABITS}


@dataclass(frozen=True, slots=True)
class Trip:
    """A journey abroad."""

    country: str
    start: date
    nights: int

    @property
    def currency(self) -> str:
        """What is paid with there."""
        return TRAVEL_CURRENCY.get(self.country) or countries()[self.country].currency

    @property
    def prices(self) -> float:
        """Its price level, Germany is 1."""
        return TRAVEL_PRICES.get(self.country) or countries()[self.country].prices


def plan_trips(ledger: Ledger) -> list[Trip]:
    """The journeys of a person, none overlapping another."""
    dice, person = ledger.dice, ledger.person
    years = (ledger.end - ledger.start).days / DAYS_IN_YEAR
    income = {"low": 0.5, "middle": 0.9, "upper": 1.4, "high": 2.0}[person.income_band]
    trips: list[Trip] = []
    for _ in range(dice.poisson(ledger.params.rates.trips_per_year * income * years)):
        year = dice.integer(ledger.start.year, ledger.end.year)
        month = dice.weighted(range(1, 13), MONTHS)
        trip = Trip(
            dice.pick(person.country.trip_destinations),
            date(year, month, dice.integer(1, 28)),
            dice.integer(2, 10),
        )
        inside = ledger.start <= trip.start and trip.start + timedelta(days=trip.nights) < ledger.end
        if inside and all(abs((trip.start - other.start).days) > 20 for other in trips):  # noqa: PLR2004
            trips.append(trip)
    return sorted(trips, key=lambda trip: trip.start)


def days_away(ledger: Ledger, trips: list[Trip]) -> npt.NDArray[np.bool_]:
    """Which days of the history are spent abroad."""
    away = np.zeros((ledger.end - ledger.start).days, dtype=np.bool_)
    for trip in trips:
        index = (trip.start - ledger.start).days
        away[index : index + trip.nights] = True
    return away


def add_trips(ledger: Ledger, shopper: Shopper, level: Appetite, trips: list[Trip]) -> None:
    """Everything that the journeys cost."""
    for trip in trips:
        _add_flight(ledger, shopper, trip)
        _add_hotel(ledger, shopper, trip, level)
        for offset in range(trip.nights):
            _add_day(ledger, shopper, trip, level, trip.start + timedelta(days=offset))


def _add_flight(ledger: Ledger, shopper: Shopper, trip: Trip) -> None:
    booked_on = trip.start - timedelta(days=ledger.dice.integer(12, 95))
    outlet = shopper.outlet("flights", 3)
    if booked_on < ledger.start or outlet is None:
        return
    people = min(ledger.person.heads, 4)
    euros = ledger.dice.lognormal(520 if trip.country in FAR else 120, 0.4) * people**0.8
    account = card_account(ledger)
    amount = ledger.minor(ledger.local(euros) * outlet.merchant.scale**0.5)
    ledger.add(
        account,
        booked_on,
        -amount,
        CARD,
        hour=ledger.dice.between(8, 23),
        merchant=outlet.merchant.name,
        category="flights",
        kind="purchase",
        text=purchase_text(ledger, account, outlet, booked_on),
        mcc="4511",
        hold="same" if account.bank.shows_pending else "",
        pending_minor=-amount,
    )


def _add_hotel(ledger: Ledger, shopper: Shopper, trip: Trip, level: Appetite) -> None:
    outlet = shopper.outlet("hotels", 3)
    if outlet is None:
        return
    night = ledger.dice.lognormal(68 * trip.prices, 0.35) * outlet.merchant.scale * level.size**0.5
    home = ledger.minor(ledger.local(night * trip.nights) / ledger.person.country.prices)
    goods = Basket(outlet, "hotels", "7011", trip.start, ledger.dice.between(13, 22), home)
    event = buy_abroad(ledger, goods, trip.currency, trip.country)
    checkout = trip.start + timedelta(days=trip.nights)
    if event.hold:
        account = next(a for a in ledger.accounts.values() if a.slug == event.account)
        ledger.events[event.number - 1] = event._replace(
            hold="hotel_hold",
            pending_minor=round(event.amount_minor * HOTEL_HOLD),
            booked_date=max(event.booked_date, ledger.booking_date(account, checkout, CARD)),
        )


def _add_day(ledger: Ledger, shopper: Shopper, trip: Trip, level: Appetite, day: date) -> None:
    for category, mean in DAILY:
        if category == "bars_alcohol" and "drinks" not in ledger.person.traits:
            continue
        for _ in range(ledger.dice.poisson(mean)):
            habit = MEDIANS[category]
            outlet = shopper.outlet(category, 3, trip.country)
            if outlet is None:
                continue
            euros = (
                ledger.dice.lognormal(habit.median_eur, habit.sigma) * trip.prices * level.size**0.6 * 0.85
            )
            home = ledger.minor(ledger.local(euros) / ledger.person.country.prices * outlet.merchant.scale)
            hour = habit.hour + ledger.dice.between(-2, 2)
            goods = Basket(outlet, category, habit.mcc, day, hour, home)
            buy_abroad(ledger, goods, trip.currency, trip.country)
