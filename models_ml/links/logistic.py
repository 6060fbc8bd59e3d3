"""Logistic regression over named features, read from a small JSON file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

WEIGHTS_FILE = Path(__file__).parent / "weights.json"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scorer:
    """Log-odds of a kind of link: an intercept and a weight per feature.

    Slope and shift turn the log-odds of a pair that the assignment chose into calibrated ones: that it was
    chosen among all is news that its own features do not hold.
    """

    intercept: float
    weights: Mapping[str, float]
    slope: float = 1.0
    shift: float = 0.0

    def log_odds(self, features: pl.DataFrame) -> Floats:
        """One number per row of ``features``, which has a column per weight."""
        total = np.full(features.height, self.intercept)
        for name, weight in self.weights.items():
            total += weight * features[name].cast(pl.Float64).to_numpy()
        return total

    def calibrated(self, log_odds: Floats) -> Floats:
        """Log-odds of chosen pairs as they can be believed."""
        believed: Floats = self.slope * log_odds + self.shift
        return believed


@dataclass(frozen=True)
class LinkModel:
    """The shipped scorers, one per kind, and the version of the file that they came from."""

    scorers: Mapping[str, Scorer]
    version: str

    def __getitem__(self, kind: str) -> Scorer:
        return self.scorers[kind]


@cache
def shipped() -> LinkModel:
    """The weights that the platform ships; the version covers the words and the code as well."""
    digest = hashlib.sha256()
    for path in sorted(WEIGHTS_FILE.parent.iterdir()):
        if path.suffix in {".py", ".csv", ".json"}:
            digest.update(path.read_bytes())
    return replace(parse(WEIGHTS_FILE.read_bytes()), version=digest.hexdigest()[:12])


def parse(content: bytes) -> LinkModel:
    """A model from the JSON that training writes."""
    kinds = json.loads(content)["scorers"]
    scorers = {kind: Scorer(**each) for kind, each in kinds.items()}
    return LinkModel(scorers, hashlib.sha256(content).hexdigest()[:12])


def probability(log_odds: Floats) -> Floats:
    """Log-odds as a probability."""
    chance: Floats = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -60.0, 60.0)))
    return chance
