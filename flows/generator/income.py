"""What comes in: pay by its cycle, bonuses, pensions, benefits, side work and interest."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from flows.generator.days import months_between, months_later
from flows.generator.events import BANK, TRANSFER
from flows.generator.merchants import billers
from flows.generator.people import draw_name
from flows.generator.recurring import Recurrence, add_series

if TYPE_CHECKING:
    from flows.generator.ledger import Ledger

PAYS_PER_YEAR = {"weekly": 52, "fortnightly": 26, "four_weekly": 13, "semi_monthly": 24}
RISE = (0.0, 0.06)


def add_income(ledger: Ledger) -> None:
    """Everything that this person earns or is given regularly, and now and then."""
    person = ledger.person
    if person.household == "retired":
        _add_pension(ledger)
    else:
        employer = ledger.dice.pick(person.country.employers)
        _add_salary(ledger, employer, person.income_minor, person.pay_cycle, person.pay_day)
        _add_bonus(ledger, employer)
    if person.partner_income_minor:
        _add_partner(ledger)
    if person.children and ledger.dice.chance(0.85):
        _add_benefit(ledger)
    if ledger.dice.chance(0.16):
        _add_side_income(ledger)
    if ledger.dice.chance(0.04) and person.tenure in {"own", "mortgage"}:
        _add_rental_income(ledger)
    if ledger.dice.chance(0.08):
        _add_dividends(ledger)
    _add_one_offs(ledger)
    if "savings" in ledger.accounts:
        _add_interest(ledger)


def per_pay(monthly_minor: int, cadence: str) -> int:
    """One pay of a cycle for a monthly income."""
    return monthly_minor * 12 // PAYS_PER_YEAR.get(cadence, 12)


def _yearly_rises(ledger: Ledger, amount: int) -> tuple[tuple[date, int], ...]:
    month = ledger.dice.pick((1, 1, 4, 7))
    prices = [(ledger.start, amount)]
    for first in months_between(months_later(ledger.start, 2), ledger.end):
        if first.month == month:
            prices.append((first, round(prices[-1][1] * (1 + ledger.dice.between(*RISE)))))
    return tuple(prices)


def _add_salary(ledger: Ledger, employer: str, monthly: int, cadence: str, day: int) -> None:
    add_series(
        ledger,
        Recurrence(
            account=ledger.main,
            merchant=employer,
            category="salary",
            kind="income",
            channel=TRANSFER,
            cadence=cadence,
            day=day,
            prices=_yearly_rises(ledger, per_pay(monthly, cadence)),
            sign=1,
            roll="preceding",
            words="salary",
            variation=0.0 if ledger.dice.chance(0.75) else 0.02,
        ),
    )


def _add_partner(ledger: Ledger) -> None:
    country = ledger.person.country
    cadence, day, _ = ledger.dice.weighted(country.pay_cycles, [share for *_, share in country.pay_cycles])
    others = [e for e in country.employers if all(s.merchant != e for s in ledger.series)]
    _add_salary(ledger, ledger.dice.pick(others), ledger.person.partner_income_minor, cadence, day)


def _add_pension(ledger: Ledger) -> None:
    person = ledger.person
    payer = billers(person.country.code, "pension_payer")[0]
    add_series(
        ledger,
        Recurrence(
            account=ledger.main,
            merchant=payer.name,
            category="pension",
            kind="income",
            channel=TRANSFER,
            cadence="monthly",
            day=person.pay_day,
            prices=_yearly_rises(ledger, person.income_minor),
            sign=1,
            roll="preceding",
            words="pension",
            counterparty=payer.spellings[-1],
        ),
    )


def _add_benefit(ledger: Ledger) -> None:
    payer = billers(ledger.person.country.code, "benefit_payer")[0]
    amount = ledger.minor(ledger.local(95 * ledger.person.children), "five")
    add_series(
        ledger,
        Recurrence(
            account=ledger.main,
            merchant=payer.name,
            category="benefits",
            kind="income",
            channel=TRANSFER,
            cadence="monthly",
            day=ledger.dice.integer(3, 22),
            prices=((ledger.start, amount),),
            sign=1,
            roll="preceding",
            words="benefit",
            counterparty=payer.spellings[-1],
        ),
    )


def _add_bonus(ledger: Ledger, employer: str) -> None:
    if not ledger.dice.chance(0.5):
        return
    share = ledger.dice.between(0.4, 1.1)
    for month in months_between(ledger.start, ledger.end):
        day = month.replace(day=18)
        if month.month == ledger.person.country.bonus_month and ledger.start <= day < ledger.end:
            amount = int(ledger.person.income_minor * share) // 100 * 100
            ledger.add(
                ledger.main,
                day,
                amount,
                TRANSFER,
                merchant=employer,
                category="salary",
                kind="income",
                text=ledger.words("bonus", day),
                counterparty=employer,
            )


def _add_side_income(ledger: Ledger) -> None:
    client = ledger.dice.pick(ledger.person.country.employers)
    for month in months_between(ledger.start, ledger.end):
        for _ in range(ledger.dice.poisson(0.8)):
            day = month.replace(day=ledger.dice.integer(2, 28))
            if ledger.start <= day < ledger.end:
                amount = ledger.minor(ledger.dice.lognormal(ledger.local(230), 0.5), "five")
                ledger.add(
                    ledger.main,
                    day,
                    amount,
                    TRANSFER,
                    merchant=client,
                    category="self_employment",
                    kind="income",
                    text=ledger.words("side", day),
                    counterparty=client,
                )


def _add_rental_income(ledger: Ledger) -> None:
    tenant = draw_name(ledger.person.country, ledger.dice)
    add_series(
        ledger,
        Recurrence(
            account=ledger.main,
            merchant=tenant,
            category="rental_income",
            kind="income",
            channel=TRANSFER,
            cadence="monthly",
            day=ledger.dice.integer(1, 6),
            prices=((ledger.start, ledger.minor(ledger.local(520), "five")),),
            sign=1,
            words="rent",
            counterparty=tenant,
        ),
    )


def _add_dividends(ledger: Ledger) -> None:
    broker = ledger.dice.pick(billers(ledger.person.country.code, "investments"))
    add_series(
        ledger,
        Recurrence(
            account=ledger.main,
            merchant=broker.name,
            category="investment_income",
            kind="income",
            channel=TRANSFER,
            cadence="quarterly",
            day=ledger.dice.integer(10, 25),
            prices=((ledger.start, ledger.minor(ledger.dice.lognormal(ledger.local(45), 0.7))),),
            sign=1,
            variation=0.2,
            text=f"{broker.spellings[0]} DIV",
            counterparty=broker.spellings[0],
        ),
    )


def _add_one_offs(ledger: Ledger) -> None:
    years = (ledger.end - ledger.start).days / 365.25
    for _ in range(ledger.dice.poisson(years * 3 * ledger.params.rates.one_off)):
        day = ledger.start.fromordinal(
            ledger.dice.integer(ledger.start.toordinal(), ledger.end.toordinal() - 1)
        )
        category, words = ledger.dice.pick((("gift_received", "gift"), ("other_income", "sold")))
        giver = draw_name(ledger.person.country, ledger.dice)
        amount = ledger.minor(ledger.dice.lognormal(ledger.local(70), 0.6), "five")
        ledger.add(
            ledger.main,
            day,
            amount,
            TRANSFER,
            hour=ledger.dice.between(8, 21),
            merchant=giver,
            category=category,
            kind="income",
            text=f"{ledger.words('transfer', day)} {ledger.words(words, day)}",
            counterparty=giver,
        )


def _add_interest(ledger: Ledger) -> None:
    account = ledger.accounts["savings"]
    rate = ledger.dice.between(0.002, 0.02)
    for month in months_between(ledger.start, ledger.end):
        day = months_later(month, 1)
        if month.month % 3 == 0 and day < ledger.end:
            amount = max(1, int(account.opening_minor * rate / 4))
            ledger.add(
                account,
                day,
                amount,
                BANK,
                merchant=account.bank.name,
                category="interest_income",
                kind="income",
                text=ledger.words("interest", day),
            )
