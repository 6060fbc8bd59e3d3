"""Whether a challenger may take the champion's place: paired bootstrap on lines that neither learned from."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import BaseModel, ConfigDict

Floats = npt.NDArray[np.float64]


class PromotionParams(BaseModel):
    """What steers the comparison; kept in MLflow beside its figures."""

    model_config = ConfigDict(frozen=True)

    resamples: int = 2000
    confidence: float = 0.95  # of the bounds, two-sided
    margin: float = 0.01  # by so much it may be worse on one of the sets, within the bounds
    least_lines: int = 50
    later_share: float = 0.2  # the latest corrections, which are kept for the check
    merchant_share: float = 0.2  # merchants that are kept for the check
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both models on one set of lines; the bounds are of challenger minus champion."""

    name: str
    lines: int
    merchants: int
    champion: float
    challenger: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """How much more often the challenger is right."""
        return self.challenger - self.champion

    def as_dict(self) -> dict[str, float]:
        """Figures for a manifest."""
        return {
            "lines": self.lines,
            "champion_accuracy": round(self.champion, 5),
            "challenger_accuracy": round(self.challenger, 5),
            "difference_low": round(self.low, 5),
            "difference_high": round(self.high, 5),
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the challenger is promoted, and why."""

    is_better: bool
    reason: str


def split(
    corrections: pl.DataFrame, params: PromotionParams
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Corrections to learn from, of a later time, and of merchants that nothing was learned of.

    ``corrections`` has merchant and spent_date; the last two may share lines, the first shares no line and no
    merchant of the third with them.
    """
    bucket = pl.Series([zlib.crc32(merchant.encode()) % 1000 for merchant in corrections["merchant"]])
    is_apart = bucket < int(params.merchant_share * 1000)
    day = corrections["spent_date"].to_physical()
    edge = day.quantile(1 - params.later_share, "higher") if len(day) else None
    is_later = day >= edge if edge is not None else pl.Series([], dtype=pl.Boolean)
    return (
        corrections.filter(~is_apart & ~is_later),
        corrections.filter(is_later),
        corrections.filter(is_apart),
    )


def compare(  # noqa: PLR0913, PLR0917 - the sides of a comparison
    name: str,
    truth: Sequence[str],
    champion: Sequence[str],
    challenger: Sequence[str],
    merchants: Sequence[str],
    params: PromotionParams,
) -> Comparison:
    """Accuracy of both on the same lines; merchants are drawn anew, not lines, for those of one are alike."""
    right = np.array(
        [[a == t, b == t] for t, a, b in zip(truth, champion, challenger, strict=True)], dtype=float
    )
    _, cluster = np.unique(np.array(merchants, dtype=str), return_inverse=True)
    count = int(cluster.max(initial=-1)) + 1
    if count == 0:
        return Comparison(name, 0, 0, 0.0, 0.0, -1.0, 1.0)
    gained = np.bincount(cluster, right[:, 1] - right[:, 0], count)
    sizes = np.bincount(cluster, minlength=count).astype(float)
    drawn = np.random.default_rng(params.seed).integers(0, count, (params.resamples, count))
    differences = gained[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    tail = (1 - params.confidence) / 2
    low, high = np.quantile(differences, [tail, 1 - tail])
    one, other = (float(share) for share in right.mean(axis=0))
    return Comparison(name, len(right), count, one, other, float(low), float(high))


def verdict(comparisons: Sequence[Comparison], params: PromotionParams) -> Verdict:
    """Better for certain on one set at least, and on none worse by more than the margin."""
    for each in comparisons:
        if each.lines < params.least_lines:
            return Verdict(
                is_better=False, reason=f"{each.name}: {each.lines} lines are too few ({params.least_lines})"
            )
        if each.low < -params.margin:
            return Verdict(
                is_better=False,
                reason=f"{each.name}: it may be worse by {-each.low:.1%} ({each.difference:+.1%} measured)",
            )
    best = max(comparisons, key=lambda each: each.low, default=None)
    if best is None or best.low <= 0:
        return Verdict(is_better=False, reason="it is not better for certain on any set of lines")
    return Verdict(
        is_better=True, reason=f"{best.name}: {best.difference:+.1%}, at least {best.low:+.1%} for certain"
    )


def by_group(truth: pl.Series, predicted: pl.Series, groups: pl.Series) -> Mapping[str, dict[str, float]]:
    """Lines and accuracy per value of ``groups``, for MLflow."""
    frame = pl.DataFrame({"right": truth == predicted, "group": groups})
    counted = frame.group_by("group").agg(pl.len().alias("lines"), pl.col("right").mean().alias("accuracy"))
    return {
        str(group): {"lines": float(lines), "accuracy": round(accuracy, 5)}
        for group, lines, accuracy in counted.sort("group").iter_rows()
    }
