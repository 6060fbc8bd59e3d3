"""Learns the weights of the evidence from lines whose events are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from models_ml.identity.evidence import REPEAT, SETTLEMENT, Matrix, candidate_pairs, measure
from models_ml.identity.model import PairModel
from models_ml.identity.resolve import put_together

#: Inverse strength of the L2 penalty: weak, there are thousands of pairs for a handful of weights.
PENALTY = 3.0


def fit(banks: Iterable[tuple[pl.DataFrame, pl.DataFrame, pl.Series]]) -> PairModel:
    """Fit the weights to banks: entries, coverage, and the event of each entry, in the entries' order.

    Settlements are learned on entries whose repeats are put together rightly, as they mostly are.
    """
    known = list(banks)
    weights = {REPEAT: _fitted([_labelled(*bank, REPEAT) for bank in known], REPEAT)}
    together = [_together(*bank) for bank in known]
    weights[SETTLEMENT] = _fitted([_labelled(*bank, SETTLEMENT) for bank in together], SETTLEMENT)
    return PairModel(weights)


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
