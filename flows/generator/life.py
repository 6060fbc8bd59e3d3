"""One person's whole history, from their name to the last booked line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.generator.accounts import Account, open_accounts
from flows.generator.aftermath import add_aftermath
from flows.generator.dice import Dice
from flows.generator.income import add_income
from flows.generator.ledger import Ledger
from flows.generator.people import Person, draw_person
from flows.generator.recurring import add_bills, add_housing, add_subscriptions
from flows.generator.shopping import Shopper
from flows.generator.spending import add_daily_spending, add_far_purchases, appetite, expected_month
from flows.generator.transfers import (
    add_cash,
    add_sent_transfers,
    fund_foreign_account,
    manage_savings,
    pay_credit_card,
)
from flows.generator.trips import add_trips, days_away, plan_trips

if TYPE_CHECKING:
    from flows.generator.events import Event, Series
    from flows.generator.params import GeneratorParams

DAYS_IN_MONTH = 30.44
SMALLEST_BUDGET = 0.18  # of income: nobody lives on less besides the bills


@dataclass(frozen=True, slots=True)
class Life:
    """A person with accounts and everything that happened on them."""

    person: Person
    accounts: tuple[Account, ...]
    events: tuple[Event, ...]
    series: tuple[Series, ...]


def live(index: int, params: GeneratorParams) -> Life:
    """Simulate the n-th person; depends on nobody else."""
    dice = Dice(params.seed, index)
    person = draw_person(index, params, dice)
    accounts = open_accounts(person, params.rates, dice)
    ledger = Ledger(person, accounts, params, dice)
    _add_regular_life(ledger)
    _add_flexible_life(ledger)
    add_aftermath(ledger)
    fund_foreign_account(ledger)
    pay_credit_card(ledger)
    manage_savings(ledger)
    events = [event for event in ledger.events if event.spent_date < params.end]
    return Life(person, tuple(accounts.values()), tuple(events), tuple(ledger.series))


def _add_regular_life(ledger: Ledger) -> None:
    add_income(ledger)
    add_housing(ledger)
    add_bills(ledger)
    add_subscriptions(ledger)
    add_cash(ledger)
    add_sent_transfers(ledger)


def monthly_net(ledger: Ledger) -> float:
    """What is left a month after all that is in the ledger so far, in minor units."""
    months = max(1.0, (ledger.end - ledger.start).days / DAYS_IN_MONTH)
    return (
        sum(event.amount_minor for event in ledger.events if event.currency == ledger.person.currency)
        / months
    )


def _budget(ledger: Ledger) -> float:
    income = ledger.person.household_income_minor
    return max(income * SMALLEST_BUDGET, monthly_net(ledger) - income * ledger.person.saving_rate)


def _add_flexible_life(ledger: Ledger) -> None:
    shopper = Shopper(ledger.person, ledger.main.bank, ledger.dice)
    expected = expected_month(ledger)
    trips = plan_trips(ledger)
    add_trips(ledger, shopper, appetite(_budget(ledger), expected), trips)
    add_daily_spending(ledger, shopper, appetite(_budget(ledger), expected), days_away(ledger, trips))
    add_far_purchases(ledger, shopper)
