"""What people spend in general, by category: what a purchase is judged by before the person's own past can.

It is learned once, with the weights, and not from whoever happens to be looked at together: else the same
purchase would be odd in one hour's run and usual in the next one's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

#: The row of a category that nobody had.
ANY = ""
_LEAST_DEVIATION, _MOST_DEVIATION = 0.12, 2.0
#: Days between two charges of the same sum that may be one charged twice.
DOUBLE_DAYS = 2
COLUMNS = ("pop_mean", "pop_deviation", "within_deviation", "common")
SCHEMA = pl.Schema({"category": pl.String, **dict.fromkeys(COLUMNS, pl.Float64)})


def population(spent: pl.DataFrame) -> pl.DataFrame:
    """By category of many people's purchases, SCHEMA: log amounts against a person's mean, and doubles.

    ``pop_mean`` and ``pop_deviation`` are of a purchase's log amount less its person's mean,
    ``within_deviation`` of purchases of one person at one merchant, ``common`` is how often the same sum is
    paid there twice running.
    """
    logged = spent.sort("user", "day").with_columns(
        off=pl.col("amount").log() - pl.col("amount").log().mean().over("user"),
        within=pl.col("amount").log() - pl.col("amount").log().mean().over("user", "merchant", "category"),
        is_double=(
            (pl.col("day") - pl.col("day").shift(1).over("user", "merchant", "amount")).dt.total_days()
            <= DOUBLE_DAYS
        ).fill_null(value=False),
    )
    figures = (
        pl.col("off").mean().alias("pop_mean"),
        pl.col("off").std().fill_null(1.0).alias("pop_deviation"),
        pl.col("within").std().fill_null(0.5).clip(_LEAST_DEVIATION, _MOST_DEVIATION)
        .alias("within_deviation"),
        ((pl.col("is_double").sum() + 0.5) / (pl.len() + 5.0)).alias("common"),
    )  # fmt: skip
    anybody = logged.select(pl.lit(ANY).alias("category"), *figures)
    found = pl.concat([logged.group_by("category").agg(*figures).sort("category"), anybody])
    return found.with_columns(pl.col(COLUMNS).round(4)).match_to_schema(SCHEMA)


def beside(purchases: pl.DataFrame, everybody: pl.DataFrame) -> pl.DataFrame:
    """Purchases with the figures of their category."""
    anybody = everybody.filter(pl.col("category") == ANY).row(0, named=True)
    return purchases.join(everybody, on="category", how="left", maintain_order="left").with_columns(
        pl.col(name).fill_null(anybody[name]) for name in COLUMNS
    )


def as_document(everybody: pl.DataFrame) -> dict[str, list[float]]:
    """For JSON: by category its figures in the order of COLUMNS."""
    return {str(row[0]): list(row[1:]) for row in everybody.select("category", *COLUMNS).iter_rows()}


def of(document: Mapping[str, Any]) -> pl.DataFrame:
    """What ``as_document`` said."""
    return pl.DataFrame([(name, *row) for name, row in document.items()], schema=SCHEMA, orient="row")
