"""Candidates for alerts: each purchase against what was usual before it, each income against its rhythm.

Only the past of a purchase speaks of it, so what is said of a day does not change when later days come.
Amounts are compared as logarithms: a merchant's mean is drawn to the person's mean for the category, and that
to everybody's (empirical Bayes), so a first visit is judged by its category and a hundredth by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from models_ml.anomalies.population import DOUBLE_DAYS, beside

KINDS = ("unusual_amount", "far_merchant", "duplicate_charge", "price_rise", "missing_income", "pace")
#: What a purchase needs to be judged: one row per purchase, amount positive when money leaves.
FACT_SCHEMA = pl.Schema(
    {
        "user": pl.String,
        "ref": pl.String,
        "day": pl.Date,
        "amount": pl.Int64,
        "category": pl.String,
        "group": pl.String,
        "merchant": pl.String,
        "account": pl.String,
        "is_foreign": pl.Boolean,
    }
)
#: What speaks for and against a candidate, in the order of each kind's weights; 0 where a kind has fewer.
EVIDENCE = ("e1", "e2", "e3", "e4", "e5", "e6")
CANDIDATE_COLUMNS = (
    "user",
    "kind",
    "ref",
    "day",
    "category",
    "merchant",
    "amount",
    "usual",
    "stake",
    *EVIDENCE,
)

#: Purchases that a prior weighs: of the category for a merchant, of everybody for a category.
_MERCHANT_PRIOR, _CATEGORY_PRIOR = 2.0, 4.0
_LEAST_DEVIATION = 0.12
#: Within a day by facts first: keys that change with a re-import must not change what was before what.
_ORDER = ("user", "day", "merchant", "amount", "category", "ref")
#: Bills are judged by price rises; what was paid twice alike, a rhythm apart, may be one: how often weighs.
_STEADY = 2
_SMALLEST_RISE = 0.02
_LARGEST_RISE = 1.0
_FEWEST_INCOMES = 4


def candidates(facts: pl.DataFrame, everybody: pl.DataFrame) -> pl.DataFrame:
    """Everything that may be odd, CANDIDATE_COLUMNS; what the evidence weighs is fitted by kind.

    ``everybody`` is what people spend in general (population.SCHEMA).
    """
    facts = facts.sort(*_ORDER)
    spent = purchases(facts).with_columns(monthly=_monthly())
    judged = _judged(spent, everybody)
    return pl.concat(
        [
            unusual_amounts(judged),
            far_merchants(judged),
            duplicate_charges(judged),
            price_rises(spent),
            missing_incomes(facts),
        ]
    )


def purchases(facts: pl.DataFrame) -> pl.DataFrame:
    """What was bought, of facts that hold income as well."""
    return facts.filter((pl.col("amount") > 0) & pl.col("group").is_in(["need", "want"]))


def _monthly() -> pl.Expr:
    """What a person had spent in a month by then."""
    known = (pl.col("day") - pl.col("day").first().over("user")).dt.total_days()
    return pl.col("amount").cum_sum().over("user") * 30 / (known + 30)


def _judged(spent: pl.DataFrame, everybody: pl.DataFrame) -> pl.DataFrame:
    """Purchases with what was known before each: means and deviations of log amounts, counts."""
    merchant, category = ["user", "merchant"], ["user", "category"]
    logged = spent.with_columns(log=pl.col("amount").log(), n_user=pl.int_range(pl.len()).over("user"))
    before = (pl.col("log").cum_sum() - pl.col("log")).over("user") / pl.col("n_user")
    # The person's own level, so that currencies and incomes do not matter.
    known = beside(logged, everybody).with_columns(
        level=pl.when(pl.col("n_user") > 0).then(before).otherwise(pl.col("log"))
    )
    for name, keys in (("m", merchant), ("c", category)):
        known = known.with_columns(
            pl.int_range(pl.len()).over(keys).alias(f"n_{name}"),
            (pl.col("log").cum_sum() - pl.col("log")).over(keys).alias(f"sum_{name}"),
            ((pl.col("log") ** 2).cum_sum() - pl.col("log") ** 2).over(keys).alias(f"squares_{name}"),
        )
    most = pl.col("log").cum_max().shift(1).over(category)
    return _shrunk(known).with_columns(most_c=most.fill_null(pl.col("log")))


def _shrunk(known: pl.DataFrame) -> pl.DataFrame:
    n_c, n_m = pl.col("n_c"), pl.col("n_m")
    category_mean = (pl.col("sum_c") + _CATEGORY_PRIOR * (pl.col("pop_mean") + pl.col("level"))) / (
        n_c + _CATEGORY_PRIOR
    )
    known = known.with_columns(category_mean=category_mean)
    merchant_mean = (pl.col("sum_m") + _MERCHANT_PRIOR * pl.col("category_mean")) / (n_m + _MERCHANT_PRIOR)
    variance = (
        pl.col("squares_m") - pl.col("sum_m") ** 2 / n_m.clip(1) + 4 * pl.col("within_deviation") ** 2
    ) / (n_m.clip(1) + 3)
    known = known.with_columns(
        mean=merchant_mean, variance=variance.clip(_LEAST_DEVIATION**2) + _between(n_m, "pop_deviation")
    )
    return known.with_columns(z=(pl.col("log") - pl.col("mean")) / pl.col("variance").sqrt())


def _between(count: pl.Expr, deviation: str) -> pl.Expr:
    """How unsure the mean itself is: all of the spread between merchants at first, less with each visit."""
    return pl.col(deviation) ** 2 * (_MERCHANT_PRIOR / (count + _MERCHANT_PRIOR)) ** 2


def _candidates(
    rows: pl.DataFrame, kind: str, evidence: Sequence[pl.Expr], usual: pl.Expr, stake: pl.Expr
) -> pl.DataFrame:
    missing = [pl.lit(0.0)] * (len(EVIDENCE) - len(evidence))
    return rows.select(
        "user",
        pl.lit(kind).alias("kind"),
        "ref",
        "day",
        "category",
        "merchant",
        "amount",
        usual.cast(pl.Int64).alias("usual"),
        (stake / pl.col("monthly").clip(1)).cast(pl.Float64).alias("stake"),
        *(
            said.cast(pl.Float64).fill_null(0.0).alias(name)
            for name, said in zip(EVIDENCE, [*evidence, *missing], strict=True)
        ),
    )


def _size() -> pl.Expr:
    """How large a purchase is for this person, as a logarithm."""
    return (pl.col("log") - pl.col("level")).clip(-4, 4)


def unusual_amounts(judged: pl.DataFrame) -> pl.DataFrame:
    """Purchases far above what the merchant and category usually cost this person."""
    usual = pl.col("mean").exp().round()
    rows = judged.filter((pl.col("z") > 2) & (pl.col("n_user") >= 20))  # noqa: PLR2004 - nothing is odd below
    evidence = (
        pl.col("z").clip(0, 10),
        (pl.col("log") - pl.col("mean")).clip(0, 4),
        pl.col("n_m").log1p(),
        pl.col("n_c").log1p(),
        _size(),
        (pl.col("log") - pl.col("most_c")).clip(-3, 3),
    )
    return _candidates(rows, "unusual_amount", evidence, usual, pl.col("amount") - usual)


def far_merchants(judged: pl.DataFrame) -> pl.DataFrame:
    """First purchases at a merchant in foreign money, by somebody who was not abroad in the days before."""
    day = judged.group_by("user", "day").agg(
        foreign=pl.col("is_foreign").sum(),
        at_home=((~pl.col("is_foreign")) & (pl.col("n_m") > 0)).sum(),
        trips=pl.col("category").is_in(["flights", "hotels", "travel_other"]).sum(),
    )
    around = (
        day.sort("user", "day")
        .rolling("day", period="4d", group_by="user")
        .agg(pl.col("foreign").sum(), pl.col("at_home").last())
    )
    booked = day.sort("user", "day").rolling("day", period="90d", group_by="user").agg(pl.col("trips").sum())
    before = pl.col("is_foreign").cast(pl.Int64).cum_sum().over("user") - 1
    rows = (
        judged.with_columns(before=before)
        .filter(pl.col("is_foreign") & (pl.col("n_user") >= 20))  # noqa: PLR2004
        .join(around, on=["user", "day"], how="left")
        .join(booked, on=["user", "day"], how="left")
    )
    evidence = (
        (pl.col("foreign") - 1).clip(0).log1p(),
        (pl.col("n_m") > 0).cast(pl.Float64),
        pl.col("before").clip(0).log1p(),
        pl.col("at_home").log1p(),
        pl.col("trips").log1p(),
        _size(),
    )
    return _candidates(rows, "far_merchant", evidence, pl.col("mean").exp().round(), pl.col("amount"))


def duplicate_charges(judged: pl.DataFrame) -> pl.DataFrame:
    """The same amount at the same merchant within two days, by somebody who does not do that."""
    alike = ["user", "merchant", "amount"]
    last = pl.col("day").shift(1).over(alike)
    gap = (pl.col("day") - last).dt.total_days()
    is_double = (gap <= DOUBLE_DAYS).fill_null(value=False)
    rows = judged.with_columns(
        gap=gap,
        doubles=is_double.cast(pl.Int64).cum_sum().over("user", "merchant") - 1,
        same=pl.int_range(pl.len()).over(alike),
        known_days=(pl.col("day") - pl.col("day").min().over("user")).dt.total_days() + 1,
    ).filter(pl.col("gap") <= DOUBLE_DAYS)
    # One earlier line is the first of the two; what is left says how usual that sum is there.
    habit = (pl.col("same") - 1 + 0.5) / (pl.col("n_m") - 1 + 2.0).clip(1)
    visits = (pl.col("n_m") + 0.2) / pl.col("known_days")
    evidence = (
        pl.col("gap"),
        habit.log(),
        visits.log(),
        pl.col("common").log(),
        pl.col("doubles").clip(0).log1p(),
        _size(),
    )
    return _candidates(rows, "duplicate_charge", evidence, pl.col("amount"), pl.col("amount"))


def price_rises(spent: pl.DataFrame) -> pl.DataFrame:
    """A merchant that took the same sum time after time takes more."""
    keys = ["user", "merchant", "account"]
    rows = spent.with_columns(
        before=pl.col("amount").shift(1).over(keys),
        gap=(pl.col("day") - pl.col("day").shift(1).over(keys)).dt.total_days(),
        run=pl.col("amount").rle_id().over(keys),
        lines=pl.int_range(pl.len()).over(keys),
    )
    lengths = rows.group_by(*keys, "run").agg(steady=pl.len(), steady_gap=pl.col("gap").median())
    rows = rows.join(lengths.with_columns(run=pl.col("run") + 1), on=[*keys, "run"], how="inner").filter(
        pl.col("before") != pl.col("amount")
    )
    rise = pl.col("amount") / pl.col("before") - 1
    rows = rows.filter(
        (pl.col("steady") >= _STEADY)
        & (rise >= _SMALLEST_RISE)
        & (rise <= _LARGEST_RISE)
        & (pl.col("gap") >= 5)  # noqa: PLR2004 - coffee is no bill
        & ((pl.col("gap") - pl.col("steady_gap")).abs() <= 0.4 * pl.col("steady_gap") + 2)
    )
    off = (pl.col("gap") - pl.col("steady_gap")).abs() / pl.col("steady_gap").clip(1)
    evidence = (
        pl.col("steady").log(),
        rise.clip(0, 0.5),
        off,
        pl.col("steady_gap").log().clip(1, 6),
        pl.col("lines").log1p() - pl.col("steady").log1p(),
    )
    times = (365 / pl.col("steady_gap").clip(5, 365)).clip(1, 52)
    stake = (pl.col("amount") - pl.col("before")) * times
    return _candidates(rows, "price_rise", evidence, pl.col("before"), stake)


def missing_incomes(facts: pl.DataFrame) -> pl.DataFrame:
    """Income with a rhythm that did not come; told on the day when it is late beyond its usual spread."""
    keys = ["user", "merchant"]
    income = facts.filter((pl.col("group") == "income") & (pl.col("amount") < 0)).with_columns(
        monthly=-pl.col("amount")
    )
    end = facts.group_by("user").agg(end=pl.col("day").max())
    paid = (
        income.group_by(*keys, "day")
        .agg(pl.col("amount").sum(), pl.col("ref").first(), pl.col("category").first())
        .sort(*keys, "day")
        .with_columns(
            gap=(pl.col("day") - pl.col("day").shift(1).over(keys)).dt.total_days(),
            until=(pl.col("day").shift(-1).over(keys) - pl.col("day")).dt.total_days(),
            times=pl.int_range(pl.len()).over(keys) + 1,
        )
        .with_columns(
            rhythm=pl.col("gap").rolling_median(6, min_samples=3).over(keys),
            spread=pl.col("gap").rolling_std(6, min_samples=3).over(keys),
            usual_amount=(-pl.col("amount")).rolling_median(6, min_samples=3).over(keys),
            amount_spread=(-pl.col("amount")).rolling_std(6, min_samples=3).over(keys),
        )
        .join(end, on="user")
    )
    late = pl.col("rhythm") + 3 + 2 * pl.col("spread")
    shown = pl.col("day") + pl.duration(days=late.ceil().cast(pl.Int64))
    rows = paid.filter(
        (pl.col("times") >= _FEWEST_INCOMES)
        & (pl.col("rhythm") >= 6)  # noqa: PLR2004 - weekly at the most often
        & (pl.col("spread") <= 0.25 * pl.col("rhythm") + 1)
        & (pl.col("until").fill_null(9999) > late)
        & (shown <= pl.col("end"))
    ).with_columns(shown=shown, monthly=pl.col("usual_amount"))
    evidence = (
        pl.col("spread") / pl.col("rhythm"),
        (pl.col("amount_spread") / pl.col("usual_amount").clip(1)).clip(0, 1),
        pl.col("times").log(),
        pl.col("rhythm").log().clip(1, 5),
    )
    found = _candidates(rows, "missing_income", evidence, pl.col("usual_amount"), pl.col("usual_amount"))
    return found.with_columns(rows["shown"].alias("day"), amount=pl.lit(0, pl.Int64))
