"""Who lives in the simulation: household, income, habits, and when their history begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from flows.generator.countries import FIRST_COUNTRIES, Country, countries
from flows.generator.params import EURO_IN_BULGARIA
from flows.generator.text import ascii_only
from warehouse.money import exponent

if TYPE_CHECKING:
    from flows.generator.dice import Dice
    from flows.generator.params import GeneratorParams

HOUSEHOLDS = ("single", "couple", "family", "single_parent", "retired", "student")
HOUSEHOLD_SHARES = (0.32, 0.2, 0.24, 0.07, 0.1, 0.07)
FIRST_HOUSEHOLDS = ("couple", "single", "family")

#: Income against the country's median, by band, with the share of people in it.
BANDS = (("low", 0.66, 0.27), ("middle", 1.0, 0.4), ("upper", 1.5, 0.23), ("high", 2.4, 0.1))
HOUSEHOLD_INCOME = {"retired": 0.72, "student": 0.55}
CHILD_WEIGHTS = (0.45, 0.42, 0.13)


@dataclass(frozen=True, slots=True)
class Person:
    """One customer of the simulated banks; incomes are in minor units of ``currency`` a month, net."""

    index: int
    slug: str
    email: str
    name: str
    country: Country
    currency: str
    city: str
    household: str
    adults: int
    children: int
    tenure: str  # "rent", "mortgage", "own", "family"
    income_band: str
    income_minor: int
    partner_income_minor: int
    pay_cycle: str
    pay_day: int
    saving_rate: float
    traits: frozenset[str]
    joined_on: date

    @property
    def unit(self) -> int:
        """Minor units in one major unit."""
        return int(10 ** exponent(self.currency))

    @property
    def heads(self) -> int:
        """People who live from this income."""
        return self.adults + self.children

    @property
    def household_income_minor(self) -> int:
        """All that comes in during a usual month."""
        return self.income_minor + self.partner_income_minor


def draw_country(index: int, dice: Dice) -> Country:
    """Country of the n-th person: the first eight differ, the rest are drawn by share."""
    if index < len(FIRST_COUNTRIES):
        return countries()[FIRST_COUNTRIES[index]]
    offered = list(countries().values())
    return dice.weighted(offered, [c.share_of_users for c in offered])


def account_currency(country: Country, params: GeneratorParams) -> str:
    """The currency of a country's accounts; Bulgaria's is the lev where the period ends before the euro."""
    if country.code == "BG" and params.end <= EURO_IN_BULGARIA:
        return "BGN"
    return country.currency


def draw_household(index: int, dice: Dice) -> tuple[str, int, int]:
    """Household type with its adults and children."""
    kind = dice.weighted(HOUSEHOLDS, HOUSEHOLD_SHARES)
    if index < len(FIRST_HOUSEHOLDS):
        kind = FIRST_HOUSEHOLDS[index]
    adults = 2 if kind in {"couple", "family"} or (kind == "retired" and dice.chance(0.5)) else 1
    children = dice.weighted((1, 2, 3), CHILD_WEIGHTS) if kind in {"family", "single_parent"} else 0
    return kind, adults, children


def draw_traits(country: Country, household: str, adults: int, children: int, dice: Dice) -> frozenset[str]:
    """What else decides a person's spending."""
    car = dice.chance(min(0.95, country.car * (0.35 if household == "student" else 0.8 + 0.2 * adults)))
    chances = {
        "pet": 0.3,
        "smoker": 0.2,
        "gambler": 0.07,
        "games": 0.35,
        "saver": 0.4,
        "drinks": 0.0 if country.code == "KW" else 0.75,
        "children": float(children > 0),
        "car": float(car),
        "no_car": float(not car),
    }
    return frozenset(trait for trait, chance in chances.items() if dice.chance(chance))


def draw_tenure(country: Country, household: str, dice: Dice) -> str:
    """Whether somebody rents, pays a mortgage, owns, or lives with family."""
    if household == "student":
        return "rent" if dice.chance(0.6) else "family"
    if household == "retired" and dice.chance(0.6):
        return "own"
    left = max(0.05, 1 - country.renting - country.owning_outright)
    return dice.weighted(("rent", "own", "mortgage"), (country.renting, country.owning_outright, left))


def draw_income(country: Country, currency: str, household: str, dice: Dice) -> tuple[str, int]:
    """Income band and net monthly income in minor units."""
    band, factor, _ = dice.weighted(BANDS, [share for *_, share in BANDS])
    median = country.income * HOUSEHOLD_INCOME.get(household, 1.0) * (1.95583 if currency == "BGN" else 1.0)
    income = dice.lognormal(median * factor, 0.14)
    return band, int(round(income, -1)) * int(10 ** exponent(currency))


def draw_joined(params: GeneratorParams, index: int, dice: Dice) -> date:
    """First day of the history; some people join in the middle of a month."""
    days = (params.end - params.start).days
    if index < len(FIRST_HOUSEHOLDS) or not dice.chance(params.rates.joins_late):
        return params.start
    return params.start + timedelta(days=dice.integer(days // 20, max(days // 20, days // 2)))


def draw_pay_cycle(country: Country, household: str, dice: Dice) -> tuple[str, int]:
    """Cadence and day of the month of the main income."""
    if household == "retired":
        return "monthly", dice.integer(5, 25)
    cadence, day, _ = dice.weighted(country.pay_cycles, [share for *_, share in country.pay_cycles])
    return cadence, day


def draw_name(country: Country, dice: Dice) -> str:
    """A first and a last name; Bulgarian women's last names end in a."""
    first, last = dice.pick(country.first_names), dice.pick(country.last_names)
    return f"{first} {last}а" if country.code == "BG" and first.endswith("а") else f"{first} {last}"


def draw_person(index: int, params: GeneratorParams, dice: Dice) -> Person:
    """The n-th person of a run."""
    country = draw_country(index, dice)
    currency = account_currency(country, params)
    household, adults, children = draw_household(index, dice)
    traits = draw_traits(country, household, adults, children, dice)
    band, income = draw_income(country, currency, household, dice)
    name = draw_name(country, dice)
    slug = f"{index + 1:05d}-{country.code.lower()}"
    cadence, day = draw_pay_cycle(country, household, dice)
    partner_earns = adults > 1 and dice.chance(0.55)
    mailbox = (
        ascii_only(name).lower().replace(" ", ".")
        if ascii_only(name).isascii()
        else f"person.{country.code.lower()}"
    )
    return Person(
        index=index,
        slug=slug,
        email=f"{mailbox}.{index + 1}@example.com",
        name=name,
        country=country,
        currency=currency,
        city=dice.pick(country.cities)[0],
        household=household,
        adults=adults,
        children=children,
        tenure=draw_tenure(country, household, dice),
        income_band=band,
        income_minor=income,
        partner_income_minor=int(income * dice.between(0.5, 1.1)) // 1000 * 1000 if partner_earns else 0,
        pay_cycle=cadence,
        pay_day=day,
        saving_rate=min(0.32, max(-0.02, dice.between(0.0, 0.14) + (0.07 if "saver" in traits else 0.0))),
        traits=traits,
        joined_on=draw_joined(params, index, dice),
    )
