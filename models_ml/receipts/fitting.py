"""Fit boosted trees with scikit-learn and hand them on as arrays. For training only."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models_ml.receipts.trees import Trees

Floats = npt.NDArray[np.float64]


def fit_trees(  # noqa: PLR0913 - the parameters of the method
    rows: npt.NDArray[np.float32],
    targets: npt.NDArray[np.bool_],
    weights: Floats,
    *,
    count: int,
    depth: int,
    rate: float,
    seed: int = 0,
    leaf: int = 6,
) -> Trees:
    """Gradient boosting of log-odds (Friedman 2001); a tree sees 60 % of rows, a split 35 % of features."""
    from sklearn.ensemble import GradientBoostingClassifier  # type: ignore[import-untyped]  # noqa: PLC0415

    model = GradientBoostingClassifier(
        n_estimators=count,
        max_depth=depth,
        learning_rate=rate,
        subsample=0.6,
        max_features=0.35,
        min_samples_leaf=leaf,
        random_state=seed,
    )
    model.fit(rows, targets, sample_weight=weights)
    share = float(np.average(targets, weights=weights))
    return _as_arrays(
        [stage[0].tree_ for stage in model.estimators_], rate, float(np.log(share / (1 - share))), depth
    )


def _as_arrays(trees: list[Any], rate: float, base: float, depth: int) -> Trees:
    nodes = max(tree.node_count for tree in trees)
    shape = (len(trees), nodes)
    feature, left, right = (np.zeros(shape, dtype=np.int16) for _ in range(3))
    threshold, value = np.zeros(shape), np.zeros(shape)
    for row, tree in enumerate(trees):
        size = tree.node_count
        own = np.arange(size)
        leaf = tree.children_left < 0
        feature[row, :size] = np.where(leaf, 0, tree.feature)
        threshold[row, :size] = np.where(leaf, 0.0, tree.threshold)
        left[row, :size] = np.where(leaf, own, tree.children_left)
        right[row, :size] = np.where(leaf, own, tree.children_right)
        value[row, :size] = tree.value[:, 0, 0] * rate
    return Trees(feature, threshold, left, right, value, base, depth)
