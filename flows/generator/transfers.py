"""Money that stays the person's own: cash, card bills, savings moves, an account in another currency."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from flows.generator.days import ONE_DAY, month_day, months_between
from flows.generator.events import ATM, BANK, TRANSFER, Series
from flows.generator.people import draw_name
from flows.generator.rates import convert
from flows.generator.text import in_bank_letters, shortened

if TYPE_CHECKING:
    from flows.generator.accounts import Account
    from flows.generator.ledger import Ledger

ATM_EUROS = 62
FUNDING_DAY = 12
LOW = 0.1  # of a month's income: below it people top up
HIGH = 1.55  # above it they put money away
KEEP = 0.9
ARRIVES_WITHIN = 7  # days until money that was put away is surely there to be taken back
ELSEWHERE = "DEPOT 24"  # a savings bank or broker whose statements nobody downloads
TOP_UP = 0.45
DEBT_LIMIT = 0.45
CARD_INTEREST = 0.015


def add_cash(ledger: Ledger) -> None:
    """Withdrawals at machines, in notes."""
    dice = ledger.dice
    note = max(1, ledger.minor(ledger.local(10), "five"))
    for month in months_between(ledger.start, ledger.end):
        for _ in range(dice.poisson(ledger.params.rates.atm_per_month)):
            day = month_day(month.year, month.month, dice.integer(1, 31))
            if not ledger.start <= day < ledger.end:
                continue
            amount = (
                max(1, round(dice.lognormal(ledger.local(ATM_EUROS) * ledger.person.unit, 0.5) / note)) * note
            )
            text = in_bank_letters(ledger.words("atm", day, ledger.person.city), ledger.main.bank)
            ledger.add(
                ledger.main,
                day,
                -amount,
                ATM,
                hour=dice.between(8, 23),
                merchant=ledger.main.bank.name,
                category="cash_withdrawal",
                kind="cash",
                text=shortened(f"{text} {ledger.main.tail}", ledger.main.bank),
                mcc="6011",
            )


def add_sent_transfers(ledger: Ledger) -> None:
    """Money sent to friends and family now and then."""
    dice, person = ledger.dice, ledger.person
    friends = [draw_name(person.country, dice) for _ in range(5)]
    for month in months_between(ledger.start, ledger.end):
        for _ in range(dice.poisson(ledger.params.rates.sent_to_friends)):
            day = month_day(month.year, month.month, dice.integer(1, 31))
            if not ledger.start <= day < ledger.end:
                continue
            friend = dice.pick(friends)
            text = (
                f"{ledger.words('transfer', day)} {friend} {ledger.words(dice.pick(('share', 'gift')), day)}"
            )
            ledger.add(
                ledger.main,
                day,
                -ledger.minor(dice.lognormal(ledger.local(26), 0.8), dice.pick(("five", "tenth", "any"))),
                TRANSFER,
                hour=dice.between(8, 23),
                merchant=friend,
                category="transfer_out",
                kind="transfer",
                text=in_bank_letters(text, ledger.main.bank),
                counterparty=friend,
            )


class Move(NamedTuple):
    """Money from one account of a person to another, in each account's own minor units."""

    source: Account
    target: Account
    day: date
    sent_minor: int
    received_minor: int
    category: str = "internal_transfer"
    series: int = 0


def transfer(ledger: Ledger, move: Move) -> None:
    """Both ends of a transfer between two accounts of the person, a day or two apart between banks."""
    source, target, day, category = move.source, move.target, move.day, move.category
    pair = ledger.next_pair()
    delay = 0 if source.bank is target.bank else ledger.dice.integer(0, 2)
    left = ledger.booking_date(source, day, TRANSFER)
    arrived = max(left, ledger.booking_date(target, day + timedelta(days=delay), TRANSFER))
    words = ("card_payment", "thanks") if category == "card_payment" else ("own", "own")
    ends = (
        (source, left, -move.sent_minor, words[0], target, move.series),
        (target, arrived, move.received_minor, words[1], source, 0),
    )
    for account, booked, amount, word, other, series in ends:
        text = in_bank_letters(f"{ledger.words(word, day)} {other.ref[-8:]}", account.bank)
        ledger.add(
            account,
            day,
            amount,
            TRANSFER,
            booked=booked,
            merchant=ledger.person.name,
            category=category,
            kind="card_payment" if category == "card_payment" else "transfer",
            text=shortened(text, account.bank),
            counterparty=in_bank_letters(ledger.person.name, account.bank),
            pair=pair,
            series=series,
        )


def balance_by_day(ledger: Ledger, account: Account) -> dict[date, int]:
    """What is booked on each day of an account."""
    moves: dict[date, int] = defaultdict(int)
    for event in ledger.events:
        if event.account == account.slug and event.outcome == "posted":
            moves[event.booked_date] += event.amount_minor
    return moves


def fund_foreign_account(ledger: Ledger) -> None:
    """Fill the foreign currency account from the main one before it runs dry, and now and then besides."""
    account = ledger.accounts.get("foreign")
    if account is None:
        return
    moves = balance_by_day(ledger, account)
    balance, day, unit = account.opening_minor, ledger.start, 10**2
    while day < ledger.end:
        ahead = balance + sum(moves.get(day + timedelta(days=i), 0) for i in range(4))
        if ahead < 0 or (day.day == FUNDING_DAY and ledger.dice.chance(0.25)):
            received = (max(0, -ahead) // (50 * unit) + ledger.dice.integer(2, 5)) * 50 * unit
            reference = convert(received, account.currency, ledger.person.currency, day)
            sent = round(reference * (1 + ledger.main.bank.foreign_markup / 2))
            transfer(ledger, Move(ledger.main, account, day, sent, received))
            balance += received
        balance += moves.get(day, 0)
        day += ONE_DAY


def pay_credit_card(ledger: Ledger) -> None:
    """Settle the credit card each month: in full, or a part with interest on the rest."""
    card = ledger.accounts.get("card")
    if card is None:
        return
    in_full = ledger.dice.chance(ledger.params.rates.pays_card_in_full)
    moves = balance_by_day(ledger, card)
    statement_day, lag = ledger.dice.integer(3, 27), ledger.dice.integer(12, 22)
    paid, interest = 0, 0
    for month in months_between(ledger.start, ledger.end):
        closing = month_day(month.year, month.month, statement_day)
        due = closing + timedelta(days=lag)
        owed = -sum(amount for day, amount in moves.items() if day <= closing) - paid + interest
        if owed <= 0 or due >= ledger.end or closing < ledger.start:
            continue
        payment = owed if in_full else partial_payment(ledger, owed)
        transfer(ledger, Move(ledger.main, card, due, payment, payment, "card_payment"))
        paid += payment
        if payment < owed:
            interest += charge_interest(ledger, card, due + timedelta(days=3), owed - payment)


def partial_payment(ledger: Ledger, owed: int) -> int:
    """What somebody pays who cannot pay it all, in whole units; everything when that is little."""
    unit = ledger.person.unit * (10 if ledger.person.unit > 1 else 1000)
    return min(owed, max(unit, int(owed * ledger.dice.between(0.55, 0.95)) // unit * unit))


def charge_interest(ledger: Ledger, card: Account, day: date, rest: int) -> int:
    """A month's interest on an unpaid rest."""
    amount = max(1, round(rest * CARD_INTEREST))
    if day >= ledger.end:
        return 0
    ledger.add(
        card,
        day,
        -amount,
        BANK,
        merchant=card.bank.name,
        category="bank_fees",
        kind="interest",
        text=in_bank_letters(ledger.words("late", day), card.bank),
    )
    return amount


def manage_savings(ledger: Ledger) -> None:
    """Standing order, top-ups when money runs short, and what piles up put away."""
    income = ledger.person.household_income_minor
    moves = balance_by_day(ledger, ledger.main)
    keeper = Keeper(ledger, income)
    day = ledger.start
    while day < ledger.end:
        keeper.balance += moves.get(day, 0)
        keeper.look(day)
        day += ONE_DAY
    keeper.close()


class Keeper:
    """Watches the main account's balance day by day, as its owner does."""

    def __init__(self, ledger: Ledger, income: int) -> None:
        self.ledger = ledger
        self.income = income
        self.balance = ledger.main.opening_minor
        self.savings = ledger.accounts.get("savings")
        self.saved = self.savings.opening_minor if self.savings else 0
        self.order_day = ledger.dice.integer(2, 28)
        self.step = ledger.person.unit * (10 if ledger.person.unit > 1 else 5000)
        wanted = int(income * max(0.0, ledger.person.saving_rate)) // self.step * self.step
        self.order = wanted if self.savings and ledger.dice.chance(0.6) else 0
        self.ordered: list[date] = []
        self.put_away_on = ledger.start - ONE_DAY * ARRIVES_WITHIN
        self.elsewhere = ledger.dice.pick(("savings", "investments", "emergency_fund"))
        self.series = len(ledger.series) + 1

    def look(self, day: date) -> None:
        """Decide whether money has to move on a day; only working days, as transfers are booked then."""
        if not self.ledger.is_working_day(day) or day + timedelta(days=5) >= self.ledger.end:
            return
        if self.order and day == self.due_day(day) and self.balance > self.order:
            self.move(day, self.order, series=self.series)
            self.ordered.append(day)
        elif self.balance > self.income * HIGH and day.day % 7 == 0:
            self.put_away(day)
        elif self.balance < self.income * LOW:
            self.top_up(day)

    def due_day(self, day: date) -> date:
        """The standing order's day in this month."""
        due = month_day(day.year, day.month, self.order_day)
        while not self.ledger.is_working_day(due):
            due += ONE_DAY
        return due

    def move(self, day: date, amount: int, series: int = 0) -> None:
        """To savings when positive, from savings when negative."""
        if self.savings is None:
            return
        source, target = (self.ledger.main, self.savings) if amount > 0 else (self.savings, self.ledger.main)
        transfer(self.ledger, Move(source, target, day, abs(amount), abs(amount), series=series))
        self.balance -= amount
        self.saved += amount
        if amount > 0:
            self.put_away_on = day

    def put_away(self, day: date) -> None:
        """What is more than a month's needs goes to savings, or to a broker without them."""
        spare = int(self.balance - self.income * KEEP) // self.step * self.step
        if spare <= 0:
            return
        if self.savings is not None:
            self.move(day, spare)
            return
        text = in_bank_letters(self.ledger.words("transfer", day) + " " + ELSEWHERE, self.ledger.main.bank)
        self.ledger.add(
            self.ledger.main,
            day,
            -spare,
            TRANSFER,
            merchant=ELSEWHERE,
            category=self.elsewhere,
            kind="transfer",
            text=text,
            counterparty=ELSEWHERE,
        )
        self.balance -= spare

    def top_up(self, day: date) -> None:
        """From savings while there are any, else from family once in debt."""
        need = (int(self.income * TOP_UP) // self.step + 1) * self.step
        if self.saved > need and (day - self.put_away_on).days > ARRIVES_WITHIN:
            self.move(day, -need)
        elif self.balance < -self.income * DEBT_LIMIT:
            giver = self.ledger.person.country.last_names[0]
            text = f"{self.ledger.words('transfer', day)} {giver} {self.ledger.words('gift', day)}"
            self.ledger.add(
                self.ledger.main,
                day,
                need,
                TRANSFER,
                merchant=giver,
                category="gift_received",
                kind="income",
                text=in_bank_letters(text, self.ledger.main.bank),
                counterparty=giver,
            )
            self.balance += need

    def close(self) -> None:
        """Write the standing order down as the series that it is."""
        if not self.ordered:
            return
        self.ledger.series.append(
            Series(
                number=self.series,
                account=self.ledger.main.slug,
                merchant=self.ledger.person.name,
                category="internal_transfer",
                direction="out",
                cadence="monthly",
                day=self.order_day,
                amount_kind="fixed",
                currency=self.ledger.main.currency,
                price_dates=(self.ledger.start,),
                price_minor=(self.order,),
                start=self.ledger.start,
                end=None,
                occurrences=tuple(self.ordered),
                missed=(),
                doubled=(),
                is_subscription=False,
            )
        )
