"""Statistical models of statsforecast on the same histories: run where that library is installed.

It wants pandas below 3, which the platform is beyond, so it lives in an environment of its own:
``python -m flows.evaluation.forecast_rivals FILE...`` there, with this checkout as the working folder.
Its bands are of single days, so single days are what is compared.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from flows.evaluation.histories import ledger
from models_ml.forecaster import naive
from models_ml.forecaster.calibrate import calibration
from models_ml.forecaster.features import HORIZON, QUANTILES
from models_ml.forecaster.history import Floats, History
from models_ml.forecaster.model import ForecastModel, shipped
from models_ml.forecaster.predict import quantiles, trials_of

PEOPLE, ORIGINS, FEWEST_DAYS = 40, 3, 120
_BAND = 80


def main(files: Sequence[str]) -> None:
    """Pinball loss of single days, in months of turnover, and the coverage of the band, by model."""
    print(json.dumps({name: compared(ledger(Path(name))) for name in files}, indent=2))  # noqa: T201


def compared(histories: Sequence[History]) -> dict[str, dict[str, float]]:
    """Everybody's scores on the last origins of some people with longer histories."""
    long = [each for each in histories if each.days >= FEWEST_DAYS + HORIZON][:PEOPLE]
    model = shipped()
    others = [each for each in histories if each not in long][: 4 * PEOPLE]
    learned = [trial for each in others for trial in trials_of(each, model, step=30)]
    fitted = model.calibrated_by(calibration(learned, model.calibration)) if learned else model
    scores: dict[str, list[tuple[float, float]]] = {}
    seconds: dict[str, float] = {}
    for history in long:
        for back in range(1, ORIGINS + 1):
            days = history.days - HORIZON - (back - 1) * 15
            if days >= FEWEST_DAYS:
                _score(history, days, fitted, scores, seconds)
    return {
        name: {
            "pinball": round(float(np.mean([each[0] for each in parts])), 5),
            "coverage": round(float(np.mean([each[1] for each in parts])), 4),
            "seconds_a_forecast": round(seconds[name] / len(parts), 4),
        }
        for name, parts in scores.items()
    }


def _score(
    history: History,
    days: int,
    model: ForecastModel,
    scores: dict[str, list[tuple[float, float]]],
    seconds: dict[str, float],
) -> None:
    known, truth = history.until(days), history.spent[days : days + HORIZON]
    scale = max(float(np.abs(history.flow).mean()) * 30.4375, 1e-9)
    ways: dict[str, Any] = {
        "mita": lambda: quantiles(
            next(t for t in trials_of(known_with(history, days), model, step=1, fewest=days)),
            "day",
            model,
            (),
        ),
        "seasonal naive, month": lambda: naive.monthly(known)["day"],
        **{
            name: (lambda name=name: statistical(name, known))
            for name in ("AutoETS", "AutoTheta", "CrostonSBA")
        },
    }
    for name, way in ways.items():
        began = time.monotonic()
        said = np.sort(way()[: len(truth)], axis=1)
        seconds[name] = seconds.get(name, 0.0) + time.monotonic() - began
        errors = truth[:, None] - said
        levels = np.array(QUANTILES)
        loss = float(np.maximum(levels * errors, (levels - 1) * errors).mean()) / scale
        held = float(((truth >= said[:, 0] - 1e-6) & (truth <= said[:, -1] + 1e-6)).mean())
        scores.setdefault(name, []).append((loss, held))


def known_with(history: History, days: int) -> History:
    """The history until a week after an origin, which is what a trial of that origin needs."""
    return history.until(days + 7)


def statistical(name: str, known: History) -> Floats:
    """Quantiles of single days by a model of statsforecast, weekly season, bands by conformal inference."""
    models, core = import_module("statsforecast.models"), import_module("statsforecast.utils")
    intervals = core.ConformalIntervals(h=HORIZON // 6, n_windows=2)
    season = {} if name == "CrostonSBA" else {"season_length": 7}
    fitted = getattr(models, name)(**season, prediction_intervals=intervals)
    said = fitted.forecast(y=known.spent.astype(np.float32), h=HORIZON // 6, level=[_BAND])
    columns = [said[f"lo-{_BAND}"], said["mean"], said[f"hi-{_BAND}"]]
    short = np.stack(columns, axis=1)
    return np.concatenate([short, np.repeat(short[-7:], -(-(HORIZON - len(short)) // 7), axis=0)])[:HORIZON]


if __name__ == "__main__":
    main(sys.argv[1:])
