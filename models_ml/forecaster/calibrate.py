"""Quantiles that hold: shifts learned from where earlier forecasts fell, of other people and of one's own.

Split conformal prediction for quantiles (Romano, Patterson, Candes 2019) with shifts in widths of the band,
by horizon and length of the history, where a person's own past errors count among those of others
(weighted as in Tibshirani et al. 2019). Nothing is used that was not known when the forecast is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models_ml.forecaster.features import HORIZON, QUANTILES, TARGETS, Outlook
from models_ml.forecaster.history import Floats

_HORIZON_EDGES = (3, 8, 15, 31, 61)
_LENGTH_EDGES = (60, 120, 240)
LEVELS = np.arange(0.01, 1.0, 0.01)
HORIZON_BUCKET = np.digitize(np.arange(1, HORIZON + 1), _HORIZON_EDGES)
_CELLS = (len(_HORIZON_EDGES) + 1, len(_LENGTH_EDGES) + 1, len(QUANTILES), len(LEVELS))
#: A cell with fewer scores speaks for the whole horizon, and that for what was shipped.
_ENOUGH = 200
#: What everybody's errors weigh against one's own, of which an origin weighs ORIGIN_WEIGHT.
POOL_WEIGHT = 20.0
ORIGIN_WEIGHT = 1.5
_THINNEST = 1e-3


@dataclass(frozen=True, slots=True)
class Trial:
    """A forecast from one day: what was known, what the trees said (horizons x quantiles), what came true."""

    user: str
    days_known: int
    outlook: Mapping[str, Outlook]
    said: Mapping[str, Floats]
    truth: Mapping[str, Floats]

    def scores(self, target: str, steps: int) -> Floats:
        """How far the truth lay from each quantile, in widths of the band: the first steps x quantiles."""
        steps = min(steps, len(self.truth[target]))
        outlook, said = self.outlook[target], self.said[target][:steps]
        truth = (self.truth[target][:steps] - outlook.base[:steps]) / outlook.unit[:steps]
        found: Floats = (truth[:, None] - said) / widths(said)[:, None]
        return found


Calibration = Mapping[str, Floats]


def widths(said: Floats) -> Floats:
    """The width of the band, never nothing."""
    wide: Floats = np.maximum(said[:, -1] - said[:, 0], _THINNEST)
    return wide


def calibration(trials: Iterable[Trial], otherwise: Calibration | None = None) -> Calibration:
    """Where scores fell, by target: quantiles at LEVELS for each cell of horizon and length."""
    gathered: dict[str, list[tuple[int, Floats]]] = {target: [] for target in TARGETS}
    for trial in trials:
        length = int(np.digitize(trial.days_known, _LENGTH_EDGES))
        for target in TARGETS:
            gathered[target].append((length, trial.scores(target, HORIZON)))
    return {
        target: _table(found, None if otherwise is None else otherwise[target])
        for target, found in gathered.items()
    }


def _table(found: Sequence[tuple[int, Floats]], otherwise: Floats | None) -> Floats:
    table = np.zeros(_CELLS) if otherwise is None else otherwise.copy()
    for bucket in range(_CELLS[0]):
        by_length: list[list[Floats]] = [[] for _ in range(_CELLS[1])]
        for length, scores in found:
            by_length[length].append(scores[HORIZON_BUCKET[: len(scores)] == bucket])
        everyone = _joined([part for parts in by_length for part in parts])
        for length, parts in enumerate(by_length):
            here = _joined(parts)
            scores = here if len(here) >= _ENOUGH else everyone
            if len(scores) >= _ENOUGH:
                table[bucket, length] = np.quantile(scores, LEVELS, axis=0).T
    return table


def _joined(parts: Sequence[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.zeros((0, len(QUANTILES)))


def calibrated(  # noqa: PLR0913, PLR0917 - what was said, of whom, and whose errors count
    said: Floats, target: str, days_known: int, everyone: Calibration, own: Sequence[Trial], day: int
) -> Floats:
    """The quantiles shifted to where the truth used to fall; ``own`` are earlier trials of the person."""
    shifted = said.copy()
    wide, length = widths(said), int(np.digitize(days_known, _LENGTH_EDGES))
    past = [trial.scores(target, day - trial.days_known) for trial in own]
    for bucket in range(_CELLS[0]):
        here = np.equal(HORIZON_BUCKET, bucket)
        pool = everyone[target][bucket, length]
        scores = [each for each in (part[here[: len(part)]] for part in past) if len(each)]
        for level, tau in enumerate(QUANTILES):
            shift = _shift(pool[level], [part[:, level] for part in scores], tau)
            shifted[here, level] += shift * wide[here]
    shifted.sort(axis=1)
    return shifted


def _shift(pool: Floats, own: Sequence[Floats], tau: float) -> float:
    if not own:
        return float(np.interp(tau, LEVELS, pool))
    values = np.concatenate([pool, *own])
    weights = [np.full(len(pool), POOL_WEIGHT / len(pool))]
    weights += [np.full(len(part), ORIGIN_WEIGHT / len(part)) for part in own]
    order = np.argsort(values)
    reached = np.cumsum(np.concatenate(weights)[order])
    return float(np.interp(tau * reached[-1], reached, values[order]))


def as_arrays(table: Calibration) -> dict[str, npt.NDArray[np.float64]]:
    """The table by name, for an npz."""
    return {f"calibration_{target}": table[target] for target in TARGETS}
