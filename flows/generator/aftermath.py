"""What follows a purchase: a second coffee, a refund, friends who pay their share, a fee taken back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from flows.generator.events import BANK, CARD, TRANSFER, Event
from flows.generator.people import draw_name
from flows.generator.text import in_bank_letters, shortened

if TYPE_CHECKING:
    from flows.generator.accounts import Account
    from flows.generator.ledger import Ledger

REPEATED = frozenset({"coffee", "public_transport", "parking_tolls", "tobacco", "bars_alcohol", "fast_food"})
RETURNABLE = frozenset(
    {
        "clothing",
        "electronics",
        "general_shopping",
        "furniture_home",
        "hobbies",
        "household_supplies",
        "flights",
    }
)
SHARED = frozenset({"restaurants", "bars_alcohol", "entertainment", "taxi", "hotels"})
PARTS = (0.2, 0.25, 0.3, 0.5, 0.5, 0.75)
SHARED_FROM_EUROS = 28


def add_aftermath(ledger: Ledger) -> None:
    """Everything that refers back to what is in the ledger already."""
    purchases = [event for event in ledger.events if event.kind == "purchase"]
    for event in purchases:
        _make_unusual(ledger, event)
    for event in [ledger.events[event.number - 1] for event in purchases]:
        _add_twin(ledger, event)
        _add_duplicate_charge(ledger, event)
        _add_refund(ledger, event)
        _add_reimbursements(ledger, event)
    for event in [event for event in ledger.events if event.kind == "fee"]:
        _add_reversal(ledger, event)


def account_of(ledger: Ledger, event: Event) -> Account:
    """The account that an event is on."""
    return next(account for account in ledger.accounts.values() if account.slug == event.account)


def _make_unusual(ledger: Ledger, event: Event) -> None:
    if event.original_currency or not ledger.dice.chance(ledger.params.rates.unusual_amount):
        return
    factor = ledger.dice.integer(6, 12)
    ledger.events[event.number - 1] = event._replace(
        amount_minor=event.amount_minor * factor,
        pending_minor=event.pending_minor * factor,
        anomaly="unusual_amount",
    )


def repeat(ledger: Ledger, event: Event, anomaly: str = "") -> Event:
    """The same purchase once more on the same day."""
    number = len(ledger.events) + 1
    again = event._replace(
        number=number, spent_at=event.spent_at + timedelta(minutes=1), twin_of=event.number, anomaly=anomaly
    )
    ledger.events.append(again)
    return again


def _add_twin(ledger: Ledger, event: Event) -> None:
    if event.category in REPEATED and ledger.dice.chance(ledger.params.rates.twin):
        repeat(ledger, event)


def _add_duplicate_charge(ledger: Ledger, event: Event) -> None:
    if not ledger.dice.chance(ledger.params.rates.duplicate_charge):
        return
    second = repeat(ledger, event, "duplicate_charge")
    _return(ledger, second, -second.amount_minor, ledger.dice.integer(3, 9))


def _add_refund(ledger: Ledger, event: Event) -> None:
    if event.category not in RETURNABLE or not ledger.dice.chance(ledger.params.rates.refund):
        return
    amount = -event.amount_minor
    if ledger.dice.chance(ledger.params.rates.partial_refund):
        amount = max(1, round(amount * ledger.dice.pick(PARTS)))
    _return(ledger, event, amount, ledger.dice.integer(2, 26))


def _return(ledger: Ledger, event: Event, amount: int, days: int) -> None:
    day = max(event.booked_date, event.spent_date) + timedelta(days=days)
    if day >= ledger.end:
        return
    account = account_of(ledger, event)
    word = in_bank_letters(ledger.words("refund", day), account.bank)
    text = event.text if ledger.dice.chance(0.3) else shortened(f"{word} {event.text}", account.bank)
    whole = amount == -event.amount_minor
    ledger.add(
        account,
        day,
        amount,
        CARD,
        hour=12.0,
        merchant=event.merchant,
        category=event.category,
        kind="refund",
        text=text,
        mcc=event.mcc,
        refund_of=event.number,
        original_currency=event.original_currency if whole else "",
        original_minor=-event.original_minor if whole else 0,
    )


def _add_reimbursements(ledger: Ledger, event: Event) -> None:
    floor = ledger.local(SHARED_FROM_EUROS) * ledger.person.unit
    enough = -event.amount_minor >= floor and event.currency == ledger.person.currency
    if event.category not in SHARED or not enough or not ledger.dice.chance(ledger.params.rates.reimbursed):
        return
    friends = ledger.dice.integer(1, 3)
    share = -event.amount_minor // (friends + 1)
    if ledger.dice.chance(0.4):
        share = max(1, share // ledger.person.unit * ledger.person.unit or share)
    for _ in range(friends):
        day = event.spent_date + timedelta(days=ledger.dice.integer(0, 5))
        if day < ledger.end:
            _add_share(ledger, event, share, day)


def _add_share(ledger: Ledger, event: Event, share: int, day: date) -> None:
    friend = draw_name(ledger.person.country, ledger.dice)
    words = f"{ledger.words('transfer', event.spent_date)} {friend} {ledger.words('share', event.spent_date)}"
    ledger.add(
        ledger.main,
        day,
        share,
        TRANSFER,
        hour=ledger.dice.between(9, 22),
        merchant=friend,
        category="transfer_in",
        kind="reimbursement",
        text=in_bank_letters(words, ledger.main.bank),
        counterparty=friend,
        reimbursement_of=event.number,
    )


def _add_reversal(ledger: Ledger, event: Event) -> None:
    day = event.booked_date + timedelta(days=ledger.dice.integer(2, 10))
    if day >= ledger.end or not ledger.dice.chance(ledger.params.rates.fee_reversed):
        return
    account = account_of(ledger, event)
    ledger.add(
        account,
        day,
        -event.amount_minor,
        BANK,
        merchant=event.merchant,
        category=event.category,
        kind="reversal",
        text=ledger.words("fee_reversal", day),
        refund_of=event.number,
    )
