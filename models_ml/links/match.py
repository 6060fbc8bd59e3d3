"""All links of some users: transfers first, then refunds, then reimbursements, each as one assignment."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from models_ml.links import refunds, reimbursements, transfers
from models_ml.links.assignment import assigned
from models_ml.links.facts import RATE_SCHEMA, prepared
from models_ml.links.logistic import Floats, LinkModel, Scorer, probability

#: One row per link. ``source`` is the money that left, came back or was paid in; ``target`` where it arrived
#: or what it belongs to, null for a transfer whose other account is not known.
LINK_SCHEMA = pl.Schema(
    {
        "user_id": pl.String,
        "kind": pl.String,
        "source_transaction_id": pl.String,
        "target_transaction_id": pl.String,
        "probability": pl.Float64,
        "band": pl.String,
        "reasons": pl.String,
    }
)
#: What a user decided of two transactions, or of one whose partner is not known: ``is_link`` confirms.
DECISION_SCHEMA = pl.Schema(
    {
        "kind": pl.String,
        "source_transaction_id": pl.String,
        "target_transaction_id": pl.String,
        "is_link": pl.Boolean,
    }
)
#: From which probability on a link stands, and from which it is suggested.
PAIRED, SUGGESTED = 0.5, 0.15
#: Rounds in which a purchase can take one more refund.
_ROUNDS = 6
#: How sure a hint in a text makes that money went to or came from an account that was not added.
_HALF_KNOWN = 0.5

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Scored:
    """Candidate pairs of one kind with their features and log-odds; ends are rows of the prepared facts."""

    kind: str
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    features: pl.DataFrame = field(repr=False)
    log_odds: Floats = field(repr=False)
    sizes: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None = None

    @property
    def is_paired(self) -> Flags:
        """Which pairs are believed enough to stand."""
        paired: Flags = probability(self.log_odds) >= PAIRED
        return paired

    def ends(self, which: Flags) -> npt.NDArray[np.int64]:
        """The rows of some pairs, both ends."""
        return np.concatenate([self.left[which], self.right[which]])

    def only(self, keep: Flags) -> Scored:
        """Some of the pairs."""
        sizes = None if self.sizes is None else (self.sizes[0][keep], self.sizes[1][keep])
        return Scored(
            self.kind,
            self.left[keep],
            self.right[keep],
            self.features.filter(keep),
            self.log_odds[keep],
            sizes,
        )


def links(
    facts: pl.DataFrame, rates: pl.DataFrame, decisions: pl.DataFrame, model: LinkModel
) -> pl.DataFrame:
    """The links (LINK_SCHEMA) among ``facts`` (FACT_SCHEMA) of any number of users.

    ``rates`` follow RATE_SCHEMA. What users decided is not among the links: transactions of a confirmed one
    are taken, rejected pairs are not offered again.
    """
    rows = prepared(facts)
    decided = Decided.of(rows, decisions)
    measured = transfers.with_measures(rows, rates if rates.width else pl.DataFrame(schema=RATE_SCHEMA))
    moves = _offered(scored_transfers(measured, model["transfer"]), decided)
    backs = _offered(scored_refunds(refunds.with_names(rows), model["refund"]), decided)
    free = np.ones(rows.height, dtype=bool)
    moved = _chosen(_explained_otherwise(moves, moves.right, backs, backs.left))
    moved = _calibrated(moved, model["transfer"])
    free[moved.ends(moved.is_paired)] = False
    back = _shared_out(_explained_otherwise(backs, backs.left, moves, moves.right), decided, free)
    back = _calibrated(back, model["refund"])
    free[back.left[back.is_paired]] = False
    shares = _offered(scored_reimbursements(rows, model["reimbursement"]), decided)
    shared = _calibrated(_shared_out(shares, decided, free), model["reimbursement"])
    free[shared.left[shared.is_paired]] = False
    tables = [_table(rows, each.only(_standing(each, free))) for each in (moved, back, shared)]
    return pl.concat([*tables, _half_known(measured, tables, decided)])


def _standing(pairs: Scored, free: Flags) -> Flags:
    """What is paired, and suggestions about money that no other pair has taken."""
    others = free[pairs.left] & (free[pairs.right] if pairs.kind == "transfer" else True)
    standing: Flags = pairs.is_paired | others
    return standing


def _explained_otherwise(
    pairs: Scored, ends: npt.NDArray[np.int64], others: Scored, other_ends: npt.NDArray[np.int64]
) -> Scored:
    """Pairs with their odds against no link and against the best other explanation of the same money."""
    best = np.full(max(ends.max(initial=-1), other_ends.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(best, other_ends, others.log_odds)
    return replace(pairs, log_odds=pairs.log_odds - np.logaddexp(0.0, best[ends]))


def scored_transfers(measured: pl.DataFrame, scorer: Scorer) -> Scored:
    """Candidates of transfers among facts with measures."""
    pairs = transfers.candidates(measured)
    table = transfers.features(measured, pairs)
    return _scored("transfer", pairs["out"], pairs["into"], table, scorer)


def scored_refunds(named: pl.DataFrame, scorer: Scorer) -> Scored:
    """Candidates of refunds among facts with names."""
    pairs = refunds.candidates(named)
    table = refunds.features(named, pairs)
    return _scored("refund", pairs["back"], pairs["paid"], table, scorer, pairs)


def scored_reimbursements(rows: pl.DataFrame, scorer: Scorer) -> Scored:
    """Candidates of shares that friends paid."""
    pairs = reimbursements.candidates(rows)
    table = reimbursements.features(pairs)
    return _scored("reimbursement", pairs["back"], pairs["paid"], table, scorer, pairs)


def _scored(  # noqa: PLR0913, PLR0917 - the parts of what it makes
    kind: str,
    left: pl.Series,
    right: pl.Series,
    table: pl.DataFrame,
    scorer: Scorer,
    pairs: pl.DataFrame | None = None,
) -> Scored:
    sizes = None if pairs is None else (_whole(pairs["size"]), _whole(pairs["size_paid"]))
    return Scored(kind, _whole(left), _whole(right), table, scorer.log_odds(table), sizes)


def _whole(series: pl.Series) -> npt.NDArray[np.int64]:
    return series.cast(pl.Int64).to_numpy()


@dataclass(frozen=True)
class Decided:
    """What users decided, by row: pairs never to offer, and rows that a confirmed link has taken."""

    rejected: frozenset[tuple[str, int, int]]
    taken: frozenset[int]
    confirmed: dict[int, int]  # row of a purchase -> minor units that confirmed refunds took of it

    @classmethod
    def of(cls, rows: pl.DataFrame, decisions: pl.DataFrame) -> Decided:
        """Decisions by rows of ``rows``; those about transactions that are no more are passed over."""
        if decisions.is_empty():
            return cls(frozenset(), frozenset(), {})
        place = dict(zip(rows["transaction_id"], rows["row"], strict=True))
        size = rows["size"]
        rejected, taken, confirmed = set(), set(), dict[int, int]()
        for kind, source, target, is_link in decisions.select(DECISION_SCHEMA.names()).iter_rows():
            left, right = place.get(source, -1), place.get(target, -1)
            if not is_link:
                rejected.add((kind, left, right))
                continue
            taken.add(left)
            if kind == "transfer":
                taken.add(right)
            elif left >= 0:
                confirmed[right] = confirmed.get(right, 0) + size[left]
        return cls(frozenset(rejected), frozenset(taken), confirmed)

    def allowed(self, pairs: Scored) -> Flags:
        """Which pairs were not rejected and whose ends are free."""
        ends = np.array(sorted(self.taken), dtype=np.int64)
        allowed: Flags = ~(np.isin(pairs.left, ends) | np.isin(pairs.right, ends))
        for kind, left, right in self.rejected:
            if kind == pairs.kind and left >= 0:
                allowed &= ~((pairs.left == left) & (pairs.right == right))
        return allowed


def _worth(log_odds: Floats) -> Floats:
    """By how much a pair is better than none: from the log-odds at which it would be suggested."""
    worth: Floats = log_odds - np.log(SUGGESTED / (1 - SUGGESTED))
    return worth


def _offered(pairs: Scored, decided: Decided) -> Scored:
    """Pairs that no user has rejected, of money that no confirmed link has taken."""
    return pairs.only(decided.allowed(pairs))


def _chosen(offered: Scored) -> Scored:
    """Each end at most once, the sum of log-odds the greatest."""
    return offered.only(assigned(offered.left, offered.right, _worth(offered.log_odds)))


def _shared_out(pairs: Scored, decided: Decided, free: Flags) -> Scored:
    """Each refund once; a purchase may have several, which together never exceed it.

    In every round each purchase takes at most one more, as far as what is left of it reaches.
    """
    offered = pairs.only(free[pairs.left] & free[pairs.right])
    if offered.sizes is None or not len(offered.left):
        return offered
    size, whole = offered.sizes
    left_of = np.zeros(len(free), dtype=np.int64)
    left_of[offered.right] = whole
    for row, spent in decided.confirmed.items():
        left_of[row] -= spent if row >= 0 else 0
    kept = np.zeros(len(offered.left), dtype=bool)
    open_ = np.ones(len(offered.left), dtype=bool)
    for _ in range(_ROUNDS):
        open_ &= size <= left_of[offered.right]
        candidates = np.flatnonzero(open_)
        chosen = candidates[
            assigned(
                offered.left[candidates], offered.right[candidates], _worth(offered.log_odds[candidates])
            )
        ]
        if not len(chosen):
            break
        kept[chosen] = True
        left_of[offered.right[chosen]] -= size[chosen]
        open_ &= ~np.isin(offered.left, offered.left[chosen])
    return offered.only(kept)


def _calibrated(chosen: Scored, scorer: Scorer) -> Scored:
    """Chosen pairs with log-odds that can be believed."""
    return replace(chosen, log_odds=scorer.calibrated(chosen.log_odds))


def _table(rows: pl.DataFrame, pairs: Scored) -> pl.DataFrame:
    """Pairs as rows of LINK_SCHEMA, each with its reasons."""
    ids = rows["transaction_id"]
    chance = probability(pairs.log_odds)
    return pl.DataFrame(
        {
            "user_id": rows["user_id"].gather(pairs.left),
            "kind": pl.Series([pairs.kind] * len(pairs.left), dtype=pl.String),
            "source_transaction_id": ids.gather(pairs.left),
            "target_transaction_id": ids.gather(pairs.right),
            "probability": np.round(chance, 4),
            "band": np.where(pairs.is_paired, "paired", "suggested").astype(str),
            "reasons": _reasons(pairs.features),
        },
        schema=LINK_SCHEMA,
    )


def _reasons(features: pl.DataFrame) -> pl.Series:
    """What held of each pair, as JSON: the features that are not zero."""
    rounded = features.with_columns(pl.all().cast(pl.Float64).round(3))
    said = [
        json.dumps({name: value for name, value in row.items() if value}, sort_keys=True)
        for row in rounded.iter_rows(named=True)
    ]
    return pl.Series(said, dtype=pl.String)


def _half_known(measured: pl.DataFrame, found: list[pl.DataFrame], decided: Decided) -> pl.DataFrame:
    """Transfers whose text says own account or card, without a partner: the other account was not added."""
    linked = pl.concat(found)
    used = [
        linked["source_transaction_id"],
        linked.filter(pl.col("kind") == "transfer")["target_transaction_id"],
    ]
    rejected = [left for kind, left, right in decided.rejected if kind == "transfer" and right < 0]
    alone = measured.filter(
        (pl.col("own") | (pl.col("card") & ~pl.col("is_card_purchase") & (pl.col("mcc") == "")))
        & ~pl.col("refund")
        & ~pl.col("transaction_id").is_in(pl.concat(used).implode())
        & ~pl.col("row").is_in([*decided.taken, *rejected])
    )
    return alone.select(
        "user_id",
        pl.lit("transfer").alias("kind"),
        pl.col("transaction_id").alias("source_transaction_id"),
        pl.lit(None, dtype=pl.String).alias("target_transaction_id"),
        pl.lit(_HALF_KNOWN).alias("probability"),
        pl.lit("suggested").alias("band"),
        pl.lit(json.dumps({"looks_like_a_transfer_to_an_account_not_added": 1})).alias("reasons"),
    ).cast(LINK_SCHEMA)
