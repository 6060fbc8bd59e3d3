"""How much the next one will be, between which bounds, and whether the price changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from models_ml.recurring.days import Floats

#: Prices that differ by less are one (rates of the day, rounding).
_SAME = 0.005
#: With this share of unchanged steps an amount is fixed, its changes are changes of price.
_FIXED_SHARE = 0.6
#: A step beyond it is an odd one (part of a month, two at once), no change of price.
_ODD = 0.4
_RECENT = 3
_SEASONAL = 13
_LOW, _HIGH = 0.1, 0.9
_PER_YEAR = {"monthly": 12, "last_working_day": 12, "bi_monthly": 6, "quarterly": 4, "half_yearly": 2}


@dataclass(frozen=True, slots=True)
class Outlook:
    """Signed minor units; ``low`` and ``high`` are bounds of eight amounts of ten, low the smaller number."""

    is_fixed: bool
    expected: int
    low: int
    high: int
    price_before: int | None = None
    changed_on: date | None = None


def outlook(amounts: Sequence[int], days: Sequence[date], cadence: str, due: date | None) -> Outlook:
    """The next amount after these, in order of their days."""
    del due
    logs = np.log(np.abs(np.array(amounts, dtype=np.float64)))
    sign = 1 if amounts[-1] > 0 else -1
    steps = np.abs(np.diff(logs))
    is_fixed = (len(amounts) < _RECENT and bool((steps < _ODD).all())) or bool(
        (steps < _SAME).mean() >= _FIXED_SHARE
    )
    if is_fixed:
        return _fixed(amounts, days, logs)
    center = _center(logs, len(logs), _PER_YEAR.get(cadence, 0))
    errors = np.array([logs[n] - _center(logs, n, _PER_YEAR.get(cadence, 0)) for n in range(1, len(logs))])
    wide = 1.0 + 1.0 / len(errors)
    low, high = (float(np.quantile(errors, share)) * wide for share in (_LOW, _HIGH))
    bounds = sorted(
        (
            sign * round(float(np.exp(center + min(low, 0.0)))),
            sign * round(float(np.exp(center + max(high, 0.0)))),
        )
    )
    return Outlook(
        is_fixed=False, expected=sign * round(float(np.exp(center))), low=bounds[0], high=bounds[1]
    )


def _center(logs: Floats, count: int, per_year: int) -> float:
    """The log amount foretold from the first ``count``: recent ones, and last year's season where known."""
    recent = float(logs[max(0, count - _RECENT) : count].mean())
    if not per_year or count < per_year + 1:
        return recent
    season = float(logs[count - per_year])
    then = logs[max(0, count - per_year - _RECENT) : count - per_year]
    return 0.5 * recent + 0.5 * (season + recent - float(then.mean()))


def _fixed(amounts: Sequence[int], days: Sequence[date], logs: Floats) -> Outlook:
    price = _price(amounts, logs)
    before, changed = None, None
    for number in range(len(amounts) - 1, 0, -1):
        step = abs(float(logs[number] - logs[number - 1]))
        if _SAME <= step < _ODD and abs(amounts[number] - price) <= abs(price) * _SAME:
            before, changed = amounts[number - 1], days[number]
            break
    return Outlook(True, price, price, price, before, changed)  # noqa: FBT003 - named by the class


def _price(amounts: Sequence[int], logs: Floats) -> int:
    """The last amount, unless it is an odd one."""
    if len(amounts) >= _RECENT and abs(float(logs[-1] - logs[-2])) >= _ODD:
        return amounts[-2]
    return amounts[-1]
