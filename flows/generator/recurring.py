"""Everything that comes again: housing, bills with their seasons, insurance, loans, subscriptions."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from flows.generator.days import Roll, nominal_days, rolled
from flows.generator.events import BANK, CARD, DEBIT, TRANSFER, Series
from flows.generator.merchants import Merchant, billers, merchants
from flows.generator.params import BILLS, SEASONS, SUBSCRIPTIONS, Bill, Rates
from flows.generator.people import draw_name
from flows.generator.text import in_bank_letters, shortened, spelling

if TYPE_CHECKING:
    from flows.generator.accounts import Account
    from flows.generator.dice import Dice
    from flows.generator.ledger import Ledger

VARYING_NOISE = 0.06
DAYS_IN_YEAR = 365.25
IRREGULAR_DAYS = (26, 48)
CHANNELS = {"debit": DEBIT, "transfer": TRANSFER, "card": CARD, "bank": BANK}
RENT_SHARE = (0.19, 0.31)
MORTGAGE_SHARE = (0.16, 0.29)
SUBSCRIPTION_CATEGORIES = ("streaming", "software_subscriptions", "books_media", "games")
SUBSCRIPTION_COUNTS = {"streaming": 1.7, "software_subscriptions": 0.8, "books_media": 0.15, "games": 0.2}
PRICE_ENDING = 0.99


@dataclass(frozen=True, slots=True)
class Recurrence:
    """What a series is made from; prices are positive minor units, each from its first day."""

    account: Account
    merchant: str
    category: str
    kind: str
    channel: str
    cadence: str
    day: int
    prices: tuple[tuple[date, int], ...]
    sign: int = -1
    roll: Roll = "following"
    words: str = ""
    counterparty: str = ""
    text: str = ""
    season: str = ""
    variation: float = 0.0
    first: date | None = None
    last: date | None = None
    is_subscription: bool = False
    mcc: str = ""
    hour: float = 7.0


class DueDays(NamedTuple):
    """On which of its due days a series came, stayed away, or came twice."""

    paid: tuple[date, ...]
    missed: tuple[date, ...]
    doubled: tuple[date, ...]


def add_series(ledger: Ledger, plan: Recurrence) -> None:
    """Write a series and its occurrences down, some of which stay away or come twice."""
    start, end = plan.first or ledger.start, ledger.end
    if plan.last is not None:
        end = min(end, plan.last + timedelta(days=1))
    due = _due_days(ledger, plan, start, end)
    incoming = plan.sign > 0
    rates = ledger.params.rates
    missed = tuple(d for d in due if ledger.dice.chance(rates.missed * (0.4 if incoming else 1.0)))
    doubled = tuple(d for d in due if d not in missed and not incoming and ledger.dice.chance(rates.doubled))
    number = len(ledger.series) + 1
    paid = tuple(d for d in due if d not in missed)
    for day in sorted((*paid, *doubled)):
        _add_occurrence(ledger, plan, day, number)
    ledger.series.append(_series(ledger, plan, number, DueDays(paid, missed, doubled)))


def _due_days(ledger: Ledger, plan: Recurrence, start: date, end: date) -> list[date]:
    if plan.cadence == "irregular":
        return _irregular_days(ledger.dice, start, end)
    anchor = start + timedelta(days=ledger.dice.integer(0, 364 if plan.cadence == "yearly" else 89))
    if plan.cadence in {"weekly", "fortnightly", "four_weekly"}:
        anchor += timedelta(days=(4 - anchor.weekday()) % 7)
    country = ledger.person.country.code
    # A day late in a month may roll over the period's edge: look a little further and cut after.
    nominal = nominal_days(plan.cadence, anchor, plan.day, start - timedelta(days=6), end + timedelta(days=6))
    days = {
        rolled(country, d, "preceding" if plan.cadence == "last_working_day" else plan.roll) for d in nominal
    }
    return sorted(d for d in days if start <= d < end)


def _irregular_days(dice: Dice, start: date, end: date) -> list[date]:
    interval = dice.integer(*IRREGULAR_DAYS)
    days, day = [], start + timedelta(days=dice.integer(0, interval))
    while day < end:
        days.append(day)
        day += timedelta(days=max(7, interval + round(dice.between(-5, 5))))
    return days


def price_on(prices: tuple[tuple[date, int], ...], day: date) -> int:
    """The price in force on a day."""
    return prices[max(0, bisect_right([since for since, _ in prices], day) - 1)][1]


def _add_occurrence(ledger: Ledger, plan: Recurrence, day: date, series: int) -> None:
    amount = float(price_on(plan.prices, day))
    if plan.season:
        amount *= SEASONS[plan.season][day.month - 1]
    if plan.variation:
        amount = ledger.dice.lognormal(amount, plan.variation)
    text = plan.text or " ".join(filter(None, (ledger.words(plan.words, day), plan.counterparty)))
    ledger.add(
        plan.account,
        day,
        plan.sign * max(1, round(amount)),
        plan.channel,
        hour=plan.hour,
        merchant=plan.merchant,
        category=plan.category,
        kind=plan.kind,
        text=text,
        counterparty=plan.counterparty or ("" if plan.channel in {CARD, BANK} else plan.merchant),
        mcc=plan.mcc,
        series=series,
    )


def _series(ledger: Ledger, plan: Recurrence, number: int, days: DueDays) -> Series:
    ended = plan.last if plan.last is not None and plan.last < ledger.end else None
    return Series(
        number=number,
        account=plan.account.slug,
        merchant=plan.merchant,
        category=plan.category,
        direction="in" if plan.sign > 0 else "out",
        cadence=plan.cadence,
        day=plan.day,
        amount_kind="varying" if plan.season or plan.variation else "fixed",
        currency=plan.account.currency,
        price_dates=tuple(since for since, _ in plan.prices),
        price_minor=tuple(price for _, price in plan.prices),
        start=plan.first or ledger.start,
        end=ended,
        occurrences=days.paid,
        missed=days.missed,
        doubled=days.doubled,
        is_subscription=plan.is_subscription,
    )


def paying_account(ledger: Ledger, channel: str, card_share: float) -> Account:
    """The account that a payment leaves: cards may be the credit card, the rest the main account."""
    if channel == CARD and "card" in ledger.accounts and ledger.dice.chance(card_share):
        return ledger.accounts["card"]
    return ledger.main


def add_housing(ledger: Ledger) -> None:
    """Rent or mortgage, as a share of what the household earns."""
    person, dice = ledger.person, ledger.dice
    if person.tenure not in {"rent", "mortgage"}:
        return
    share = dice.between(*(RENT_SHARE if person.tenure == "rent" else MORTGAGE_SHARE))
    amount = int(person.household_income_minor * share) // (5 * person.unit) * 5 * person.unit
    landlord = draw_name(person.country, dice)
    payee = landlord if person.tenure == "rent" else ledger.main.bank.name
    day = dice.pick((1, 1, 1, 2, 3, 5, 27, 28))
    add_series(
        ledger,
        Recurrence(
            account=ledger.main,
            merchant=payee,
            category=person.tenure,
            kind="bill",
            channel=TRANSFER if person.tenure == "rent" else DEBIT,
            cadence="monthly",
            day=day,
            prices=rising(ledger, amount, 0.04 if person.tenure == "rent" else 0.0),
            words=person.tenure,
            counterparty=payee if person.tenure == "rent" else "",
        ),
    )


def rising(ledger: Ledger, amount: int, yearly: float) -> tuple[tuple[date, int], ...]:
    """A price that goes up once in most years, by about ``yearly``."""
    prices = [(ledger.start, amount)]
    if not yearly:
        return tuple(prices)
    step = ledger.start + timedelta(days=ledger.dice.integer(40, 365))
    while step < ledger.end:
        if ledger.dice.chance(0.7):
            prices.append((step, round(prices[-1][1] * (1 + ledger.dice.between(0.3, 1.9) * yearly))))
        step += timedelta(days=365)
    return tuple(prices)


def add_bills(ledger: Ledger) -> None:
    """The bills that this household has."""
    seen: set[str] = set()
    for bill in BILLS:
        if bill.category in seen or not _applies(ledger, bill) or not ledger.dice.chance(bill.share):
            continue
        if bill.category not in {"taxes", "personal_care", "charity"}:
            seen.add(bill.category)
        add_bill(ledger, bill)


def _applies(ledger: Ledger, bill: Bill) -> bool:
    person = ledger.person
    conditions = {
        "": True,
        "pays_housing": person.tenure != "family",
        "high_income": person.income_band in {"upper", "high"},
    }
    return conditions.get(bill.condition, bill.condition in person.traits)


def biller_of(ledger: Ledger, category: str) -> Merchant | None:
    """Who sends the bill: a company of the country, else a shop of that category, else nobody."""
    code = ledger.person.country.code
    if category == "bank_fees":
        name = ledger.main.bank.name
        return Merchant(name, code, category, 1, 1, "biller", (name,))
    found = billers(code, category) or merchants(code).get(category, ())
    return ledger.dice.pick(found) if found else None


def add_bill(ledger: Ledger, bill: Bill) -> None:
    """One bill of the household as a series."""
    payee = biller_of(ledger, bill.category)
    if payee is None:
        return
    dice, person = ledger.dice, ledger.person
    income_factor = min(1.7, max(0.6, person.income_minor / (person.unit * person.country.income))) ** 0.5
    heads = 1 + bill.household * (person.heads - 1)
    amount = ledger.minor(dice.lognormal(ledger.local(bill.median_eur) * heads * income_factor, bill.sigma))
    account = paying_account(ledger, CHANNELS[bill.channel], 0.5)
    name = spelling(payee, account.bank, dice)
    season = "cooling" if bill.season == "power" and person.country.code == "KW" else bill.season
    first = ledger.start + timedelta(days=dice.integer(0, 200)) if bill.cadence == "irregular" else None
    text = bill_text(ledger, bill, name, account)
    add_series(
        ledger,
        Recurrence(
            account=account,
            merchant=payee.name,
            category=bill.category,
            kind="fee" if bill.category == "bank_fees" else "bill",
            channel=CHANNELS[bill.channel],
            cadence=bill.cadence,
            day=dice.integer(1, 28),
            prices=rising(ledger, amount, bill.yearly_rise),
            roll="none" if bill.channel == "card" else "following",
            words="debit",
            counterparty="" if bill.channel in {"card", "bank"} else name,
            text=text,
            season=season,
            variation=VARYING_NOISE if season else 0.0,
            first=first,
            hour=14.0 if bill.channel == "card" else 6.0,
        ),
    )


def bill_text(ledger: Ledger, bill: Bill, name: str, account: Account) -> str:
    """What the bank prints for a bill."""
    if bill.channel == "bank":
        return ledger.words("fee", ledger.start)
    if bill.channel == "card":
        return shortened(in_bank_letters(name, account.bank), account.bank)
    code = f"{ledger.dice.integer(100000, 99999999)}"
    kind = ledger.words("debit" if bill.channel == "debit" else "transfer", ledger.start)
    return " ".join((kind, in_bank_letters(name, account.bank), code))


def add_subscriptions(ledger: Ledger) -> None:
    """Streaming, software and the like: some begin, rise or end within the period."""
    for category in SUBSCRIPTION_CATEGORIES:
        offered = [m for m in billers(ledger.person.country.code, category) if m.name in SUBSCRIPTIONS]
        count = ledger.dice.poisson(SUBSCRIPTION_COUNTS[category])
        for merchant in ledger.dice.some(offered, [1.0 / (i + 1) for i in range(len(offered))], count):
            _add_subscription(ledger, merchant)


def _lifetime(ledger: Ledger, rates: Rates) -> tuple[date, date | None]:
    dice = ledger.dice
    length = (ledger.end - ledger.start).days
    first = (
        ledger.start + timedelta(days=dice.integer(10, max(10, length - 40)))
        if dice.chance(0.3)
        else ledger.start
    )
    years = (ledger.end - first).days / DAYS_IN_YEAR
    if dice.chance(min(0.6, rates.subscription_ends * years)):
        return first, first + timedelta(days=dice.integer(60, max(61, (ledger.end - first).days)))
    return first, None


def subscription_prices(ledger: Ledger, first: date, price: int) -> tuple[tuple[date, int], ...]:
    """A subscription's price, which rises by a tenth or two now and then."""
    prices = [(first, price)]
    step = first + timedelta(days=ledger.dice.integer(70, 330))
    while step < ledger.end:
        if ledger.dice.chance(ledger.params.rates.price_rise):
            raised = prices[-1][1] * (1 + ledger.dice.between(0.07, 0.25)) / ledger.person.unit
            prices.append(
                (step, max(prices[-1][1] + 1, ledger.minor(raised, "tenth") - ledger.person.unit // 100))
            )
        step += timedelta(days=365)
    return tuple(prices)


def _add_subscription(ledger: Ledger, merchant: Merchant) -> None:
    monthly, yearly_share = SUBSCRIPTIONS[merchant.name]
    yearly = ledger.dice.chance(yearly_share)
    person = ledger.person
    tier = ledger.dice.pick((1.0, 1.0, 1.0, 1.3))
    local = ledger.local(monthly * (10 if yearly else 1) * tier) / person.country.prices**0.5
    first, last = _lifetime(ledger, ledger.params.rates)
    account = paying_account(ledger, CARD, 0.7)
    add_series(
        ledger,
        Recurrence(
            account=account,
            merchant=merchant.name,
            category=merchant.category,
            kind="bill",
            channel=CARD,
            cadence="yearly" if yearly else "monthly",
            day=ledger.dice.integer(1, 31),
            prices=subscription_prices(ledger, first, ledger.minor(local, "psychological")),
            roll="none",
            text=shortened(
                in_bank_letters(spelling(merchant, account.bank, ledger.dice), account.bank), account.bank
            ),
            first=first,
            last=last,
            is_subscription=True,
            mcc="4899" if merchant.category == "streaming" else "5734",
            hour=ledger.dice.between(0.2, 23.5),
        ),
    )
