"""Calendar arithmetic on arrays: days since 1970, months since 1970, nominal days and their shifts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: The "day" of the month that stands for its last working day.
LAST_WORKING_DAY = 32
#: Moving to the next or the last working day is nearly as good as the day itself.
_SHIFT_COST = 0.25
_SATURDAY, _SUNDAY = 5, 6


def month_of(days: Ints) -> Ints:
    """Months since January 1970."""
    months: Ints = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months


def first_of(months: Ints) -> Ints:
    """The first day of a month."""
    days: Ints = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return days


def weekday_of(days: Ints) -> Ints:
    """Monday is 0; 1 January 1970 was a Thursday."""
    weekdays: Ints = (days + 3) % 7
    return weekdays


def nominal_days(months: Ints, day: Ints | int) -> Ints:
    """Day ``day`` of each month, clamped to its length; LAST_WORKING_DAY is its last Monday to Friday."""
    first, following = first_of(months), first_of(months + 1)
    last = following - 1
    plain = np.minimum(first + day - 1, last)
    weekday = weekday_of(last)
    working = last - np.where(weekday == _SATURDAY, 1, np.where(weekday == _SUNDAY, 2, 0))
    result: Ints = np.where(np.asarray(day) == LAST_WORKING_DAY, working, plain)
    return result


def distance(days: Ints, nominal: Ints) -> Floats:
    """Days between a date and its nominal day, a shift over the weekend being nearly none."""
    weekday = weekday_of(nominal)
    weekend = weekday >= _SATURDAY
    ahead = nominal + np.where(weekend, 7 - weekday, 0)
    back = nominal - np.where(weekend, weekday - 4, 0)
    shifted = np.minimum(np.abs(days - ahead), np.abs(days - back)) + np.where(weekend, _SHIFT_COST, 0.0)
    result: Floats = np.minimum(np.abs(days - nominal).astype(np.float64), shifted)
    return result
