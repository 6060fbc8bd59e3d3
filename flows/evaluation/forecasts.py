"""Backtests of the forecaster from a rolling origin, against forecasts that it has to beat."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from flows.evaluation.histories import generated, ledger
from models_ml.forecaster import naive
from models_ml.forecaster.calibrate import Trial, calibration
from models_ml.forecaster.features import HORIZON, QUANTILES, TARGETS
from models_ml.forecaster.history import Floats, History
from models_ml.forecaster.model import ForecastModel, shipped
from models_ml.forecaster.predict import own_before, quantiles, trials_of

#: People are kept apart in so many parts; fewer people calibrate on nobody but themselves.
FOLDS = 5
ENOUGH_PEOPLE = 20
#: Days whose band is told one by one.
SHOWN_HORIZONS = (1, 7, 14, 30, 60, 90)
_MONTH = 30.4375
Rival = Callable[[History], Mapping[str, Floats]]


@dataclass(frozen=True, slots=True)
class Score:
    """Pinball loss in average months of turnover, and how often the 80 % band held."""

    forecaster: str
    target: str
    pinball: float
    coverage: float
    skill: float  # how far below the best seasonal naive
    coverage_by_horizon: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DataReport:
    """One set of histories."""

    data: str
    people: int
    origins: int
    points: int
    scores: list[Score]


@dataclass(frozen=True, slots=True)
class ForecastReport:
    """All of them, with the model that was measured."""

    model_version: str
    quantiles: tuple[float, ...]
    horizon_days: int
    data: list[DataReport]

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


@dataclass(slots=True)
class _Tally:
    loss: float = 0.0
    held: Floats = field(default_factory=lambda: np.zeros(HORIZON))
    seen: Floats = field(default_factory=lambda: np.zeros(HORIZON))

    def add(self, truth: Floats, said: Floats, scale: float) -> None:
        count = len(truth)
        said = said[:count]
        errors = truth[:, None] - said
        levels = np.array(QUANTILES)
        self.loss += float(np.maximum(levels * errors, (levels - 1) * errors).mean(axis=1).sum()) / scale
        grain = 1e-9 * scale
        self.held[:count] += (truth >= said[:, 0] - grain) & (truth <= said[:, -1] + grain)
        self.seen[:count] += 1

    @property
    def mean(self) -> float:
        return self.loss / max(float(self.seen.sum()), 1.0)

    @property
    def coverage(self) -> float:
        return float(self.held.sum() / max(float(self.seen.sum()), 1.0))


#: What any forecast has to beat.
NAIVE: Mapping[str, Rival] = {"seasonal naive, month": naive.monthly, "seasonal naive, week": naive.weekly}


def evaluate_forecasts(  # noqa: PLR0913 - what the command offers
    files: Sequence[Path],
    *,
    users: int = 25,
    months: int = 20,
    seed: int = 77,
    step: int = 15,
    sample: int = 0,
) -> ForecastReport:
    """Backtest on ledgers of real transactions and on people who are generated anew.

    ``step`` days lie between origins; ``sample`` is how many people of a ledger are taken at most (0: all).
    """
    model = shipped()
    reports = [backtest(path.name, some(ledger(path), sample), model, step=step) for path in files]
    if users:
        reports.append(backtest("generated", new_people(users, months, seed), model, step=step))
    return ForecastReport(model.version, QUANTILES, HORIZON, reports)


def new_people(users: int, months: int, seed: int) -> list[History]:
    """Histories of people who are drawn now."""
    from flows.generator import generate  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "bank"
        generate(users=users, months=months, seed=seed, out=out)
        return generated(out)


def some(histories: Sequence[History], sample: int) -> list[History]:
    """So many people at most, drawn alike each time; 0 means all."""
    if not sample or len(histories) <= sample:
        return list(histories)
    chosen = np.random.default_rng(1).choice(len(histories), sample, replace=False)
    return [histories[number] for number in sorted(chosen)]


def backtest(
    name: str,
    histories: Sequence[History],
    model: ForecastModel,
    *,
    step: int = 15,
    rivals: Mapping[str, Rival] = NAIVE,
) -> DataReport:
    """Pinball loss and coverage of all, calibrated on other people and on one's own past alone."""
    tried = [trials_of(history, model, step=step) for history in histories]
    tallies: dict[tuple[str, str], _Tally] = {}
    for fold in range(FOLDS):
        fitted = model
        if sum(map(bool, tried)) >= ENOUGH_PEOPLE:
            others = [
                trial for number, trials in enumerate(tried) if number % FOLDS != fold for trial in trials
            ]
            fitted = model.calibrated_by(calibration(others, model.calibration))
        for history, trials in list(zip(histories, tried, strict=True))[fold::FOLDS]:
            _tally(history, trials, model, fitted, rivals, tallies)
    return _report(name, tried, tallies)


def _tally(  # noqa: PLR0913, PLR0917 - a person, and who foretells them
    history: History,
    trials: Sequence[Trial],
    bare: ForecastModel,
    fitted: ForecastModel,
    rivals: Mapping[str, Rival],
    tallies: dict[tuple[str, str], _Tally],
) -> None:
    scale = max(float(np.abs(history.flow).mean()) * _MONTH, 1e-9)
    for number, trial in enumerate(trials):
        known = history.until(trial.days_known)
        others = {name: rival(known) for name, rival in rivals.items()}
        own = own_before(trials, number)
        for target in TARGETS:
            said = {
                "mita": quantiles(trial, target, fitted, own),
                "mita as shipped": quantiles(trial, target, bare, ()),
                **{name: each[target] for name, each in others.items()},
            }
            for name, each in said.items():
                tallies.setdefault((name, target), _Tally()).add(trial.truth[target], each, scale)


def _report(
    name: str, tried: Sequence[Sequence[Trial]], tallies: Mapping[tuple[str, str], _Tally]
) -> DataReport:
    scores = []
    for (forecaster, target), tally in tallies.items():
        best = min(other.mean for (who, what), other in tallies.items() if what == target and "naive" in who)
        held = tally.held / np.maximum(tally.seen, 1.0)
        scores.append(
            Score(
                forecaster,
                target,
                round(tally.mean, 5),
                round(tally.coverage, 4),
                round(1 - tally.mean / best, 4) if best > 0 else 0.0,
                {day: round(float(held[day - 1]), 3) for day in SHOWN_HORIZONS if tally.seen[day - 1]},
            )
        )
    trials = [trial for each in tried for trial in each]
    points = sum(len(trial.truth["day"]) for trial in trials)
    return DataReport(name, sum(map(bool, tried)), len(trials), points, scores)
