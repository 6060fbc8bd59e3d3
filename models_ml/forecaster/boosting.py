"""Boosted regression trees as plain arrays: what scikit-learn fitted, scored with numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
#: Every tree is filled up to this depth, so that a child is found by arithmetic.
DEPTH = 6
_INNER, _LEAVES = 2**DEPTH - 1, 2**DEPTH
#: Rows scored at a time: what they need stays in the processor's cache.
_CHUNK = 4096


@dataclass(frozen=True)
class Boosted:
    """Complete binary trees side by side: (trees x inner nodes) and (trees x leaves)."""

    feature: npt.NDArray[np.int16]
    threshold: npt.NDArray[np.float32]
    value: npt.NDArray[np.float32]
    base: float

    def predict(self, rows: npt.NDArray[np.float32]) -> Floats:
        """The answer for each row (rows x features)."""
        total = np.full(len(rows), self.base)
        for start in range(0, len(rows), _CHUNK):
            part = rows[start : start + _CHUNK]
            flat, width = part.ravel(), part.shape[1]
            offset = np.arange(len(part)) * width
            for feature, threshold, value in zip(self.feature, self.threshold, self.value, strict=True):
                node = np.zeros(len(part), dtype=np.int64)
                for _ in range(DEPTH):
                    node = 2 * node + 1 + (flat[offset + feature[node]] > threshold[node])
                total[start : start + _CHUNK] += value[node - _INNER]
        return total

    def arrays(self, prefix: str) -> dict[str, npt.NDArray[Any]]:
        """The arrays by name, for an npz."""
        parts: dict[str, npt.NDArray[Any]] = {
            "feature": self.feature,
            "threshold": self.threshold,
            "value": self.value,
        }
        return {f"{prefix}_{name}": part for name, part in parts.items()} | {
            f"{prefix}_base": np.array(self.base)
        }

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray[Any]], prefix: str) -> Boosted:
        """The trees that ``arrays`` named."""
        parts = {name: arrays[f"{prefix}_{name}"] for name in ("feature", "threshold", "value")}
        return cls(**parts, base=float(arrays[f"{prefix}_base"]))

    @classmethod
    def from_sklearn(cls, fitted: Any) -> Boosted:  # noqa: ANN401 - HistGradientBoostingRegressor
        """What a fitted HistGradientBoostingRegressor of at most DEPTH levels says, without it."""
        trees = [stage[0].nodes for stage in fitted._predictors]  # noqa: SLF001 - sklearn shows them nowhere else
        feature = np.zeros((len(trees), _INNER), dtype=np.int16)
        threshold = np.full((len(trees), _INNER), np.inf, dtype=np.float32)
        value = np.zeros((len(trees), _LEAVES), dtype=np.float32)
        for number, nodes in enumerate(trees):
            _fill(nodes, 0, 0, feature[number], threshold[number], value[number])
        return cls(feature, threshold, value, float(fitted._baseline_prediction.ravel()[0]))  # noqa: SLF001


def _fill(nodes: Any, source: int, place: int, feature: Any, threshold: Any, value: Any) -> None:  # noqa: ANN401, PLR0913, PLR0917
    """Copy a tree into its complete form; a leaf above the last level goes down its left side."""
    node = nodes[source]
    if place >= _INNER:
        value[place - _INNER] = node["value"]
    elif node["is_leaf"]:
        _fill(nodes, source, 2 * place + 1, feature, threshold, value)
    else:
        feature[place], threshold[place] = node["feature_idx"], node["num_threshold"]
        _fill(nodes, int(node["left"]), 2 * place + 1, feature, threshold, value)
        _fill(nodes, int(node["right"]), 2 * place + 2, feature, threshold, value)
