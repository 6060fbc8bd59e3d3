"""Where a person shops: a few favourites per category, each with its terminal, town and usual order."""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from flows.generator.countries import TRAVEL_CITY, countries
from flows.generator.merchants import Merchant, merchants
from flows.generator.text import in_bank_letters, reference_code, terminal_text

if TYPE_CHECKING:
    from flows.generator.countries import Bank
    from flows.generator.dice import Dice
    from flows.generator.people import Person

#: How loyal people are: weight of the first favourite, the second, and so on.
LOYALTY = (1.0, 0.5, 0.3, 0.18, 0.12, 0.08)
EXPLORES = 0.12
ONLINE_TOWNS = {
    "BG": "Sofia",
    "GB": "London",
    "DE": "Berlin",
    "US": "8005551234",
    "FR": "Paris",
    "PL": "Poznan",
}


class Outlet(NamedTuple):
    """One till of a merchant as this person knows it."""

    merchant: Merchant
    text: str
    city: str
    is_online: bool
    usual: float  # the price of the usual order, as a factor of the category's median


class Shopper:
    """Chooses the outlet for each purchase."""

    def __init__(self, person: Person, bank: Bank, dice: Dice) -> None:
        self.person = person
        self.bank = bank
        self.dice = dice
        self._favourites: dict[tuple[str, str], tuple[list[Outlet], list[float]]] = {}

    def outlet(self, category: str, count: int = 4, place: str = "") -> Outlet | None:
        """A favourite of the category, sometimes somewhere new; None where the place has none."""
        country = place or self.person.country.code
        found = self._favourites.get((country, category))
        if found is None:
            found = self._favourites[country, category] = self._choose(country, category, count)
        outlets, cumulated = found
        if not outlets:
            return None
        if self.dice.random() < EXPLORES:
            return self._new_outlet(self.dice.pick(merchants(country)[category]), country)
        return outlets[min(bisect(cumulated, self.dice.random() * cumulated[-1]), len(outlets) - 1)]

    def _choose(self, country: str, category: str, count: int) -> tuple[list[Outlet], list[float]]:
        offered = merchants(country).get(category, ())
        chosen = self.dice.some(offered, [m.weight for m in offered], count)
        return [self._new_outlet(m, country) for m in chosen], list(accumulate(LOYALTY[: len(chosen)]))

    def _new_outlet(self, merchant: Merchant, country: str) -> Outlet:
        online = merchant.style in {"online", "amazon"}
        city = TRAVEL_CITY.get(country) or self._town(country)
        if online:
            city = ONLINE_TOWNS.get(country, "")
        text = terminal_text(merchant, self.bank, country, self.dice)
        if merchant.style == "online" and self.dice.chance(0.2) and self.bank.upper:
            text += " " + reference_code(self.dice, 6)
        return Outlet(merchant, text, in_bank_letters(city, self.bank), online, self.dice.lognormal(1.0, 0.2))

    def _town(self, country: str) -> str:
        if country != self.person.country.code:
            return self.dice.pick(countries()[country].cities)[1]
        return self.dice.pick(self.person.country.cities)[0] if self.dice.chance(0.15) else self.person.city
