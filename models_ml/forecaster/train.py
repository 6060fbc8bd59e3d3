"""Learns the forecaster from generated lives and writes the folder that is shipped.

Only generated people are learned from; real histories are for measuring.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from models_ml.forecaster.boosting import DEPTH, Boosted
from models_ml.forecaster.calibrate import calibration
from models_ml.forecaster.disturb import disturbed
from models_ml.forecaster.features import NAMES, QUANTILES, TARGETS, answers, outlooks
from models_ml.forecaster.history import Floats, History
from models_ml.forecaster.model import (
    CARD_FILE,
    MANIFEST_FILE,
    MODEL_NAME,
    SHIPPED,
    WEIGHTS_FILE,
    ForecastModel,
)
from models_ml.forecaster.predict import FEWEST_DAYS, is_enough, trials_of

Rows = npt.NDArray[np.float32]


class Params(BaseModel):
    """What steers training."""

    model_config = ConfigDict(frozen=True)

    seed: int = 3
    trees: int = 150
    learning_rate: float = 0.08
    leaves: int = 31
    smallest_leaf: int = 100
    l2: float = 5.0
    features_at_a_time: float = 0.5
    origin_step: int = 25
    horizons_an_origin: int = 8
    copies: int = 4  # of each person: as they are, and with other habits
    calibrating_share: float = 0.25  # people kept apart to see where the truth falls
    largest_answer: float = 20.0


def train(histories: Sequence[History], params: Params) -> ForecastModel:
    """Fit on three people of four, calibrate on the fourth."""
    from sklearn.ensemble import (  # type: ignore[import-untyped]  # noqa: PLC0415
        HistGradientBoostingRegressor,
    )

    dice = np.random.default_rng(params.seed)
    cut = round(len(histories) * (1 - params.calibrating_share))
    rows, targets = _examples(histories[:cut], params, dice)
    trees = {}
    for target in TARGETS:
        for level in QUANTILES:
            fitted = HistGradientBoostingRegressor(
                loss="quantile",
                quantile=level,
                max_iter=params.trees,
                learning_rate=params.learning_rate,
                max_leaf_nodes=params.leaves,
                max_depth=DEPTH,
                min_samples_leaf=params.smallest_leaf,
                l2_regularization=params.l2,
                max_features=params.features_at_a_time,
                early_stopping=False,
                random_state=params.seed,
            ).fit(rows[target], targets[target])
            trees[target, level] = Boosted.from_sklearn(fitted)
    unseen = [disturbed(history, dice) for history in histories[cut:] for _ in range(2)]
    bare = ForecastModel(trees, {})
    trials = [trial for each in unseen for trial in trials_of(each, bare, step=params.origin_step)]
    return bare.calibrated_by(calibration(trials))


def save(model: ForecastModel, params: Params, data: dict[str, Any], folder: Path = SHIPPED) -> str:
    """Write weights, manifest and card; gives the hash."""
    content = model.to_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS_FILE).write_bytes(content)
    manifest = {
        "name": MODEL_NAME,
        "version": sha256[:12],
        "file": WEIGHTS_FILE,
        "sha256": sha256,
        "params": params.model_dump(mode="json"),
        "data": data,
        "metrics": {},
    }
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    (folder / CARD_FILE).write_text(
        _CARD.format(version=sha256[:12], features=len(NAMES), **data), encoding="utf-8"
    )
    return sha256


def _examples(
    histories: Sequence[History], params: Params, dice: np.random.Generator
) -> tuple[dict[str, Rows], dict[str, Floats]]:
    rows: dict[str, list[Rows]] = {target: [] for target in TARGETS}
    truths: dict[str, list[Floats]] = {target: [] for target in TARGETS}
    for history in histories:
        for copy in range(params.copies):
            drawn = history if copy == 0 else disturbed(history, dice)
            first = FEWEST_DAYS + int(dice.integers(0, params.origin_step))
            for days in range(first, drawn.days - 7, params.origin_step):
                _add(drawn, days, params, dice, rows, truths)
    return (
        {target: np.concatenate(parts) for target, parts in rows.items()},
        {target: np.concatenate(parts) for target, parts in truths.items()},
    )


def _add(  # noqa: PLR0913, PLR0917 - one example's parts
    history: History,
    days: int,
    params: Params,
    dice: np.random.Generator,
    rows: dict[str, list[Rows]],
    truths: dict[str, list[Floats]],
) -> None:
    known = history.until(days)
    if not is_enough(known):
        return
    looks, truth = outlooks(known), answers(history, days)
    count = len(truth["day"])
    chosen = np.sort(dice.choice(count, min(count, params.horizons_an_origin), replace=False))
    for target in TARGETS:
        look = looks[target]
        answer = (truth[target][chosen] - look.base[chosen]) / look.unit[chosen]
        rows[target].append(look.rows[chosen])
        truths[target].append(np.clip(answer, -params.largest_answer, params.largest_answer))


_CARD = """# Forecaster {version}

Quantiles (P10, P50, P90) of a person's spending and balance for each of the next 90 days.

- **How**: gradient-boosted quantile trees (scikit-learn) over {features} figures of a daily history, all
  relative to the person's own amounts; then shifted to where the truth used to fall (conformal), by horizon,
  length of the history, and the person's own last forecasts.
- **Learned from**: {people} generated people over {months} months (seed {seed}) and disturbed copies of them:
  cash, irregular income, young accounts, turns of life, gaps. No real person's money; that only measures it.
- **Not for**: lending decisions, or anything about a person but telling them.
- **Figures**: docs/forecasts.md, by `mita evaluate forecasts`.
"""
