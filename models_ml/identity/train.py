"""Learns the weights of the evidence from lines whose events are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from models_ml.identity.competition import matched
from models_ml.identity.evidence import FEATURES, REPEAT, SETTLEMENT, Matrix, candidate_pairs, measure
from models_ml.identity.model import PairModel
from models_ml.identity.resolve import put_together

#: Inverse strength of the L2 penalty: weak, there are thousands of pairs for a handful of weights.
PENALTY = 3.0
#: No pair is taken for surer than this while learning, so that one wrong label costs no more than others.
_LEAST = 1e-4
#: Rounds of messages that are exact enough to learn from.
MESSAGES = 12
#: Log-odds below which a pair is left out of learning, and how often the weights are bettered at most.
HOPELESS, ROUNDS = -7.0, 30
#: Evidence that can only speak for, or against, one event, whatever a few pairs by chance say.
FOR = frozenset(
    {"same_amount", "same_text", "same_original", "alone", "round_hold", "tip", "value_day_agrees"}
)
AGAINST = frozenset({"days", "goes_back", "name_distance", "text_distance", "other_original"})


Bank = tuple[pl.DataFrame, pl.DataFrame, pl.Series]


def fit(repeats: Iterable[Bank], settlements: Iterable[Bank]) -> PairModel:
    """Fit the weights to banks: entries, coverage, and the event of each entry, in the entries' order.

    Settlements are learned on entries whose repeats are put together rightly, as they mostly are.
    """
    weights = {REPEAT: _fitted([_labelled(*bank, REPEAT) for bank in repeats], REPEAT)}
    together = [_together(*bank) for bank in settlements]
    weights[SETTLEMENT] = _fitted_together([_labelled(*bank, SETTLEMENT) for bank in together])
    return PairModel(weights)


def _fitted_together(banks: Sequence[pl.DataFrame]) -> Matrix:
    """Weights of settlements under which the pairs' probabilities, all others given, fit best.

    A pair is not judged alone: an equal one beside it takes half of its probability. So the weights are those
    that make the matching's own probabilities likely, from the lone pairs' weights on.
    """
    from scipy.optimize import minimize  # type: ignore[import-untyped] # noqa: PLC0415 - half a second

    start = _fitted(banks, SETTLEMENT)
    banks = [_in_question(pairs, start) for pairs in banks]
    evidence = _with_constant(pl.concat(banks))
    offsets = np.cumsum(
        [0, *(int(pairs.select(pl.max_horizontal("left", "right")).max().item()) + 1 for pairs in banks)]
    )
    left, right = (
        np.concatenate(
            [pairs[side].to_numpy() + offset for pairs, offset in zip(banks, offsets, strict=False)]
        )
        for side in ("left", "right")
    )
    same = np.concatenate([pairs["same"].to_numpy() for pairs in banks])

    def surprise(weights: Matrix) -> float:
        chance = matched(left, right, evidence @ weights, MESSAGES).clip(_LEAST, 1 - _LEAST)
        return float(
            -np.log(np.where(same, chance, 1 - chance)).sum() + weights[:-1] @ weights[:-1] / 2 / PENALTY
        )

    signs = [_sign(name) for name in (*FEATURES[SETTLEMENT], "constant")]
    found: Matrix = minimize(surprise, start, method="L-BFGS-B", bounds=signs, options={"maxiter": ROUNDS}).x
    return found


def _sign(name: str) -> tuple[float | None, float | None]:
    """What the weight of some evidence may be."""
    return (0.0 if name in FOR else None, 0.0 if name in AGAINST else None)


def _in_question(pairs: pl.DataFrame, weights: Matrix) -> pl.DataFrame:
    """The pairs that are one event, or might be: hopeless ones, the most by far, teach nothing."""
    odds = pl.Series(_with_constant(pairs) @ weights)
    return pairs.filter(pl.col("same") | (odds > HOPELESS))


def _with_constant(pairs: pl.DataFrame) -> Matrix:
    evidence = measure(pairs, SETTLEMENT)
    return np.column_stack([evidence, np.ones(len(evidence))])


def _fitted(pairs: Sequence[pl.DataFrame], kind: str) -> Matrix:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped] # noqa: PLC0415 - half a second

    all_pairs = pl.concat(pairs)
    fitted = LogisticRegression(C=PENALTY, max_iter=5000)
    fitted.fit(measure(all_pairs, kind), all_pairs["same"].to_numpy())
    return np.append(fitted.coef_[0], fitted.intercept_)


def _labelled(entries: pl.DataFrame, coverage: pl.DataFrame, events: pl.Series, kind: str) -> pl.DataFrame:
    pairs = candidate_pairs(entries, coverage, kind)
    return pairs.with_columns(same=events.gather(pairs["left"]) == events.gather(pairs["right"]))


def _together(
    entries: pl.DataFrame, coverage: pl.DataFrame, events: pl.Series
) -> tuple[pl.DataFrame, pl.DataFrame, pl.Series]:
    rows = entries.with_row_index("row").with_columns(event=events)
    members = rows.group_by("event", "is_pending", maintain_order=True).agg("row")["row"].to_list()
    joined = put_together(entries, members)
    return joined, coverage, pl.Series([events[rows[0]] for rows in members])
