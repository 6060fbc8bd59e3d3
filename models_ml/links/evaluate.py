"""How often links are right: precision, recall and F1 per kind and difficulty, and calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

_BINS = 10
_LINK = ["kind", "source", "target"]
_BANDS = (("paired", "is_found", "is_right"), ("suggested", "is_asked", "is_asked_right"))


@dataclass(frozen=True, slots=True)
class LinkScores:
    """Counts of one kind at one difficulty, and what follows from them.

    ``found`` are the links that stand, ``asked`` those that are only suggested; ``right`` ones are true.
    """

    kind: str
    difficulty: str
    true: int
    found: int
    right: int
    asked: int = 0
    asked_right: int = 0

    @property
    def precision(self) -> float:
        """Share of the links found that are true; 1 where none was found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the true links that were found; 1 where there are none."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.right / (self.true + self.found) if self.true + self.found else 1.0

    @property
    def f1_decided(self) -> float:
        """The same of what the user is not asked about."""
        decided = self.true - self.asked_right + self.found
        return 2 * self.right / decided if decided else 1.0

    def as_dict(self) -> dict[str, object]:
        """For JSON and tables."""
        return {
            **{name: getattr(self, name) for name in self.__slots__},
            "f1_decided": round(self.f1_decided, 4),
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "f1": round(self.f1, 4),
        }


def scores(facts: pl.DataFrame, truth: pl.DataFrame, found: pl.DataFrame) -> list[LinkScores]:
    """Paired links against the truth, per kind and difficulty, each kind's total first.

    Transactions that nobody can tell apart (same account, day, amount and text) stand for each other.
    """
    known = found.filter(pl.col("target_transaction_id").is_not_null()).select(
        "band", "kind", source="source_transaction_id", target="target_transaction_id"
    )
    graded = with_difficulty(facts, pl.concat([truth, known.drop("band")]).unique()).join(
        truth.with_columns(is_true=True), _LINK, "left"
    )
    for band, seen, right in (
        ("paired", "is_found", "is_right"),
        ("suggested", "is_asked", "is_asked_right"),
    ):
        named = known.filter(band=band).select(_LINK)
        graded = graded.join(named.with_columns(pl.lit(value=True).alias(seen)), _LINK, "left").join(
            matched(facts, truth, named).with_columns(pl.lit(value=True).alias(right)), _LINK, "left"
        )
    flags = ["is_true", "is_found", "is_right", "is_asked", "is_asked_right"]
    by = [pl.col(flag).fill_null(value=False).sum() for flag in flags]
    total = graded.group_by("kind").agg(by).with_columns(difficulty=pl.lit("all"))
    parts = graded.group_by("kind", "difficulty").agg(by).select(total.columns)
    rows = pl.concat([total, parts]).sort(
        "kind", pl.col("difficulty") != "all", "difficulty", descending=[True, False, False]
    )
    return [
        LinkScores(row["kind"], row["difficulty"], *(row[flag] for flag in flags))
        for row in rows.iter_rows(named=True)
    ]


def matched(facts: pl.DataFrame, truth: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """The links of ``named`` that are true but for a twin: kind, source, target."""
    keys = facts.select(
        "transaction_id",
        key=pl.struct("account_id", "booked_date", "amount_minor", "description").hash(1),
    )
    order = pl.int_range(pl.len()).over("kind", "key", "key_target")
    by = ["kind", "key", "key_target", "nth"]
    wanted, got = (
        each.join(keys, left_on="source", right_on="transaction_id")
        .join(keys, left_on="target", right_on="transaction_id", suffix="_target")
        .with_columns(nth=order)
        for each in (truth, named)
    )
    return got.join(wanted.select(by), by, "semi").select("kind", "source", "target")


def with_difficulty(facts: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Links with what makes them hard to find."""
    seen = facts.select("transaction_id", "user_id", "account_id", "booked_date", "amount_minor", "currency")
    both = pairs.join(seen, left_on="source", right_on="transaction_id").join(
        seen, left_on="target", right_on="transaction_id", suffix="_t"
    )
    days = (pl.col("booked_date_t") - pl.col("booked_date")).dt.total_days().abs()
    transfer = (
        pl.when(pl.col("currency") != pl.col("currency_t"))
        .then(pl.lit("another currency"))
        .when(_rivalled(both, facts))
        .then(pl.lit("same amount about"))
        .when(days == 0)
        .then(pl.lit("same day"))
        .when(days <= 3)
        .then(pl.lit("1 to 3 days"))
        .otherwise(pl.lit("4 days and more"))
    )
    refund = (
        pl.when(pl.col("amount_minor") == -pl.col("amount_minor_t"))
        .then(pl.lit("whole"))
        .otherwise(pl.lit("partial"))
    )
    return both.with_columns(
        difficulty=pl.when(pl.col("kind") == "transfer")
        .then(transfer)
        .when(pl.col("kind") == "refund")
        .then(refund)
        .otherwise(pl.lit("share"))
    ).select("kind", "source", "target", "difficulty")


def _rivalled(both: pl.DataFrame, facts: pl.DataFrame) -> pl.Expr:
    """Whether the user has the amount on several other lines within ten days."""
    near = (
        both.select("source", "user_id", "booked_date", "currency", size=pl.col("amount_minor").abs())
        .join(
            facts.select("user_id", "currency", other="booked_date", size=pl.col("amount_minor").abs()),
            ["user_id", "currency", "size"],
        )
        .filter((pl.col("other") - pl.col("booked_date")).dt.total_days().abs() <= 10)
        .group_by("source")
        .len()
        .filter(pl.col("len") > 2)
    )
    return pl.col("source").is_in(near["source"].implode())


def calibration(facts: pl.DataFrame, truth: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Per kind and tenth of probability: how many links, their mean probability, the share that is true."""
    known = found.filter(pl.col("target_transaction_id").is_not_null())
    named = known.select(
        "kind", "probability", source="source_transaction_id", target="target_transaction_id"
    )
    right = matched(facts, truth, named.drop("probability")).with_columns(is_true=True)
    return (
        named.join(right, ["kind", "source", "target"], "left")
        .with_columns(
            pl.col("is_true").fill_null(value=False),
            bin=(pl.col("probability") * _BINS).floor().clip(0, _BINS - 1).cast(pl.Int64),
        )
        .group_by("kind", "bin")
        .agg(
            links=pl.len(),
            said=pl.col("probability").mean(),
            true=pl.col("is_true").cast(pl.Float64).mean(),
        )
        .sort("kind", "bin")
    )


def calibration_error(table: pl.DataFrame) -> dict[str, float]:
    """Mean distance of what was said from what was true, weighted by links, per kind."""
    return {
        str(kind): round(float(np.average(np.abs(rows["said"] - rows["true"]), weights=rows["links"])), 4)
        for (kind,), rows in table.group_by("kind", maintain_order=True)
    }
