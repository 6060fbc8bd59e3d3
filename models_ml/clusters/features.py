"""A person's money in figures that can be compared: shares in log-ratios, rhythm, saving, size of income."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
#: Parts of spending, each by the leaves of the taxonomy that it holds.
PARTS: dict[str, tuple[str, ...]] = {
    "housing": (
        "rent",
        "mortgage",
        "electricity",
        "gas_heating",
        "water",
        "home_maintenance",
        "home_insurance",
    ),
    "groceries": ("groceries", "household_supplies"),
    "eating_out": ("restaurants", "fast_food", "coffee", "bars_alcohol"),
    "transport": ("fuel", "public_transport", "taxi", "parking_tolls", "car_maintenance", "car_insurance"),
    "children": ("childcare", "education"),
    "debt": ("loan_payment", "car_payment"),
    "health": ("pharmacy", "doctor_dentist", "health_insurance", "sports_fitness", "personal_care"),
    "shopping": ("clothing", "electronics", "general_shopping", "furniture_home", "gifts"),
    "leisure": ("entertainment", "games", "hobbies", "books_media", "streaming", "gambling"),
    "travel": ("hotels", "flights", "travel_other"),
    "connection": ("mobile_phone", "internet", "software_subscriptions"),
}
OTHER = "other"
SHARES = (*PARTS, OTHER)
#: Figures beside the shares; income is relative to the median of the same currency.
BESIDE = ("income", "saving_rate", "volatility", "fixed_share", "weekend_share", "purchases", "income_rhythm")
NAMES = (*(f"share_{part}" for part in SHARES), *BESIDE)
#: What a share counts as at least: its logarithm has to exist, and none and next to none are alike.
_SMALLEST_SHARE = 0.02
FEWEST_MONTHS = 2
#: What a person needs: one row per user, month and category, money in minor units, spending positive.
MONTH_SCHEMA = pl.Schema(
    {
        "user": pl.String,
        "currency": pl.String,
        "month": pl.Date,
        "category": pl.String,
        "group": pl.String,
        "spent": pl.Int64,
        "income": pl.Int64,
        "fixed": pl.Int64,
        "weekend": pl.Int64,
        "purchases": pl.Int64,
    }
)


def features(months: pl.DataFrame) -> pl.DataFrame:
    """One row per user of at least FEWEST_MONTHS months with spending: user, then NAMES as they are."""
    totals = months.group_by("user", "currency", "month").agg(
        pl.col("spent", "income", "fixed", "weekend", "purchases").sum()
    )
    people = (
        totals.group_by("user", "currency")
        .agg(
            months=pl.len(),
            spent=pl.col("spent").sum(),
            income=pl.col("income").sum(),
            volatility=pl.col("spent").std() / pl.col("spent").mean().clip(1),
            income_rhythm=pl.col("income").std() / pl.col("income").mean().clip(1),
            fixed_share=pl.col("fixed").sum() / pl.col("spent").sum().clip(1),
            weekend_share=pl.col("weekend").sum() / (pl.col("spent") - pl.col("fixed")).sum().clip(1),
            purchases=pl.col("purchases").mean(),
        )
        .filter((pl.col("months") >= FEWEST_MONTHS) & (pl.col("spent") > 0))
        .sort("user", "spent", descending=[False, True])
        .unique("user", keep="first", maintain_order=True)  # by the currency that most is spent in
    )
    relative = (pl.col("income") / pl.col("months")).clip(1)
    people = people.with_columns(
        saving_rate=(1 - pl.col("spent") / pl.col("income").clip(1)).clip(-1, 1),
        income=(relative / relative.median().over("currency")).log().clip(-3, 3),
        volatility=pl.col("volatility").fill_null(0).clip(0, 2),
        income_rhythm=pl.col("income_rhythm").fill_null(0).clip(0, 2),
        fixed_share=pl.col("fixed_share").clip(0, 1),
        weekend_share=pl.col("weekend_share").clip(0, 1),
        purchases=pl.col("purchases").log1p(),
    )
    return people.join(_shares(months), on="user").select("user", *NAMES)


def halves(months: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Features of every other month and of the months between: what is a person's is in both."""
    place = pl.col("month").rank("dense") % 2
    return features(months.filter(place == 0)), features(months.filter(place == 1))


def _shares(months: pl.DataFrame) -> pl.DataFrame:
    part_of = {leaf: part for part, leaves in PARTS.items() for leaf in leaves}
    part = pl.col("category").replace_strict(part_of, default=OTHER)
    sums = (
        months.filter(pl.col("group").is_in(["need", "want"]))
        .group_by("user", part.alias("part"))
        .agg(pl.col("spent").sum().clip(0))
    )
    wide = sums.pivot(on="part", on_columns=list(SHARES), index="user", values="spent").fill_null(0)
    total = pl.sum_horizontal(SHARES).clip(1)
    return wide.select("user", *((pl.col(name) / total).alias(f"share_{name}") for name in SHARES))


def matrix(people: pl.DataFrame) -> Floats:
    """Features as a clusterer takes them (people x NAMES): shares in centred log-ratios (Aitchison 1982)."""
    shares = people.select(f"share_{part}" for part in SHARES).to_numpy().clip(_SMALLEST_SHARE)
    logs = np.log(shares / shares.sum(axis=1, keepdims=True))
    ratios = logs - logs.mean(axis=1, keepdims=True)
    found: Floats = np.hstack([ratios, people.select(BESIDE).to_numpy()])
    return found
