"""The accounts of a person: at which bank, under which number, and how they are exported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from flows.generator.countries import Bank, banks
from flows.generator.rates import convert

if TYPE_CHECKING:
    from flows.generator.dice import Dice
    from flows.generator.params import Rates
    from flows.generator.people import Person
    from warehouse.records import AccountKind

#: Banks of the first three people, whose files differ in format and hold no trap but overlaps.
FIRST_BANKS = ("bg-balkan", "gb-trent", "de-nord")
OVERLAP_DAYS = (6, 10, 14, 31, 45)
IBAN_SHAPES = {
    "BG": ("BALK", 14),
    "GB": ("NGBK", 14),
    "DE": ("", 18),
    "FR": ("", 23),
    "PL": ("", 24),
    "KW": ("GPBK", 22),
}


@dataclass(frozen=True, slots=True)
class Account:
    """One account with its bank's habits and its owner's way of downloading."""

    slug: str
    ref: str  # what files call it: IBAN or number
    kind: AccountKind
    role: str  # main, savings, card, foreign
    currency: str
    bank: Bank
    file_format: str
    tail: str  # last four digits of its card
    opened_on: date
    opening_minor: int
    overlap_days: int
    midway: bool
    rewords: bool  # whether its texts may change when they are exported again
    second_format: str  # "" or the format of a further download


def iban(country: str, letters: str, digits: str) -> str:
    """An IBAN with valid check digits (ISO 13616)."""
    body = letters + digits
    number = "".join(str(int(c, 36)) for c in f"{body}{country}00")
    return f"{country}{98 - int(number) % 97:02d}{body}"


def draw_number(country: str, kind: str, dice: Dice) -> str:
    """An account number as the country's banks print it; a card by its masked number."""
    if kind == "card":
        return f"XXXXXXXXXXXX{dice.integer(1000, 9999)}"
    letters, length = IBAN_SHAPES.get(country, ("", 0))
    if not length:
        return "".join(str(dice.integer(0, 9)) for _ in range(10))
    return iban(country, letters, "".join(str(dice.integer(0, 9)) for _ in range(length)))


def draw_bank(person: Person, role: str, dice: Dice) -> Bank:
    """A bank of the person's country; savings and cards are often elsewhere."""
    offered = [bank for bank in banks() if bank.country == person.country.code]
    if role == "main" and person.index < len(FIRST_BANKS):
        return next(bank for bank in offered if bank.code == FIRST_BANKS[person.index])
    return dice.weighted(offered, [bank.weight for bank in offered])


def opening_balance(person: Person, role: str, dice: Dice) -> int:
    """What is in the account on its first day, in minor units of the person's currency."""
    months = {
        "main": dice.between(0.35, 1.1),
        "savings": dice.between(0.8, 7.0),
        "foreign": dice.between(0.1, 0.4),
    }
    return int(person.household_income_minor * months.get(role, 0.0))


def roles(person: Person, rates: Rates, dice: Dice) -> list[str]:
    """Which accounts a person has, the main one first."""
    chances = {
        "savings": 0.45 if person.household == "student" else 0.78,
        "card": person.country.credit_card * (0.3 if person.household == "student" else 1.0),
        "foreign": rates.second_currency,
    }
    if person.index < len(FIRST_BANKS):
        chances["savings"] = 1.0
    return ["main", *(role for role, chance in chances.items() if dice.chance(chance))]


def foreign_currency(person: Person, dice: Dice) -> str:
    """Currency of an account held for travel or savings abroad."""
    return dice.pick([c for c in ("EUR", "USD", "GBP", "CHF") if c != person.currency])


def open_account(person: Person, role: str, bank: Bank, rates: Rates, dice: Dice) -> Account:
    """One account at a bank."""
    kinds: dict[str, AccountKind] = {
        "main": "checking",
        "savings": "savings",
        "card": "card",
        "foreign": "checking",
    }
    currency = foreign_currency(person, dice) if role == "foreign" else person.currency
    usual = (
        bank.formats[0]
        if dice.chance(0.7)
        else dice.pick([f for f in bank.formats if f not in {"mt940", "qif"}])
    )
    first = person.index < len(FIRST_BANKS)
    if first:
        usual = bank.formats[0 if role == "main" or len(bank.formats) == 1 else 1]
    others = [f for f in bank.formats if f != usual]
    opening = convert(opening_balance(person, role, dice), person.currency, currency, person.joined_on)
    return Account(
        slug=f"{person.slug}-{role}",
        ref=draw_number(person.country.code, kinds[role], dice),
        kind=kinds[role],
        role=role,
        currency=currency,
        bank=bank,
        file_format=usual,
        tail=f"{dice.integer(1000, 9999)}",
        opened_on=person.joined_on,
        opening_minor=opening,
        overlap_days=dice.pick(OVERLAP_DAYS) if dice.chance(rates.overlap) else 0,
        midway=dice.chance(rates.midway),
        rewords=dice.chance(rates.rewording_account) and not first,
        second_format=dice.pick(others) if others and dice.chance(rates.second_format) and not first else "",
    )


def open_accounts(person: Person, rates: Rates, dice: Dice) -> dict[str, Account]:
    """All accounts of a person by role; other accounts are at the main bank as often as not."""
    main = draw_bank(person, "main", dice)
    opened = {}
    for role in roles(person, rates, dice):
        bank = (
            main
            if role == "main" or person.index < len(FIRST_BANKS) or dice.chance(0.5)
            else draw_bank(person, role, dice)
        )
        opened[role] = open_account(person, role, bank, rates, dice)
    return opened
