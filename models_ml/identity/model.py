"""How likely two entries are one event: a logistic model of the evidence, small enough to read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from models_ml.identity.evidence import FEATURES, Matrix, measure

#: Weaker reasons are not told.
LEAST_TOLD = 0.01
SHIPPED = Path(__file__).parent / "weights.json"


@dataclass(frozen=True)
class PairModel:
    """Weights of the evidence in log-odds, by kind of pair: one per feature, the constant last."""

    weights: dict[str, Matrix]

    def log_odds(self, pairs: pl.DataFrame, kind: str) -> pl.Series:
        """The log-odds that each candidate pair of a kind is one event."""
        weights = self.weights[kind]
        return pl.Series("log_odds", measure(pairs, kind) @ weights[:-1] + weights[-1])

    def reasons(self, pairs: pl.DataFrame, kind: str) -> Iterator[dict[str, float]]:
        """What speaks for (positive) and against one event in each pair, in log-odds, the strongest first."""
        names = FEATURES[kind]
        parts = (measure(pairs, kind) * self.weights[kind][:-1]).round(2)
        for row, order in zip(
            parts.tolist(), np.argsort(-np.abs(parts), kind="stable").tolist(), strict=True
        ):
            yield {names[place]: row[place] for place in order if abs(row[place]) >= LEAST_TOLD}

    @classmethod
    def load(cls, path: Path = SHIPPED) -> Self:
        """Read weights.json; raises ValueError if it was made for other features."""
        stored = json.loads(path.read_text(encoding="utf-8"))["weights"]
        weights = {}
        for kind, names in FEATURES.items():
            if list(stored[kind]) != [*names, "constant"]:
                message = f"{path.name} holds other evidence than this version measures; train it anew"
                raise ValueError(message)
            weights[kind] = np.array(list(stored[kind].values()))
        return cls(weights)

    def to_json(self, about: Mapping[str, object]) -> str:
        """The file that load() reads, with what is to be said ``about`` it."""
        weights = {
            kind: dict(zip([*FEATURES[kind], "constant"], map(float, vector.round(4)), strict=True))
            for kind, vector in self.weights.items()
        }
        return json.dumps({"about": about, "weights": weights}, indent=2, ensure_ascii=False) + "\n"


@cache
def shipped_model() -> PairModel:
    """The model that comes with the platform."""
    return PairModel.load()


def probability(log_odds: pl.Series) -> pl.Series:
    """Log-odds as a probability."""
    return 1 / (1 + (-log_odds.clip(-50, 50)).exp())
