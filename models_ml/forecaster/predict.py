"""The days ahead of a person: spending and balance at P10, P50 and P90."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from models_ml.forecaster.calibrate import Trial, calibrated
from models_ml.forecaster.features import TARGETS, Outlook, answers, days_ahead, outlooks
from models_ml.forecaster.history import Floats, History

if TYPE_CHECKING:
    from models_ml.forecaster.model import ForecastModel

#: Active days without which nothing can be said.
FEWEST_ACTIVE_DAYS = 5
FEWEST_DAYS = 30
#: Days between two trials of a backtest, and how many days back one's own earlier forecasts are looked at.
ORIGIN_STEP = 15
OWN_BACK = (15, 30, 60, 90, 120)
_NEAR_BACK = 7


@dataclass(frozen=True, slots=True)
class Forecast:
    """Quantiles (horizons x 3) by target, in the history's unit; balances are None where none was told."""

    user: str
    days: tuple[date, ...]
    spent: Floats  # from the first day ahead to each day
    day: Floats  # of each day alone
    moved: Floats  # how the balance moves from today to each day
    balance: float | None


def is_enough(history: History) -> bool:
    """Whether the history says enough for a forecast."""
    return history.days >= FEWEST_DAYS and int((history.flow != 0).sum()) >= FEWEST_ACTIVE_DAYS


def forecasts(histories: Sequence[History], model: ForecastModel) -> list[Forecast]:
    """The forecast of everybody whose history is enough, from the end of each."""
    told = [history for history in histories if is_enough(history)]
    now = [outlooks(history) for history in told]
    past = [_past(history) for history in told]
    said = _say([*now, *(outlook for origins in past for _, outlook in origins)], model)
    trials = iter(said[len(told) :])
    found = []
    for history, outlook, mine, origins in zip(told, now, said[: len(told)], past, strict=True):
        own = [
            Trial(history.user, days, before, next(trials), answers(history, days))
            for days, before in origins
        ]
        found.append(_forecast(history, outlook, mine, own, model))
    return found


def trials_of(
    history: History, model: ForecastModel, *, step: int = ORIGIN_STEP, fewest: int = FEWEST_DAYS
) -> list[Trial]:
    """Forecasts from every so many days of a history, with what came true after them."""
    starts = [days for days in range(fewest, history.days - 6, step) if is_enough(history.until(days))]
    looks = [outlooks(history.until(days)) for days in starts]
    said = _say(looks, model)
    return [
        Trial(history.user, days, look, each, answers(history, days))
        for days, look, each in zip(starts, looks, said, strict=True)
    ]


def own_before(trials: Sequence[Trial], number: int) -> Sequence[Trial]:
    """The earlier trials that a forecast made with the given one may learn from."""
    day = trials[number].days_known
    places = {
        min(range(number), key=lambda place: abs(day - back - trials[place].days_known))
        for back in OWN_BACK
        if number
    }
    return [
        trials[place]
        for place in sorted(places)
        if min(abs(day - back - trials[place].days_known) for back in OWN_BACK) <= _NEAR_BACK
    ]


def quantiles(trial: Trial, target: str, model: ForecastModel, own: Sequence[Trial]) -> Floats:
    """The calibrated quantiles of a trial as amounts: horizons x quantiles."""
    return _money(
        trial.outlook[target],
        calibrated(
            trial.said[target], trial.outlook[target], target, trial.days_known, model.calibration, own
        ),
    )


def _past(history: History) -> list[tuple[int, dict[str, Outlook]]]:
    starts = [history.days - back for back in sorted(OWN_BACK, reverse=True)]
    return [
        (days, outlooks(history.until(days)))
        for days in starts
        if days >= FEWEST_DAYS and is_enough(history.until(days))
    ]


def _say(looks: Sequence[dict[str, Outlook]], model: ForecastModel) -> list[dict[str, Floats]]:
    if not looks:
        return []
    said = {
        target: np.split(
            model.say_rows(target, np.concatenate([look[target].rows for look in looks])), len(looks)
        )
        for target in TARGETS
    }
    return [{target: said[target][number] for target in TARGETS} for number in range(len(looks))]


def _money(outlook: Outlook, said: Floats) -> Floats:
    money: Floats = outlook.base[:, None] + said * outlook.unit[:, None]
    return money


def _forecast(
    history: History,
    outlook: dict[str, Outlook],
    said: dict[str, Floats],
    own: Sequence[Trial],
    model: ForecastModel,
) -> Forecast:
    money = {
        target: _money(
            outlook[target],
            calibrated(said[target], outlook[target], target, history.days, model.calibration, own),
        )
        for target in TARGETS
    }
    if not (history.spent < 0).any():
        money["day"] = np.maximum(money["day"], 0.0)
        money["spent"] = np.maximum(money["spent"], 0.0)
    return Forecast(
        history.user,
        tuple(days_ahead(history)),
        money["spent"],
        money["day"],
        money["balance"],
        history.balance,
    )
