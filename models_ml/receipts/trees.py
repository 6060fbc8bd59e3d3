"""Boosted trees as plain arrays: what scikit-learn fitted, scored with numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trees:
    """Binary trees of one depth limit, stored side by side (trees x nodes); a leaf is its own child."""

    feature: npt.NDArray[np.int16]
    threshold: npt.NDArray[np.float64]
    left: npt.NDArray[np.int16]
    right: npt.NDArray[np.int16]
    value: npt.NDArray[np.float64]
    base: float
    depth: int

    def logits(self, rows: npt.NDArray[np.float32]) -> Floats:
        """Log-odds of each row (rows x features)."""
        if not len(rows):
            return np.zeros(0)
        trees = np.arange(len(self.feature))[None, :]
        node = np.zeros((len(rows), len(self.feature)), dtype=np.int64)
        for _ in range(self.depth):
            values = rows[np.arange(len(rows))[:, None], self.feature[trees, node]]
            down = values <= self.threshold[trees, node]
            node = np.where(down, self.left[trees, node], self.right[trees, node])
        total: Floats = self.value[trees, node].sum(axis=1) + self.base
        return total

    def arrays(self, prefix: str) -> dict[str, npt.NDArray[Any]]:
        """The arrays by name, for an npz."""
        return {
            f"{prefix}_feature": self.feature,
            f"{prefix}_threshold": self.threshold,
            f"{prefix}_left": self.left,
            f"{prefix}_right": self.right,
            f"{prefix}_value": self.value,
            f"{prefix}_base": np.array(self.base),
            f"{prefix}_depth": np.array(self.depth),
        }

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray[Any]], prefix: str) -> Trees:
        """The trees that ``arrays`` named."""
        part = {
            name: arrays[f"{prefix}_{name}"] for name in ("feature", "threshold", "left", "right", "value")
        }
        return cls(
            **part,
            base=float(arrays[f"{prefix}_base"]),
            depth=int(arrays[f"{prefix}_depth"]),
        )
