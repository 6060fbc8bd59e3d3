"""Train the matchers anew from generated people: ``mita models train-links``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict

from models_ml.links import match, refunds, transfers
from models_ml.links.evaluate import matched
from models_ml.links.facts import prepared
from models_ml.links.logistic import WEIGHTS_FILE, Floats, LinkModel, Scorer
from models_ml.links.noise import NoiseParams, noisy

KINDS = ("transfer", "refund", "reimbursement")
#: What can only speak for a link, and what only against it, so that no accident of the data turns it round.
FOR = frozenset(
    {
        "own_both",
        "own_one",
        "card_both",
        "card_one",
        "transfer_both",
        "transfer_one",
        "saving",
        "cash_out",
        "same_party",
        "names_account",
        "same_reference",
        "to_card",
        "savings",
        "cash_account",
        "same_bank",
        "rarity",
        "whole",
        "whole_and_alike",
        "round_share",
        "contained",
        "covered",
        "same_name",
        "same_text",
        "shares_code",
        "says_refund",
        "says_refund_unlike",
        "same_trade",
        "exact_share",
        "near_share",
        "others_pay_the_same",
        "all_pay_alike",
        "all_pay_whole_units",
        "says_share",
        "names_person",
        "shared_trade",
        "within_14",
        "within_30",
        "within_60",
        "within_120",
        "large",
    }
)
AGAINST = frozenset(
    {
        "rate_within_1",
        "rate_within_2",
        "rate_within_4",
        "rate_beyond",
        "fee_within_1",
        "fee_beyond",
        "gap_1",
        "gap_2",
        "gap_3",
        "gap_4_5",
        "gap_6_more",
        "before_1",
        "before_2_more",
        "refund_into",
        "other_party",
        "merchant_out",
        "merchant_into",
        "from_card",
        "part_of_whole",
        "another_shares_code",
        "other_code",
        "unlike",
        "another_is_alike",
        "another_has_the_text",
        "rate_unknown",
        "says_transfer",
        "other_trade",
        "same_day",
        "rivals",
        "newer",
        "exact_rivals",
        "gap_before",
    }
)
_NOTHING = Scorer(0.0, {})


class TrainingParams(BaseModel):
    """Everything that steers a training."""

    model_config = ConfigDict(frozen=True)

    regularisation: float = 1.0  # of the weights, as a sum of squares
    copies: tuple[NoiseParams, ...] = tuple(NoiseParams(seed=seed) for seed in (1, 2))
    plain_copies: int = 2


@dataclass(frozen=True)
class Example:
    """Features of candidate pairs of one kind, and which of them are true."""

    features: pl.DataFrame
    is_true: Floats


def train(
    facts: pl.DataFrame, truth: pl.DataFrame, rates: pl.DataFrame, params: TrainingParams
) -> dict[str, Scorer]:
    """A scorer per kind, learned from the truth as it is and from harder copies of it."""
    worlds = [(facts, truth)] * params.plain_copies + [noisy(facts, truth, noise) for noise in params.copies]
    examples = [found for world in worlds for found in (_examples(*world, rates),)]
    scorers = {kind: fit([each[kind] for each in examples], params.regularisation) for kind in KINDS}
    chosen = [_chosen(*world, rates, scorers) for world in worlds]
    return {kind: calibrated(scorer, chosen, kind) for kind, scorer in scorers.items()}


def _chosen(
    facts: pl.DataFrame, truth: pl.DataFrame, rates: pl.DataFrame, scorers: Mapping[str, Scorer]
) -> pl.DataFrame:
    """What the assignment chooses with some scorers: kind, log_odds, is_true."""
    nothing = pl.DataFrame(schema=match.DECISION_SCHEMA)
    found = match.links(facts, rates, nothing, LinkModel(scorers, "in training")).filter(
        pl.col("target_transaction_id").is_not_null()
    )
    named = found.select("kind", source="source_transaction_id", target="target_transaction_id")
    right = matched(facts, truth, named).with_columns(is_true=1.0)
    share = pl.col("probability").clip(1e-4, 1 - 1e-4)
    return (
        named.with_columns(found.select((share / (1 - share)).log().alias("log_odds")))
        .join(right, ["kind", "source", "target"], "left")
        .with_columns(pl.col("is_true").fill_null(0.0))
    )


def calibrated(scorer: Scorer, chosen: Sequence[pl.DataFrame], kind: str) -> Scorer:
    """A scorer whose chosen pairs are as often true as it says (Platt's scaling)."""
    pairs = pl.concat([each.filter(pl.col("kind") == kind) for each in chosen])
    line = fit([Example(pairs.select("log_odds"), pairs["is_true"].to_numpy())], 0.0)
    return replace(scorer, slope=line.weights["log_odds"], shift=line.intercept)


def _examples(facts: pl.DataFrame, truth: pl.DataFrame, rates: pl.DataFrame) -> dict[str, Example]:
    rows = prepared(facts)
    measured = transfers.with_measures(rows, rates)
    moved = match.scored_transfers(measured, _NOTHING)
    back = match.scored_refunds(refunds.with_names(rows), _NOTHING)
    shares = match.scored_reimbursements(rows, _NOTHING)
    true_ends = truth.filter(pl.col("kind") == "transfer")
    own = rows.filter(
        pl.col("transaction_id").is_in(pl.concat([true_ends["source"], true_ends["target"]]).implode())
    )
    elsewhere = own["row"].cast(pl.Int64).to_numpy()
    free = [each.only(~np.isin(each.left, elsewhere)) for each in (back, shares)]
    return {each.kind: _example(rows, truth, each) for each in (moved, *free)}


def _example(rows: pl.DataFrame, truth: pl.DataFrame, pairs: match.Scored) -> Example:
    ids = rows["transaction_id"]
    named = pl.DataFrame(
        {
            "kind": pl.Series([pairs.kind] * len(pairs.left), dtype=pl.String),
            "source": ids.gather(pairs.left),
            "target": ids.gather(pairs.right),
        }
    )
    true = truth.filter(pl.col("kind") == pairs.kind)
    right = _twins(rows, true, named)
    return Example(pairs.features, right)


def _twins(rows: pl.DataFrame, true: pl.DataFrame, named: pl.DataFrame) -> Floats:
    """1 for pairs that are true or look exactly like a true one, so that twins do not count as wrong."""
    keys = rows.select(
        "transaction_id", key=pl.struct("account_id", "booked_date", "amount_minor", "description").hash(1)
    )
    wanted, got = (
        each.with_columns(order=pl.int_range(pl.len()))
        .join(keys, left_on="source", right_on="transaction_id", how="left", maintain_order="left")
        .join(
            keys,
            left_on="target",
            right_on="transaction_id",
            suffix="_target",
            how="left",
            maintain_order="left",
        )
        for each in (true, named)
    )
    hits = wanted.select("key", "key_target").unique().with_columns(hit=1.0)
    return (
        got.join(hits, ["key", "key_target"], "left", maintain_order="left")["hit"].fill_null(0.0).to_numpy()
    )


def fit(examples: Sequence[Example], regularisation: float) -> Scorer:
    """Logistic regression whose weights have the sign that makes sense of them."""
    from scipy.optimize import minimize  # type: ignore[import-untyped]  # noqa: PLC0415 - training only

    names = examples[0].features.columns
    table = np.vstack([each.features.cast(pl.Float64).to_numpy() for each in examples])
    target = np.concatenate([each.is_true for each in examples])

    def loss(weights: Floats) -> tuple[float, Floats]:
        odds = table @ weights[1:] + weights[0]
        surprise = float(np.logaddexp(0, odds).sum() - odds @ target)
        error = 1 / (1 + np.exp(-np.clip(odds, -500, 500))) - target
        gradient = np.concatenate([[error.sum()], table.T @ error + regularisation * weights[1:]])
        return surprise + regularisation / 2 * float(weights[1:] @ weights[1:]), gradient

    bounds = [(None, None), *(_bounds(name) for name in names)]
    best = minimize(
        loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2000}
    )
    weights = {name: round(float(weight), 4) for name, weight in zip(names, best.x[1:], strict=True)}
    return Scorer(round(float(best.x[0]), 4), weights)


def _bounds(name: str) -> tuple[float | None, float | None]:
    return (0.0, None) if name in FOR else (None, 0.0) if name in AGAINST else (None, None)


def save(scorers: Mapping[str, Scorer], facts: Mapping[str, object], path: Path = WEIGHTS_FILE) -> None:
    """Write the weights with what they were learned from."""
    content = {
        "learned_from": dict(facts),
        "scorers": {kind: asdict(scorer) for kind, scorer in scorers.items()},
    }
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
