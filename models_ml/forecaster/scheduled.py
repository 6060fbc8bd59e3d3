"""What is known to come: bills, pay and transfers with a rhythm, and what the user entered for a day.

A history is taken apart into what comes by a rhythm and the rest. The rest is forecast; what has a rhythm is
added on the days on which it is due. At an earlier day only what had come by then is known of a series, so a
backtest learns nothing of the days after its origin.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Times after which a rhythm is believed; one of a year or so is after two.
FEWEST_TIMES, _FEWEST_LONG, _LONG_DAYS = 3, 2, 150.0
#: Periods after which a series that did not come is over.
_OVER_AFTER = 1.6
_MONTH = 30.4375
_MONTHS_OFF = 0.12
_MOST_SLOTS = 120
#: Amounts of a series that speak of the next one.
_RECENT = 4


@dataclass(frozen=True, slots=True)
class Series:
    """One bill, pay or transfer: the days of the history on which it came and its amounts.

    ``days`` are indices into the history; ``amounts`` as they move the balance, negative is out. ``due``
    are the days that are known to come (indices from the end of the history on), None where they have to be
    reckoned from the past.
    """

    days: Ints
    amounts: Floats
    is_spent: bool
    due: Ints | None = None
    expected: float | None = None

    def until(self, days: int) -> Series:
        """What was known of it after so many days."""
        count = int(np.searchsorted(self.days, days))
        if count == len(self.days):
            return self
        return replace(self, days=self.days[:count], amounts=self.amounts[:count], due=None, expected=None)

    def since(self, day: int) -> Series:
        """The same in a history that begins on a later day."""
        first = int(np.searchsorted(self.days, day))
        due = None if self.due is None else self.due - day
        return replace(self, days=self.days[first:] - day, amounts=self.amounts[first:], due=due)


@dataclass(frozen=True, slots=True)
class Due:
    """Something that the user entered for a day: an index from the end of the history on, and an amount."""

    day: int
    amount: float  # negative is out
    is_spent: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a history's series at its end."""

    past_spent: Floats  # what came by a rhythm, by day of the history
    past_flow: Floats
    ahead_spent: Floats  # what is due, by day ahead
    ahead_flow: Floats
    count: int = field(default=0)


def known(
    first_day: np.datetime64, size: int, series: tuple[Series, ...], dues: tuple[Due, ...], horizon: int
) -> Known:
    """Past and coming days of the series that are believed, and of what was entered."""
    past_spent, past_flow = np.zeros(size), np.zeros(size)
    ahead_spent, ahead_flow = np.zeros(horizon), np.zeros(horizon)
    count = 0
    for each in series:
        fewest = _FEWEST_LONG if _period(each.days) > _LONG_DAYS else FEWEST_TIMES
        if len(each.days) < fewest:
            continue
        count += 1
        np.add.at(past_flow, each.days, each.amounts)
        due = _due(first_day, size, each, horizon)
        amount = _expected(each)
        np.add.at(ahead_flow, due, amount)
        if each.is_spent:
            np.add.at(past_spent, each.days, -each.amounts)
            np.add.at(ahead_spent, due, -amount)
    for entered in dues:
        place = entered.day - size
        if 0 <= place < horizon:
            ahead_flow[place] += entered.amount
            ahead_spent[place] -= entered.amount * entered.is_spent
    return Known(past_spent, past_flow, ahead_spent, ahead_flow, count)


def _period(days: Ints) -> float:
    return float(np.median(np.diff(days))) if len(days) > 1 else 0.0


def _expected(each: Series) -> float:
    """The price that was paid last if it was paid twice running, else the middle of the recent ones."""
    if each.expected is not None:
        return each.expected
    recent = each.amounts[-_RECENT:]
    return float(recent[-1] if recent[-1] == recent[-2] else np.median(recent))


def _due(first_day: np.datetime64, size: int, each: Series, horizon: int) -> Ints:
    """Days ahead (0 is the first one) on which a series is due; none once it is over."""
    if each.due is not None:
        ahead = each.due - size
        return ahead[(ahead >= 0) & (ahead < horizon)]
    period = _period(each.days)
    last = int(each.days[-1])
    if period < 1 or size - 1 - last > _OVER_AFTER * period + 2:
        return np.zeros(0, dtype=np.int64)
    slots = np.arange(1, min(_MOST_SLOTS, int((size + horizon - last) / period) + 2))
    months = round(period / _MONTH)
    if months >= 1 and abs(period - months * _MONTH) <= _MONTHS_OFF * period:
        days = _monthly(first_day, each.days, slots * months)
    else:
        days = last + np.round(slots * period).astype(np.int64)
    ahead = days - size
    late = ahead[(ahead < 0) & (days > last + period / 2)]
    coming = ahead[(ahead >= 0) & (ahead < horizon)]
    # What is a few days late still comes: tomorrow is the best guess.
    return np.concatenate([[0], coming]).astype(np.int64) if len(late) and horizon else coming


def _monthly(first_day: np.datetime64, days: Ints, months: Ints) -> Ints:
    """Its usual day of the month in the months after the last one, never beyond a month's end."""
    dates = first_day + days
    starts = dates.astype("datetime64[M]")
    place = (dates - starts.astype("datetime64[D]")).astype(np.int64)
    # Around a month's end a bill is sometimes of the month before: count from the month that it is meant for.
    usual = int(np.median(place[-6:]))
    latest = starts[-1]
    if place[-1] - usual > _MONTH / 2:
        latest = latest + 1
    elif usual - place[-1] > _MONTH / 2:
        latest = latest - 1
    wanted = latest + months
    begin = wanted.astype("datetime64[D]")
    length = ((wanted + 1).astype("datetime64[D]") - begin).astype(np.int64)
    found: Ints = (begin + np.minimum(usual, length - 1) - first_day).astype(np.int64)
    return found
