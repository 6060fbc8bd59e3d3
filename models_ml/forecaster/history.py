"""A person's money as daily series: what was spent, and how the balance moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from models_ml.forecaster.scheduled import Due, Known, Series, known

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class History:
    """Days from ``first_day`` on without a hole; amounts in minor units (or any one unit).

    ``spent`` is spending net of refunds, outflow positive. ``flow`` is how the spendable balance moved.
    ``balance`` is that balance at the end of the last day, None where no statement ever told it. ``series``
    are what comes again in it, ``dues`` what the user entered for days to come.
    """

    user: str
    first_day: date
    spent: Floats
    flow: Floats
    balance: float | None = None
    series: tuple[Series, ...] = ()
    dues: tuple[Due, ...] = ()

    @property
    def days(self) -> int:
        """How many days are known."""
        return len(self.spent)

    @property
    def last_day(self) -> date:
        """The last known day."""
        return self.first_day + timedelta(days=self.days - 1)

    def until(self, days: int) -> History:
        """What was known after the first ``days`` days; what was entered for later days was not."""
        if days >= self.days:
            return self
        known_ = None if self.balance is None else self.balance - float(self.flow[days:].sum())
        return replace(
            self,
            spent=self.spent[:days],
            flow=self.flow[:days],
            balance=known_,
            series=tuple(replace(each.until(days), due=None, expected=None) for each in self.series),
            dues=(),
        )

    def since(self, day: int) -> History:
        """The same without the days before the given index."""
        return replace(
            self,
            first_day=self.first_day + timedelta(days=day),
            spent=self.spent[day:],
            flow=self.flow[day:],
            series=tuple(each.since(day) for each in self.series),
            dues=tuple(replace(each, day=each.day - day) for each in self.dues),
        )

    def known(self, horizon: int) -> Known:
        """What came by a rhythm, and what is due on the days ahead."""
        first = np.datetime64(self.first_day, "D")
        return known(first, self.days, self.series, self.dues, horizon)
