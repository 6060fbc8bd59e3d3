"""Measures the matchers on simulated people, and teaches them anew from others."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from flows.rates import shipped_rates
from flows.sources.rates import reference_rates

if TYPE_CHECKING:
    from models_ml.links.evaluate import LinkScores

#: The people that the shipped weights were learned from; evaluations use other seeds.
TRAINING_USERS, TRAINING_MONTHS, TRAINING_SEED = 250, 15, 4101


@dataclass(frozen=True)
class LinkReport:
    """What an evaluation of links found."""

    transactions: int
    model_version: str
    seconds: float
    scores: list[LinkScores]
    calibration: pl.DataFrame
    calibration_error: dict[str, float]

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "transactions": self.transactions,
            "model_version": self.model_version,
            "cpu_seconds": round(self.seconds, 2),
            "scores": [each.as_dict() for each in self.scores],
            "calibration": self.calibration.to_dicts(),
            "calibration_error": self.calibration_error,
        }


def evaluate_links(  # noqa: PLR0913 - what the command offers
    bank: Path | None, *, users: int, months: int, seed: int, noise: bool = False, plot: Path | None = None
) -> LinkReport:
    """Match the events of a generated bank (or of people made now) and compare with the truth.

    Every event is a transaction with the text that its bank wrote, so that the matching alone is measured.
    """
    from models_ml.links.noise import NoiseParams, noisy  # noqa: PLC0415

    facts, true = _truth(bank, users, months, seed)
    harder = noisy(facts, true, NoiseParams(seed=seed)) if noise or plot else None
    report = _measured(*(harder if noise and harder else (facts, true)))
    if plot is not None and harder is not None:
        from flows.evaluation.plots import draw_calibration  # noqa: PLC0415 - matplotlib

        worlds = {"as simulated": _measured(facts, true), "much harder": _measured(*harder)}
        draw_calibration({world: each.calibration for world, each in worlds.items()}, plot)
    return report


def _measured(facts: pl.DataFrame, true: pl.DataFrame) -> LinkReport:
    from models_ml.links import evaluate, match  # noqa: PLC0415
    from models_ml.links.logistic import shipped  # noqa: PLC0415

    started = time.process_time()
    found = match.links(facts, matching_rates(), pl.DataFrame(schema=match.DECISION_SCHEMA), shipped())
    seconds = time.process_time() - started
    table = evaluate.calibration(facts, true, found)
    scores = evaluate.scores(facts, true, found)
    return LinkReport(
        facts.height, shipped().version, seconds, scores, table, evaluate.calibration_error(table)
    )


def train_links() -> dict[str, object]:
    """Learn the weights anew from people made for it, and write them into the package."""
    from models_ml.links import train  # noqa: PLC0415

    facts, true = _truth(None, TRAINING_USERS, TRAINING_MONTHS, TRAINING_SEED)
    params = train.TrainingParams()
    scorers = train.train(facts, true, matching_rates(), params)
    learned_from = {
        "users": TRAINING_USERS,
        "months": TRAINING_MONTHS,
        "seed": TRAINING_SEED,
        "transactions": facts.height,
        "params": params.model_dump(mode="json"),
    }
    train.save(scorers, learned_from)
    return learned_from


def matching_rates() -> pl.DataFrame:
    """The shipped rates as numbers for features."""
    return reference_rates(shipped_rates()).select(
        "currency", "rate_date", per_euro=pl.col("units_per_euro").cast(pl.Float64)
    )


def _truth(bank: Path | None, users: int, months: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    from flows.generator import generate  # noqa: PLC0415
    from models_ml.links.truth import read_truth  # noqa: PLC0415

    if bank is not None:
        return read_truth(bank / "truth")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "bank"
        generate(users=users, months=months, seed=seed, out=out)
        return read_truth(out / "truth")
