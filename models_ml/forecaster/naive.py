"""Seasonal naive forecasts: what was, comes again; as unsure as it was wrong before. To be beaten."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models_ml.forecaster.features import HORIZON, QUANTILES, WINDOWS, same_days
from models_ml.forecaster.history import Floats, History

Indices = npt.NDArray[np.int64]

_NORMAL = (-1.2815515655446004, 0.0, 1.2815515655446004)
#: Past errors from which quantiles are taken as they are; fewer are taken as normal.
_ENOUGH = 20


def monthly(history: History) -> dict[str, Floats]:
    """The same days of the last month, by target: horizons x quantiles."""
    index = same_days(history)[0]
    week = history.days - 7 + np.arange(HORIZON) % 7
    return _naive(history, np.where(index >= 0, index, week), 30)


def weekly(history: History) -> dict[str, Floats]:
    """The last week again and again, by target: horizons x quantiles."""
    return _naive(history, history.days - 7 + np.arange(HORIZON) % 7, 7)


def _naive(history: History, index: Indices, season: int) -> dict[str, Floats]:
    index = np.clip(index, 0, history.days - 1).astype(np.int64)
    return {
        "balance": _quantiles(history.flow, index, season, is_cumulative=True),
        "spent": _quantiles(history.spent, index, season, is_cumulative=True),
        "day": _quantiles(history.spent, index, season, is_cumulative=False),
    }


def _quantiles(values: Floats, index: Indices, season: int, *, is_cumulative: bool) -> Floats:
    path = values[index.astype(np.int64)]
    steps = np.arange(1, HORIZON + 1)
    if not is_cumulative:
        alone: Floats = path[:, None] + _errors(values, 1, season)[None, :]
        return alone
    table = np.array([_errors(values, window, season) for window in WINDOWS])
    errors = [np.interp(steps, WINDOWS, table[:, level]) for level in range(len(QUANTILES))]
    summed: Floats = np.cumsum(path)[:, None] + np.array(errors).T
    return summed


def _errors(values: Floats, window: int, season: int) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(values)])
    sums = total[window:] - total[:-window]
    lag = season * -(-window // season)
    errors = sums[lag:] - sums[:-lag] if len(sums) > lag else np.zeros(0)
    if len(errors) >= max(_ENOUGH, window):
        found: Floats = np.quantile(errors, QUANTILES)
        found[1] = 0.0
        return found
    normal: Floats = np.array(_NORMAL) * float(values.std()) * np.sqrt(2 * window)
    return normal
