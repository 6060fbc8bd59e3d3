"""Quantiles that hold: shifts learned from where earlier forecasts fell, of other people and of one's own.

Split conformal prediction for quantiles (Romano, Patterson, Candes 2019) with shifts in widths of the band,
by horizon and length of the history. Who was wrongly forecast before gets a wider band, and who was always
rightly forecast a narrower one, as adaptive conformal inference does over time (Gibbs, Candes 2021). Nothing
is used that was not known when the forecast is made.
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
#: Earlier forecasts of a person that weigh as much as believing in the band as it is: whoever was surprised
#: is soon told less surely, whoever never was is told more surely only after long. Sums of neighbouring
#: origins go together; days alone do not, so that one origin says as much of them as many of a sum.
WIDENING_ORIGINS, NARROWING_ORIGINS, DAY_ORIGINS = 5.0, 20.0, 1.0
MOST_NARROWED, MOST_WIDENED = 0.5, 3.0
#: Widths by which others' errors move a quantile at most: a few who began a new life say little of all.
MOST_SHIFTED = 2.0
#: Days ahead that a person's own errors are looked at together: two weeks, and what is beyond.
_PARTS = (slice(0, 15), slice(15, HORIZON))
_WHOLE = (slice(0, HORIZON),)
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
        found: Floats = (truth[:, None] - said) / widths(said, outlook)[:, None]
        return found


Calibration = Mapping[str, Floats]


def widths(said: Floats, outlook: Outlook) -> Floats:
    """What errors are held against: the width of the band, or what usually moves, in units."""
    wide: Floats = np.maximum(said[:, -1] - said[:, 0], outlook.size[: len(said)])
    return np.maximum(wide, _THINNEST)


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
    said: Floats, outlook: Outlook, target: str, day: int, everyone: Calibration, own: Sequence[Trial]
) -> Floats:
    """The quantiles shifted to where the truth used to fall; ``own`` are earlier trials of the person.

    ``day`` is how many days are known.

    Others' errors say where the quantiles lie. One's own, which are few and of one time, say how wide the
    band is: a person who surprised it before is told less surely, one whom it always held more surely.
    """
    shifted = _shifted(said, outlook, target, day, everyone)
    past = [_excess(trial, target, everyone, day - trial.days_known) for trial in own]
    for part in _WHOLE if target == "day" else _PARTS:
        ratios = [each[part] for each in past if len(each) > part.start]
        if ratios:
            middle = shifted[part, 1:2]
            shifted[part] = middle + (shifted[part] - middle) * _stretch(ratios, is_day=target == "day")
    return shifted


def _shifted(said: Floats, outlook: Outlook, target: str, days_known: int, everyone: Calibration) -> Floats:
    length = int(np.digitize(days_known, _LENGTH_EDGES))
    table = everyone[target][:, length]  # buckets x quantiles x levels
    shifts = np.array(
        [[np.interp(tau, LEVELS, row[level]) for level, tau in enumerate(QUANTILES)] for row in table]
    )
    shifts = np.clip(shifts, -MOST_SHIFTED, MOST_SHIFTED)
    shifted: Floats = said + shifts[HORIZON_BUCKET[: len(said)]] * widths(said, outlook)[:, None]
    shifted.sort(axis=1)
    return shifted


def _excess(trial: Trial, target: str, everyone: Calibration, steps: int) -> Floats:
    """How far the truth lay from the median, in lengths of that side of the band: 1 is its edge."""
    steps = min(steps, len(trial.truth[target]))
    outlook = trial.outlook[target]
    said = _shifted(trial.said[target], outlook, target, trial.days_known, everyone)[:steps]
    truth = (trial.truth[target][:steps] - outlook.base[:steps]) / outlook.unit[:steps]
    off = truth - said[:, 1]
    side = np.where(off > 0, said[:, 2] - said[:, 1], said[:, 1] - said[:, 0])
    found: Floats = np.abs(off) / np.maximum(side, _THINNEST)
    return found


def _stretch(ratios: Sequence[Floats], *, is_day: bool) -> float:
    """By what the band would have had to be stretched to hold, drawn to 1 while there is little past."""
    needed = max(float(np.quantile(np.concatenate(ratios), QUANTILES[-1] - QUANTILES[0])), _THINNEST)
    slow = WIDENING_ORIGINS if needed > 1 else NARROWING_ORIGINS
    weight = len(ratios) / (len(ratios) + (DAY_ORIGINS if is_day else slow))
    return float(np.clip(needed**weight, MOST_NARROWED, MOST_WIDENED))


def as_arrays(table: Calibration) -> dict[str, npt.NDArray[np.float64]]:
    """The table by name, for an npz."""
    return {f"calibration_{target}": table[target] for target in TARGETS}
