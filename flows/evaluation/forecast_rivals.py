"""Statistical models of statsforecast in the same backtest: run where that library is installed.

Its newest release wants pandas below 3 and the one before wants scipy below 1.16, which the platform is
beyond, so it lives in an environment of its own: there
``python -m flows.evaluation.forecast_rivals FILE...``,
with this checkout as the working folder.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from flows.evaluation.forecasts import NAIVE, backtest, some
from flows.evaluation.histories import ledger
from models_ml.forecaster.features import HORIZON
from models_ml.forecaster.history import Floats, History
from models_ml.forecaster.model import shipped

PEOPLE, STEP = 40, 90
_BAND = 80
_WEEK, _MONTH = 7, 30
#: Seasons that a model may have, by its name; exponential smoothing takes none of a month.
MODELS: Mapping[str, dict[str, Any]] = {
    "AutoETS": {"season_length": _WEEK},
    "AutoTheta": {"season_length": _WEEK},
    "MSTL": {"season_length": [_WEEK, _MONTH]},
}


def main(files: Sequence[str]) -> None:
    """The backtest of each ledger with the statistical models in it, and what a person's forecasts take."""
    told = []
    for path in map(Path, files):
        rivals = {name: Statistical(name) for name in MODELS}
        people = some(ledger(path), PEOPLE)
        report = backtest(path.name, people, shipped(), step=STEP, rivals={**NAIVE, **rivals})
        took = {name: round(each.seconds / max(each.asked, 1), 3) for name, each in rivals.items()}
        told.append({**asdict(report), "seconds_a_person": took})
    print(json.dumps(told, indent=2))  # noqa: T201


class Statistical:
    """A model of statsforecast with the bands that it has itself; sums are forecast as the level they are."""

    def __init__(self, name: str) -> None:
        """Nothing is fitted yet."""
        self.name, self.seconds, self.asked = name, 0.0, 0

    def __call__(self, known: History) -> dict[str, Floats]:
        """Quantiles by target: horizons x quantiles."""
        began = time.monotonic()
        said = {
            "day": self._levels(known.spent),
            "spent": self._moved(known.spent),
            "balance": self._moved(known.flow),
        }
        self.seconds, self.asked = self.seconds + time.monotonic() - began, self.asked + 1
        return said

    def _moved(self, values: Floats) -> Floats:
        total = np.cumsum(values)
        moved: Floats = self._levels(total) - total[-1]
        return moved

    def _levels(self, values: Floats) -> Floats:
        model = getattr(import_module("statsforecast.models"), self.name)(**self._season(len(values)))
        said = model.forecast(y=values.astype(np.float64), h=HORIZON, level=[_BAND])
        quantiles = np.stack([said[f"lo-{_BAND}"], said["mean"], said[f"hi-{_BAND}"]], axis=1)
        return np.sort(np.nan_to_num(quantiles), axis=1)

    def _season(self, days: int) -> dict[str, Any]:
        """The model's seasons; a young history has no month to repeat."""
        season = MODELS[self.name]
        return {"season_length": [_WEEK]} if days < 3 * _MONTH and self.name == "MSTL" else dict(season)


if __name__ == "__main__":
    main(sys.argv[1:])
