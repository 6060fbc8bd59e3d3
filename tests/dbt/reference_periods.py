"""Periods in plain Python: what begins on pay days of every kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

#: How many periods a budget looks back on, and how many there are in a year.
RECENT = {"monthly": 3, "last-working-day": 3, "semi-monthly": 6, "fortnightly": 6, "weekly": 13}
A_YEAR = {"monthly": 12, "last-working-day": 12, "semi-monthly": 24, "fortnightly": 26, "weekly": 52}
DAYS = {"weekly": 7, "fortnightly": 14}
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Cycle:
    """How a user is paid."""

    kind: str = "monthly"
    pay_day: int = 1
    anchor: date = date(2024, 1, 1)

    @property
    def recent(self) -> int:
        """How many periods the budget looks back on."""
        return RECENT[self.kind]

    @property
    def a_year(self) -> int:
        """How many periods make a year."""
        return A_YEAR[self.kind]


@dataclass(frozen=True, slots=True)
class Period:
    """From a day to before another."""

    start: date
    end: date

    def holds(self, day: date) -> bool:
        """Whether the day is in it."""
        return self.start <= day < self.end


def add_months(day: date, count: int) -> date:
    """The same day so many months later, clamped to the month's length."""
    years, months = divmod(day.month - 1 + count, 12)
    year, month = day.year + years, months + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day.day, last))


def begins(cycle: Cycle, day: date) -> bool:
    """Whether a period begins on the day."""
    last = add_months(day.replace(day=1), 1) - timedelta(days=1)
    if cycle.kind in DAYS:
        return (day - cycle.anchor).days % DAYS[cycle.kind] == 0
    if cycle.kind == "last-working-day":
        while last.weekday() >= SATURDAY:
            last -= timedelta(days=1)
        return day == last
    pay_days = [cycle.pay_day, cycle.pay_day + 15] if cycle.kind == "semi-monthly" else [cycle.pay_day]
    return day.day in [min(each, last.day) for each in pay_days]


def first_start(cycle: Cycle, day: date) -> date:
    """The first day of the period that holds the day."""
    while not begins(cycle, day):
        day -= timedelta(days=1)
    return day


def periods_between(cycle: Cycle, first: date, last: date) -> list[Period]:
    """All whole periods that begin in the span."""
    days = (first + timedelta(days=n) for n in range((last - first).days))
    starts = [day for day in days if begins(cycle, day)]
    return [Period(start, end) for start, end in pairwise(starts)]
