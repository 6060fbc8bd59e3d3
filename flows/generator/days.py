"""A country's calendar: working days, holidays, and the days on which something recurs."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Literal

import holidays

Roll = Literal["none", "preceding", "following"]
ONE_DAY = timedelta(days=1)

WEEKENDS = {"KW": frozenset({4, 5})}  # Friday and Saturday
SATURDAY_AND_SUNDAY = frozenset({5, 6})


@cache
def public_holidays(country: str, year: int) -> frozenset[date]:
    """Public holidays of one year."""
    return frozenset(holidays.country_holidays(country, years=year))


@cache
def is_working_day(country: str, day: date) -> bool:
    """Whether banks of the country book on this day."""
    weekend = WEEKENDS.get(country, SATURDAY_AND_SUNDAY)
    return day.weekday() not in weekend and day not in public_holidays(country, day.year)


@cache
def rolled(country: str, day: date, roll: Roll) -> date:
    """The day itself if banks work on it, else the nearest working day in the given direction."""
    if roll == "none":
        return day
    step = ONE_DAY if roll == "following" else -ONE_DAY
    while not is_working_day(country, day):
        day += step
    return day


def month_day(year: int, month: int, day: int) -> date:
    """A day of a month, clamped to the month's length."""
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def months_later(day: date, months: int) -> date:
    """The same day some months later (or earlier), clamped to the month's length."""
    index = day.year * 12 + day.month - 1 + months
    return month_day(index // 12, index % 12 + 1, day.day)


def months_between(start: date, end: date) -> Iterator[date]:
    """First days of the months that touch ``[start, end)``."""
    month = start.replace(day=1)
    while month < end:
        yield month
        month = months_later(month, 1)


def every_days(anchor: date, step: int, start: date, end: date) -> Iterator[date]:
    """Days of ``[start, end)`` that are whole steps from the anchor."""
    day = start + timedelta(days=(anchor - start).days % step)
    while day < end:
        yield day
        day += timedelta(days=step)


STEPS = {"weekly": 7, "fortnightly": 14, "four_weekly": 28}
MONTH_STEPS = {"monthly": 1, "quarterly": 3, "half_yearly": 6, "yearly": 12}


def nominal_days(cadence: str, anchor: date, day: int, start: date, end: date) -> list[date]:
    """Due days of a cadence in ``[start, end)`` before rolling; ``day`` is that of the month."""
    if cadence in STEPS:
        return list(every_days(anchor, STEPS[cadence], start, end))
    months = list(months_between(start, end))
    if cadence == "semi_monthly":
        found = [month_day(m.year, m.month, d) for m in months for d in (15, 31)]
    elif cadence == "last_working_day":
        found = [month_day(m.year, m.month, 31) for m in months]
    else:
        step = MONTH_STEPS[cadence]
        found = [month_day(m.year, m.month, day) for m in months if (m.month - anchor.month) % step == 0]
    return [d for d in found if start <= d < end]
