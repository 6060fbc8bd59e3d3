"""How likely a candidate is a series: a small logistic regression over what its rhythm and amounts say."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from models_ml.recurring.cadences import Fit, Lines
from models_ml.recurring.days import Floats
from models_ml.taxonomy import SEEDS

WEIGHTS_FILE = Path(__file__).parent / "weights.json"
_SHORT_DAYS, _LONG_DAYS = 20.0, 45.0
_MOST = 3.0
#: Amounts that differ by less are the same price (rounding, rates of the day).
_SAME_PRICE = 0.005
#: Usual rises of a price are smaller.
_NEAR_PRICE = 0.12


@dataclass(frozen=True, slots=True)
class Scorer:
    """An intercept and a weight per feature, by name."""

    intercept: float
    weights: dict[str, float]
    threshold: float  # at or above it a candidate is a series
    version: str = "unsaved"

    def probability(self, features: pl.DataFrame) -> Floats:
        """One number per row of ``features``."""
        total = np.full(features.height, self.intercept)
        for name, weight in self.weights.items():
            total += weight * features[name].to_numpy()
        chance: Floats = 1.0 / (1.0 + np.exp(-np.clip(total, -50.0, 50.0)))
        return chance


@cache
def shipped() -> Scorer:
    """The scorer that the platform ships; the version covers the code that makes its features."""
    digest = hashlib.sha256()
    for path in sorted(WEIGHTS_FILE.parent.iterdir()):
        if path.suffix in {".py", ".json"}:
            digest.update(path.read_bytes())
    content = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    return Scorer(content["intercept"], content["weights"], content["threshold"], digest.hexdigest()[:12])


def features(lines: Lines, fit: Fit, names: npt.NDArray[np.str_], context: pl.DataFrame) -> pl.DataFrame:
    """A row per candidate; ``context`` has a row per line: category_code, payee_lines, is_in.

    ``payee_lines`` counts the payee's lines between the candidate's first hit and its last.
    """
    steps = _steps_of(lines, fit)
    hits = np.maximum(fit.hits, 1).astype(np.float64)
    size = lines.sums(np.ones(len(lines.day)))
    patterns = context["category_code"].replace_strict(_patterns(), default="spread")
    first = lines.starts
    fixed = lines.sums(((patterns == "fixed").to_numpy()) & fit.is_hit) / hits
    lumpy = lines.sums(((patterns == "lumpy").to_numpy()) & fit.is_hit) / hits
    unknown = lines.sums(((context["category_code"] == "uncategorised").to_numpy()) & fit.is_hit) / hits
    own = np.minimum(hits / np.maximum(context["payee_lines"].to_numpy()[first], 1.0), 1.0)
    irregular = (names == "irregular").astype(np.float64)
    long = (fit.period > _LONG_DAYS) & (irregular == 0)
    two, three = (fit.hits == 2).astype(np.float64), (fit.hits == 3).astype(np.float64)  # noqa: PLR2004
    frame = {
        "hits": np.log(hits),
        "evidence": np.clip(fit.likelihood / hits, -3.0, 6.0),
        "strength": np.log1p(np.clip(fit.likelihood, 0.0, None)),
        "kept": hits / np.maximum(fit.span, 1),
        "pure": hits / size,
        "jitter": np.minimum(fit.jitter, 6.0) / 3.0,
        "same": steps["same"],
        "drift": np.minimum(steps["drift"], _MOST),
        "own": own,
        "short": ((fit.period < _SHORT_DAYS) & (irregular == 0)).astype(np.float64),
        "long": long.astype(np.float64),
        "irregular": irregular,
        "two": two,
        "three": three,
        "is_in": context["is_in"].to_numpy()[first].astype(np.float64),
        "fixed": fixed,
        "lumpy": lumpy,
        "unknown": unknown,
        "two_same": two * steps["same"],
        "two_own": two * own,
        "two_fixed": two * fixed,
        "two_long": two * long * steps["near"] * own,
        "two_long_fixed": two * long * steps["near"] * own * np.maximum(fixed, lumpy),
        "near": steps["near"],
        "long_near": long * steps["near"] * own,
        "long_own": long * own,
        "three_same": three * steps["same"],
        "three_own": three * own,
        "irregular_same": irregular * steps["same"],
        "irregular_drift": irregular * np.minimum(steps["drift"], _MOST),
        "irregular_own": irregular * own,
        "fixed_own": fixed * own,
    }
    return pl.DataFrame(
        {name: np.nan_to_num(np.asarray(column, dtype=np.float64)) for name, column in frame.items()}
    )


def _steps_of(lines: Lines, fit: Fit) -> dict[str, Floats]:
    """From hit to hit: the share of equal amounts, and the mean change in logs times ten."""
    chosen = np.flatnonzero(fit.is_hit)
    candidate, amount = lines.candidate[chosen], np.log(lines.amount[chosen])
    within = np.r_[False, np.diff(candidate) == 0]
    change = np.where(within, np.abs(np.diff(amount, prepend=0.0)), 0.0)
    count = np.maximum(np.bincount(candidate, within, len(fit.hits)), 1.0)
    same = np.bincount(candidate, within & (change < _SAME_PRICE), len(fit.hits)) / count
    near = np.bincount(candidate, within & (change < _NEAR_PRICE), len(fit.hits)) / count
    drift = 10.0 * np.bincount(candidate, np.minimum(change, 1.0), len(fit.hits)) / count
    return {"same": same, "near": near, "drift": drift}


@cache
def _patterns() -> dict[str, str]:
    """How spending of each category usually falls: fixed, spread or lumpy."""
    with (SEEDS / "categories.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["pattern"] for row in csv.DictReader(file)}
