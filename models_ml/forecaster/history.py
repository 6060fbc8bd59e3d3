"""A person's money as daily series: what was spent, and how the balance moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class History:
    """Days from ``first_day`` on without a hole; amounts in minor units (or any one unit).

    ``spent`` is spending net of refunds, outflow positive. ``flow`` is how the spendable balance moved.
    ``balance`` is that balance at the end of the last day, None where no statement ever told it.
    """

    user: str
    first_day: date
    spent: Floats
    flow: Floats
    balance: float | None = None

    @property
    def days(self) -> int:
        """How many days are known."""
        return len(self.spent)

    @property
    def last_day(self) -> date:
        """The last known day."""
        return self.first_day + timedelta(days=self.days - 1)

    def until(self, days: int) -> History:
        """What was known after the first ``days`` days."""
        known = None if self.balance is None else self.balance - float(self.flow[days:].sum())
        return replace(self, spent=self.spent[:days], flow=self.flow[:days], balance=known)

    def since(self, day: int) -> History:
        """The same without the days before the given index."""
        return replace(
            self,
            first_day=self.first_day + timedelta(days=day),
            spent=self.spent[day:],
            flow=self.flow[day:],
        )
