"""The countries that people live in, where they travel, and their banks: read from ``data/*.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

IdPolicy = Literal["stable", "per_download", "amount", "none"]


@dataclass(frozen=True, slots=True)
class Bank:
    """One bank's habits: formats, identifiers, alphabet and how it prints a card purchase."""

    code: str
    name: str
    country: str
    formats: tuple[str, ...]  # what a customer may download, usual one first
    card_text: str  # template over m(erchant) c(ity) k (country) t(ail) d(ate)
    ids: IdPolicy = "stable"
    script: Literal["native", "latin", "ascii"] = "native"
    upper: bool = True
    max_length: int = 60
    shows_pending: bool = False
    posts_on_weekends: bool = False
    cadence: Literal["monthly", "quarterly", "half_yearly"] = "quarterly"
    foreign_markup: float = 0.015
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Country:
    """What life costs and what banks say in one country; amounts in major units of ``currency``."""

    code: str
    currency: str
    zone: str
    language: str
    income: float  # median net monthly income of one earner
    prices: float  # price level, Germany is 1
    per_euro: float  # typical rate by which the catalogue's EUR medians become local prices
    cities: tuple[tuple[str, str], ...]  # native, Latin
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    employers: tuple[str, ...]
    pay_cycles: tuple[tuple[str, int, float], ...]  # cadence, day, share
    words: dict[str, str]
    closed_sundays: bool = False
    food: float = 1.0  # how much more of a budget goes into food than in Germany
    bonus_month: int = 12
    credit_card: float = 0.3
    renting: float = 0.5
    owning_outright: float = 0.2
    car: float = 0.55
    share_of_users: float = 0.1
    trip_destinations: tuple[str, ...] = ()
    abroad: tuple[str, ...] = ("USD",)  # currencies of foreign online shops


#: The first people of every run, so that a small demo shows variety; the rest are drawn by share.
FIRST_COUNTRIES = ("BG", "GB", "DE", "US", "JP", "KW", "FR", "PL")

#: Places that people only travel to: currency, city, and price level (Germany is 1).
TRAVEL_CURRENCY = {
    "ES": "EUR",
    "GR": "EUR",
    "IT": "EUR",
    "TR": "TRY",
    "TH": "THB",
    "CH": "CHF",
    "AE": "AED",
    "CZ": "CZK",
}
TRAVEL_CITY = {
    "ES": "Barcelona",
    "GR": "Athina",
    "IT": "Roma",
    "TR": "Istanbul",
    "TH": "Bangkok",
    "CH": "Zuerich",
    "AE": "Dubai",
    "CZ": "Praha",
}
TRAVEL_PRICES = {"ES": 0.85, "GR": 0.8, "IT": 0.95, "TR": 0.5, "TH": 0.5, "CH": 1.6, "AE": 1.0, "CZ": 0.75}


def read_toml(name: str) -> dict[str, Any]:
    """One of the package's data files."""
    return tomllib.loads(files("flows.generator").joinpath(f"data/{name}.toml").read_text(encoding="utf-8"))


def as_tuples(value: Any) -> Any:  # noqa: ANN401  # whatever TOML holds
    """TOML's lists as tuples, so that what is read once cannot be changed."""
    return tuple(as_tuples(item) for item in value) if isinstance(value, list) else value


@cache
def countries() -> dict[str, Country]:
    """The countries that people live in, by ISO code."""
    return {
        code: Country(code=code, **{name: as_tuples(value) for name, value in facts.items()})
        for code, facts in read_toml("countries").items()
    }


@cache
def banks() -> tuple[Bank, ...]:
    """Every bank of every country."""
    return tuple(
        Bank(**{name: as_tuples(value) for name, value in facts.items()})
        for facts in read_toml("banks")["bank"]
    )
