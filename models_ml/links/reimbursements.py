"""Reimbursements: friends who pay their share of what one of them paid for all.

What arrives from a person within days of a meal, a ride or an evening out, and is a share of it: a half, a
third, a quarter, perhaps rounded. Several friends pay shares of one bill, together less than it.
"""

from __future__ import annotations

import polars as pl

from warehouse.money import exponent, is_currency

#: Days between the bill (booked late, at times after the friend has paid) and the share.
EARLIEST, LATEST = -6, 12
#: A share is at most this much of the bill, and at least this much.
_LARGEST, _SMALLEST = 0.7, 0.08
#: First digits of merchant codes of what people share: food and drink, going out, rides, stays.
_SHARED_TRADES = r"^(?:58|79|78|4121|4112|70|5411|4722|4511)"
#: The same as categories, and what is certainly not shared.
_SHARED_CATEGORIES = (
    *("restaurants", "fast_food", "coffee", "bars_alcohol", "entertainment", "taxi", "hotels", "flights"),
    *("travel_other", "groceries"),
)
_FRIENDS = (2, 3, 4, 5, 6)
#: Shares looked at in one go, so that memory does not grow with a user's history.
_AT_ONCE = 10_000
_BACK = (
    *("row", "user_id", "currency", "size", "day", "spent_day", "mcc", "share", "person", "party"),
    *("is_shared", "has_trade"),
)
_PAID = ("row", "user_id", "currency", "size", "day", "spent_day", "mcc", "is_shared", "has_trade")


def candidates(facts: pl.DataFrame) -> pl.DataFrame:
    """Pairs that could be a share and its bill: ``back`` and ``paid`` (rows of ``facts``)."""
    shaped = facts.with_columns(
        spent_day=pl.col("spent_date").to_physical().cast(pl.Int32),
        is_shared=pl.col("mcc").str.contains(_SHARED_TRADES)
        | ((pl.col("mcc") == "") & pl.col("category_code").is_in(_SHARED_CATEGORIES)),
        has_trade=(pl.col("mcc") != "") | (pl.col("category_code") != ""),
    )
    back = shaped.filter(
        (pl.col("amount_minor") > 0)
        & (pl.col("share") | pl.col("person") | (pl.col("party") != "") | pl.col("transfer"))
        & (pl.col("mcc") == "")
        & ~pl.col("own")
        & ~pl.col("card")
    ).select(_BACK)
    paid = shaped.filter((pl.col("amount_minor") < 0) & ~pl.col("own") & ~pl.col("transfer")).select(_PAID)
    found = [_near(part, paid) for part in back.iter_slices(_AT_ONCE)]
    return pl.concat(found or [_near(back, paid)]).sort("back", "paid")


def _near(back: pl.DataFrame, paid: pl.DataFrame) -> pl.DataFrame:
    """Shares with every bill of the days around that they could be a part of."""
    width = LATEST - EARLIEST + 1
    reach = back.with_columns(
        window=pl.concat_list(pl.col("day") // width + shift for shift in (-1, 0, 1))
    ).explode("window")
    gap = pl.col("day") - pl.col("spent_day_paid")
    part = pl.col("size") / pl.col("size_paid")
    places = {code: exponent(code) if is_currency(code) else 2 for code in back["currency"].unique()}
    return (
        reach.lazy()
        .join(
            paid.lazy().with_columns(window=pl.col("spent_day") // width),
            ["user_id", "currency", "window"],
            suffix="_paid",
        )
        .filter((gap >= EARLIEST) & (gap <= LATEST) & (part <= _LARGEST) & (part >= _SMALLEST))
        .select(
            back="row",
            paid="row_paid",
            gap=gap,
            size="size",
            size_paid="size_paid",
            unit=pl.lit(10) ** pl.col("currency").replace_strict(places, return_dtype=pl.Int64),
            says_share="share",
            names_person=pl.col("person") | (pl.col("party") != ""),
            is_shared="is_shared_paid",
            has_trade="has_trade_paid",
        )
        .collect()
    )


def features(pairs: pl.DataFrame) -> pl.DataFrame:
    """One row per pair with a number per feature."""
    size, whole, gap = pl.col("size"), pl.col("size_paid"), pl.col("gap")
    exact = pl.any_horizontal((whole - size * friends).abs() < friends for friends in _FRIENDS)
    near = pl.any_horizontal(
        ((whole - size * friends) >= 0) & ((whole - size * friends) < 0.06 * whole) for friends in _FRIENDS
    )
    alike = pl.len().over("paid", "size")
    left_over = whole - size * (alike + 1)
    whole_units = (size % pl.col("unit") == 0) & (left_over < pl.col("unit") * (alike + 1))
    rivals = pl.col("is_shared").sum().over("back")
    return (
        pairs.select(
            exact_share=exact,
            near_share=near & ~exact,
            others_pay_the_same=alike > 1,
            all_pay_alike=left_over.abs() <= alike,
            all_pay_whole_units=whole_units & (left_over > alike),
            says_share=pl.col("says_share"),
            names_person=pl.col("names_person"),
            shared_trade=pl.col("is_shared"),
            other_trade=pl.col("has_trade") & ~pl.col("is_shared"),
            gap_before=gap < 0,
            gap_0=gap == 0,
            gap_1_2=gap.is_between(1, 2),
            gap_3_5=gap.is_between(3, 5),
            rivals=rivals.cast(pl.Float64).log1p(),
            exact_rivals=(exact & pl.col("is_shared")).sum().over("back").cast(pl.Float64).log1p(),
        )
        .cast(pl.Float64)
        .fill_null(0)
    )
