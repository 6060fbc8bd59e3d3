"""Fits the scorer to histories whose series are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl

from models_ml.recurring.days import Floats
from models_ml.recurring.find import Judged
from models_ml.recurring.score import WEIGHTS_FILE

#: A candidate of this share of one true series, and with this share of it, is that series.
RIGHT = 0.8
_REGULARISATION = 1.0
#: From here on a candidate counts as a series.
THRESHOLD = 0.5
#: What speaks for a series never counts against one, and the other way round, whatever a data set says: so
#: the weights hold for lives that the generator does not know.
_FOR = (
    "hits", "evidence", "strength", "kept", "pure", "same", "own", "fixed", "two_same", "two_own",
    "two_fixed", "two_long", "two_long_fixed", "near", "long_near", "long_own",
    "three_same", "three_own", "irregular_same", "irregular_own", "fixed_own",
)  # fmt: skip
_AGAINST = ("jitter", "drift", "two", "three", "irregular", "irregular_drift")
#: Neither: whether money comes in says nothing of its rhythm.
_LEFT_OUT = ("is_in",)


def labels(judged: Judged, truth: pl.DataFrame) -> pl.Series:
    """1 for a candidate that is a true series, 0 for one that is none, null for what is neither.

    ``truth`` has transaction_id, series_id and is_listed; fragments of a series, which the whole of it goes
    before, and series that are not listed are neither right nor wrong.
    """
    known = judged.keyed.select("row", "transaction_id").join(truth, on="transaction_id", how="inner")
    sizes = known.group_by("series_id").len("total")
    hits = judged.members.filter("is_hit")
    both = (
        hits.join(known, on="row")
        .group_by("candidate", "series_id", "is_listed")
        .len("both")
        .join(hits.group_by("candidate").len("hits"), on="candidate")
        .join(sizes, on="series_id")
        .with_columns(pure=pl.col("both") / pl.col("hits"), covered=pl.col("both") / pl.col("total"))
        .sort("both", "series_id", descending=True)
        .unique("candidate", keep="first", maintain_order=True)
    )
    label = (
        pl.when(pl.col("pure").is_null() | (pl.col("pure") < RIGHT))
        .then(0)
        .when((pl.col("covered") >= RIGHT) & pl.col("is_listed"))
        .then(1)
        .otherwise(None)
    )
    return (
        judged.fits.select("candidate")
        .join(both, on="candidate", how="left", maintain_order="left")
        .select(label.alias("label"))["label"]
    )


def train(examples: list[tuple[Judged, pl.DataFrame]], path: Path = WEIGHTS_FILE) -> dict[str, float]:
    """Fit to judged histories with their truth, write the weights, give how well they fit."""
    # wanted only for training; it ships no types
    from sklearn.metrics import (  # type: ignore[import-untyped]  # noqa: PLC0415
        log_loss,
        roc_auc_score,
    )

    rows, label = _examples(examples)
    intercept, weights = _fitted(rows, label)
    content = {
        "intercept": round(intercept, 4),
        "weights": {name: round(w, 4) for name, w in weights.items() if abs(w) >= 1e-4},  # noqa: PLR2004
        "threshold": THRESHOLD,
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    odds = intercept + sum(weight * rows[name].to_numpy() for name, weight in weights.items())
    chance = 1 / (1 + np.exp(-odds))
    return {
        "candidates": float(len(label)),
        "series": float(label.sum()),
        "auc": float(roc_auc_score(label, chance)),
        "log_loss": float(log_loss(label, np.clip(chance, 1e-6, 1 - 1e-6))),
    }


def _examples(examples: list[tuple[Judged, pl.DataFrame]]) -> tuple[pl.DataFrame, Floats]:
    frames, known = [], []
    for judged, truth in examples:
        label = labels(judged, truth)
        usable = label.is_not_null() & judged.fits["likelihood"].is_finite()
        frames.append(judged.features.filter(usable))
        known.append(label.filter(usable))
    return pl.concat(frames).drop(_LEFT_OUT), pl.concat(known).to_numpy().astype(np.float64)


def _fitted(rows: pl.DataFrame, label: Floats) -> tuple[float, dict[str, float]]:
    """Logistic regression whose weights keep their signs, by L-BFGS-B on scaled features."""
    from scipy.optimize import minimize  # type: ignore[import-untyped]  # noqa: PLC0415

    matrix = rows.to_numpy()
    scale = matrix.std(axis=0) + 1e-9
    scaled = np.c_[np.ones(len(matrix)), matrix / scale]

    def loss(weights: Floats) -> tuple[float, Floats]:
        odds = scaled @ weights
        penalty = 0.5 * _REGULARISATION * float(weights[1:] @ weights[1:])
        wrong = 1 / (1 + np.exp(-odds)) - label
        slope = scaled.T @ wrong + _REGULARISATION * np.r_[0.0, weights[1:]]
        return float(np.sum(np.logaddexp(0.0, odds) - label * odds)) + penalty, slope

    bounds = [(None, None), *(_bounds(name) for name in rows.columns)]
    found = minimize(loss, np.zeros(len(bounds)), jac=True, method="L-BFGS-B", bounds=bounds)
    weights = found.x[1:] / scale
    return float(found.x[0]), dict(zip(rows.columns, map(float, weights), strict=True))


def _bounds(name: str) -> tuple[float | None, float | None]:
    if name in _FOR:
        return 0.0, None
    return (None, 0.0) if name in _AGAINST else (None, None)
