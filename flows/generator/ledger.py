"""The book in which a person's events are collected; it decides when the bank books each of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flows.generator.days import ONE_DAY, is_working_day, rolled
from flows.generator.events import ATM, CARD, Event, Series
from warehouse.money import exponent

if TYPE_CHECKING:
    from flows.generator.accounts import Account
    from flows.generator.dice import Dice
    from flows.generator.params import GeneratorParams
    from flows.generator.people import Person

#: Days from a card purchase to its booking, cumulated; the rest is late.
BOOKING_LAG = (0.16, 0.62, 0.86, 0.95, 1.0)
SECONDS_IN_HOUR = 3600
LAST_SECOND = 86_339  # a minute is left for a second purchase on the same day


class Ledger:
    """Events and series of one person in the making."""

    def __init__(
        self, person: Person, accounts: dict[str, Account], params: GeneratorParams, dice: Dice
    ) -> None:
        self.person = person
        self.accounts = accounts
        self.params = params
        self.dice = dice
        self.events: list[Event] = []
        self.series: list[Series] = []
        self.pairs = 0
        self._zone = ZoneInfo(person.country.zone)

    @property
    def main(self) -> Account:
        """The account that pay arrives on."""
        return self.accounts["main"]

    @property
    def start(self) -> date:
        """First day of the person's history."""
        return self.person.joined_on

    @property
    def end(self) -> date:
        """First day after it."""
        return self.params.end

    def words(self, key: str, day: date, city: str = "") -> str:
        """What banks of the person's country print for a kind of line."""
        return self.person.country.words[key].format(m=day, c=city)

    def minor(self, amount: float, rounding: str = "any") -> int:
        """A positive amount in major units of the person's currency, with endings as prices have them."""
        return priced(amount, self.person.currency, rounding, self.dice)

    def local(self, euros: float) -> float:
        """A catalogue amount (EUR at German prices) at the country's prices, in major units."""
        bulgarian = 1.95583 if self.person.currency == "BGN" else 1.0
        return euros * self.person.country.prices * self.person.country.per_euro * bulgarian

    def add(  # noqa: PLR0913  # an event has this many facts; all but four have names at the call
        self,
        account: Account,
        day: date,
        amount_minor: int,
        channel: str,
        *,
        hour: float = 9.0,
        booked: date | None = None,
        **facts: Any,  # noqa: ANN401  # fields of Event, checked by its constructor
    ) -> Event:
        """Write an event down; returns it with its number and booking date."""
        event = Event(
            number=len(self.events) + 1,
            account=account.slug,
            spent_date=day,
            spent_at=self._instant(day, hour),
            booked_date=booked or self.booking_date(account, day, channel),
            amount_minor=amount_minor,
            currency=account.currency,
            channel=channel,
            **facts,
        )
        self.events.append(event)
        return event

    def next_pair(self) -> int:
        """A number for two events that are the two ends of one transfer."""
        self.pairs += 1
        return self.pairs

    def booking_date(self, account: Account, day: date, channel: str) -> date:
        """When the bank books a payment of that day."""
        country = self.person.country.code
        if channel not in {CARD, ATM}:
            return day if account.bank.posts_on_weekends else rolled(country, day, "following")
        draw = self.dice.random()
        if channel == CARD and self.dice.chance(self.params.rates.late):
            lag = 6 + int(draw * 11)
        else:
            lag = next(days for days, share in enumerate(BOOKING_LAG) if draw < share)
        booked = day + timedelta(days=lag)
        return booked if account.bank.posts_on_weekends else rolled(country, booked, "following")

    def _instant(self, day: date, hour: float) -> datetime:
        second = min(LAST_SECOND, max(0, int(hour * SECONDS_IN_HOUR)))
        minutes, seconds = divmod(second, 60)
        hours, minutes = divmod(minutes, 60)
        return datetime(day.year, day.month, day.day, hours, minutes, seconds, tzinfo=self._zone).astimezone(
            UTC
        )

    def working_day_after(self, day: date, days: int) -> date:
        """The first working day that is at least so many days later."""
        return rolled(self.person.country.code, day + ONE_DAY * days, "following")

    def is_working_day(self, day: date) -> bool:
        """Whether banks of the person's country book on that day."""
        return is_working_day(self.person.country.code, day)


def priced(amount: float, currency: str, rounding: str, dice: Dice) -> int:
    """Minor units of a positive amount, at least the smallest coin, with the endings of its kind of price."""
    places = exponent(currency)
    unit = int(10**places)
    whole = max(1, round(amount * unit))
    if places == 0:
        step = {"tenth": 10, "five": 500, "psychological": 10}.get(rounding, 1)
        return max(
            step, round(whole / step) * step - (2 if rounding == "psychological" and dice.chance(0.4) else 0)
        )
    if rounding == "psychological" and amount > 1:
        ending = (unit // 100, unit // 100, unit // 10, unit // 2, unit)[int(dice.random() * 5)]
        return (whole // unit + 1) * unit - ending
    step = {"tenth": unit // 10, "five": unit * 5}.get(rounding, 1 if places < 3 else 5)  # noqa: PLR2004  # fils
    return max(step, round(whole / step) * step)
