"""When a series is due: the days that its cadence names, moved as its past was, and what stayed away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Literal

import numpy as np

from models_ml.recurring.cadences import Cadence
from models_ml.recurring.days import LAST_WORKING_DAY, Ints, month_of, nominal_days, weekday_of

Status = Literal["active", "late", "ended"]

_SATURDAY = 5
_HALF_MONTH = 15
_MOST_SLOTS = 1000
#: Slots without a line after which a series is taken for ended; of periods of so many days one is enough.
_ENDED_AFTER, _WEEKLY_ENDED_AFTER, _LONG_DAYS = 2, 3, 55.0
_SHARE_WITHIN = 0.9


@dataclass(frozen=True)
class Schedule:
    """The due days of one series; days are counted since 1970."""

    cadence: Cadence
    anchor: int
    phase: int
    period: float
    days: Ints  # of the lines that came, in order
    shift: int  # weekends: 1 moves to Monday, -1 to Friday, 0 stays
    late_by: int  # usual days after the nominal one
    spread: int  # nine of ten come within so many days

    @classmethod
    def of(cls, cadence: Cadence, anchor: int, phase: int, period: float, days: Ints) -> Schedule:
        """What the days that it came on say of how it moves."""
        plain = cls(cadence, anchor, phase, period, days, 0, 0, 1)
        if cadence.unit == "gaps":
            gaps = np.abs(np.diff(days) - period)
            return cls(
                cadence,
                anchor,
                phase,
                period,
                days,
                0,
                0,
                max(2, ceil(float(np.quantile(gaps, _SHARE_WITHIN)))),
            )
        nominal = np.array([plain._nearest(day) for day in days], dtype=np.int64)
        ahead = days - nominal
        weekend = weekday_of(nominal) >= _SATURDAY
        moved = ahead[weekend]
        shift = 0
        if len(moved) and (moved != 0).mean() > 0.5:  # noqa: PLR2004
            shift = 1 if (moved > 0).mean() >= 0.5 else -1  # noqa: PLR2004
        on_weekdays = ahead[~weekend]
        late_by = int(np.median(on_weekdays)) if len(on_weekdays) else 0
        shifted = cls(cadence, anchor, phase, period, days, shift, late_by, 1)
        off = [abs(int(day) - shifted._due_of(int(place))) for day, place in zip(days, nominal, strict=True)]
        return cls(
            cadence,
            anchor,
            phase,
            period,
            days,
            shift,
            late_by,
            max(1, ceil(float(np.quantile(off, _SHARE_WITHIN)))),
        )

    def status(self, until: int) -> Status:
        """Whether it goes on, given that the account is known until a day."""
        missed = len(self._passed(until))
        if missed == 0:
            return "active"
        enough = _WEEKLY_ENDED_AFTER if self.period < _HALF_MONTH else _ENDED_AFTER
        return "ended" if missed >= (1 if self.period > _LONG_DAYS else enough) else "late"

    def missed(self, until: int) -> int:
        """Due days without a line, between the first and the last day known."""
        slots = self._count(int(self.days[-1])) - self._count(int(self.days[0])) + 1
        return max(0, slots - len(self.days)) + len(self._passed(until))

    def dates(self, until: int, ahead: int) -> list[date]:
        """The due days to come after the last line, those that passed unpaid left out."""
        passed = self._passed(until)
        first = passed[-1] if passed else int(self.days[-1]) + self._half()
        found = [day for day in self._due(first, max(until, first) + ahead) if not passed or day > passed[-1]]
        return [date(1970, 1, 1) + timedelta(days=day) for day in found]

    @property
    def grace(self) -> int:
        """Days after which a line that has not come is missing."""
        return max(2, min(self.spread + 2 + round(self.period / 30), round(self.period * 0.45)))

    def _half(self) -> int:
        """Half a period: a line nearer to the last one than that belongs to the same slot."""
        return max(1, int(self.period // 2))

    def _passed(self, until: int) -> list[int]:
        """Due days since the last line that are over by more than the grace."""
        return [
            day for day in self._due(int(self.days[-1]) + self._half(), until) if day + self.grace < until
        ]

    def _due(self, after: int, until: int) -> list[int]:
        """Due days in (after, until]."""
        if self.cadence.unit == "gaps":
            step = max(1.0, self.period)
            last = int(self.days[-1])
            found = [
                last + round(step * n) for n in range(1, min(_MOST_SLOTS, int((until - last) // step) + 2))
            ]
        else:
            found = [self._due_of(day) for day in self._nominal(after - _HALF_MONTH, until + _HALF_MONTH)]
        return [day for day in found if after < day <= until]

    def _due_of(self, nominal: int) -> int:
        weekday = int(weekday_of(np.array([nominal]))[0])
        if self.shift and weekday >= _SATURDAY:
            return nominal + (7 - weekday if self.shift > 0 else 4 - weekday)
        return nominal + self.late_by

    def _nominal(self, start: int, end: int) -> list[int]:
        """Nominal days in [start, end]."""
        if self.cadence.unit == "days":
            step = self.cadence.step
            first = start + (self.anchor - start) % step
            return list(range(first, end + 1, step))
        low, high = (int(month_of(np.array([day]))[0]) for day in (start, end))
        months = np.arange(low - 1, high + 2, dtype=np.int64)
        if self.cadence.unit == "half_months":
            second = self.anchor + _HALF_MONTH
            days = np.r_[
                nominal_days(months, self.anchor),
                nominal_days(months, LAST_WORKING_DAY - 1 if second == 2 * _HALF_MONTH else second),
            ]
        else:
            wanted = months[(months - self.phase) % self.cadence.step == 0]
            days = nominal_days(wanted, self.anchor)
        return [int(day) for day in np.sort(days) if start <= day <= end]

    def _nearest(self, day: int) -> int:
        around = self._nominal(int(day - self.period - 1), int(day + self.period + 1))
        return min(around, key=lambda nominal: abs(nominal - day))

    def _count(self, day: int) -> int:
        """The number of a day's slot."""
        if self.cadence.unit == "gaps":
            return round((day - int(self.days[0])) / max(1.0, self.period))
        return len(self._nominal(int(self.days[0]) - self._half(), self._nearest(day)))
