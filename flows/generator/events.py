"""Real events in a person's money, before any bank has written them into a file."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

#: How a payment is made; decides when it is booked and whether it is first seen as pending.
CARD = "card"
DEBIT = "debit"
TRANSFER = "transfer"
BANK = "bank"
ATM = "atm"


class Event(NamedTuple):
    """One thing that happened on one account; amounts are signed minor units of its currency."""

    number: int  # unique within the person
    account: str  # account slug
    spent_date: date  # civil date in the person's zone
    spent_at: datetime  # the same as a UTC instant
    booked_date: date
    amount_minor: int
    currency: str
    merchant: str
    category: str
    kind: str  # purchase, income, bill, transfer, card_payment, cash, refund, reversal, reimbursement, fee
    channel: str
    text: str  # what the bank knows to print
    counterparty: str = ""
    mcc: str = ""
    series: int = 0
    pair: int = 0
    refund_of: int = 0
    reimbursement_of: int = 0
    twin_of: int = 0
    original_currency: str = ""
    original_minor: int = 0
    outcome: str = "posted"  # posted, vanished
    hold: str = ""  # "", same, tip, fuel_hold, hotel_hold, settlement, vanished
    pending_minor: int = 0  # amount while pending
    anomaly: str = ""


class Series(NamedTuple):
    """A recurring payment or income, with every price that it had."""

    number: int
    account: str
    merchant: str
    category: str
    direction: str
    cadence: str
    day: int
    amount_kind: str  # "fixed" or "varying"
    currency: str
    price_dates: tuple[date, ...]
    price_minor: tuple[int, ...]
    start: date
    end: date | None  # last day, where it ended within the period
    occurrences: tuple[date, ...]
    missed: tuple[date, ...]
    doubled: tuple[date, ...]
    is_subscription: bool
