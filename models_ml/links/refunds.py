"""Refunds: money that came back from a merchant, and for which purchase.

A refund names its merchant more or less as the purchase did, comes after it, and is at most as large. Of
several purchases that fit, the model prefers the one of exactly that amount, then the more recent. What
several refunds of one purchase take together never exceeds it.
"""

from __future__ import annotations

import polars as pl

#: Days after which a return of exactly the amount, and of a part, is no longer looked for.
LATEST_WHOLE, LATEST_PART = 400, 180
#: Letters of a word that make it known: banks cut words off, and shops have branches.
_PREFIX = 5
#: A word in more than this share of a user's texts names nobody.
_COMMON_SHARE, _COMMON_LEAST = 0.1, 25
_ALIKE = 0.5
#: Rows of one user that may have a code in common for it to tell them from others.
_FEW = 4
#: Letters of a text that must agree before its cut-off end is overlooked.
_TELLING = 8
#: A refund of half, a quarter or a third (an item of several, a discount) says which purchase it was.
_ROUND_PARTS, _ROUND_FROM = (3, 4, 10), 200
_SEEN = (
    "row",
    "user_id",
    "account_id",
    "currency",
    "size",
    "day",
    "name",
    "name_id",
    "mcc",
    "refund",
    "transfer",
)
_BACK = (*_SEEN, "person", "own")


def with_names(facts: pl.DataFrame) -> pl.DataFrame:
    """Facts with ``name_id``, and ``rare``, the codes that few of the user's rows have."""
    rare = (
        facts.select("row", "user_id", "codes")
        .explode("codes")
        .filter(pl.col("codes").is_not_null() & (pl.len().over("user_id", "codes") <= _FEW))
        .group_by("row")
        .agg(pl.col("codes").alias("rare"))
    )
    names = facts.select("user_id", "name").unique().sort("user_id", "name").with_row_index("name_id")
    return facts.join(names, ["user_id", "name"], "left", maintain_order="left").join(
        rare, "row", "left", maintain_order="left"
    )


def candidates(facts: pl.DataFrame) -> pl.DataFrame:
    """Pairs that could be a refund and its purchase: ``back``, ``paid`` (rows), and how alike."""
    back = facts.filter(pl.col("amount_minor") > 0).select(_BACK)
    paid = facts.filter(pl.col("amount_minor") < 0).select(_SEEN)
    names = alike_names(back, paid)
    pairs = pl.concat([_whole(back, paid, names), _part(back, paid, names)])
    return pairs.unique(["back", "paid"], keep="first").sort("back", "paid")


def alike_names(back: pl.DataFrame, paid: pl.DataFrame) -> pl.DataFrame:
    """Names of one user that share telling words: ``name_id``, ``name_id_paid``, ``contained``, ``covered``.

    Words weigh by how rare they are among the user's names; contained is the shared weight in the shorter of
    the two, covered in the longer.
    """
    words = pl.concat([_words(back), _words(paid)]).unique()
    weighed = _weighed(words)
    totals = weighed.group_by("name_id").agg(pl.col("weight").sum().alias("total"))
    mine, theirs = weighed.join(back, "name_id", "semi"), weighed.join(paid, "name_id", "semi")
    shared = (
        mine.join(theirs, ["user_id", "word"], suffix="_paid")
        .group_by("name_id", "name_id_paid")
        .agg(pl.col("weight").sum().alias("shared"))
        .join(totals, "name_id")
        .join(totals, left_on="name_id_paid", right_on="name_id", suffix="_paid")
    )
    return shared.select(
        "name_id",
        "name_id_paid",
        contained=pl.col("shared") / pl.min_horizontal("total", "total_paid"),
        covered=pl.col("shared") / pl.max_horizontal("total", "total_paid"),
    ).filter(pl.col("contained") >= _ALIKE)


def _words(rows: pl.DataFrame) -> pl.DataFrame:
    return (
        rows.select("user_id", "name_id", "name")
        .unique()
        .with_columns(word=pl.col("name").str.extract_all(r"[\p{L}\p{N}&]+"))
        .explode("word")
        .filter(pl.col("word").str.len_chars() > 1)
        .select("user_id", "name_id", word=pl.col("word").str.head(_PREFIX))
        .unique()
    )


def _weighed(words: pl.DataFrame) -> pl.DataFrame:
    names = pl.col("name_id").n_unique().over("user_id")
    seen = pl.len().over("user_id", "word")
    return (
        words.with_columns(names=names, seen=seen)
        .filter(pl.col("seen") <= pl.max_horizontal(pl.col("names") * _COMMON_SHARE, pl.lit(_COMMON_LEAST)))
        .select("user_id", "name_id", "word", weight=((pl.col("names") + 1) / pl.col("seen")).log())
    )


def _whole(back: pl.DataFrame, paid: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Exactly the amount of an earlier purchase, from the same name or with a word that says refund."""
    by = ["user_id", "account_id", "currency", "size"]
    width = LATEST_WHOLE + 1
    reach = back.with_columns(
        window=pl.concat_list(pl.col("day") // width - shift for shift in (0, 1))
    ).explode("window")
    joined = reach.join(paid.with_columns(window=pl.col("day") // width), [*by, "window"], suffix="_paid")
    gap = pl.col("day") - pl.col("day_paid")
    near = joined.filter((gap >= 0) & (gap <= LATEST_WHOLE)).join(names, ["name_id", "name_id_paid"], "left")
    return near.filter(pl.col("contained").is_not_null() | pl.col("refund")).select(
        *_pair(), size_paid="size"
    )


def _part(back: pl.DataFrame, paid: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Less than an earlier purchase from the same name."""
    width = LATEST_PART + 1
    reach = (
        back.join(names, "name_id")
        .with_columns(window=pl.concat_list(pl.col("day") // width - shift for shift in (0, 1)))
        .explode("window")
    )
    by_name = ["user_id", "account_id", "currency", "name_id", "window"]
    bought = paid.with_columns(window=pl.col("day") // width)
    gap = pl.col("day") - pl.col("day_paid")
    return (
        reach.lazy()
        .join(
            bought.lazy(),
            left_on=["user_id", "account_id", "currency", "name_id_paid", "window"],
            right_on=by_name,
            suffix="_paid",
        )
        .filter((gap >= 0) & (gap <= LATEST_PART) & (pl.col("size") < pl.col("size_paid")))
        .select(*_pair(), size_paid="size_paid")
        .collect()
    )


def _pair() -> tuple[pl.Expr, ...]:
    return (
        pl.col("row").alias("back"),
        pl.col("row_paid").alias("paid"),
        (pl.col("day") - pl.col("day_paid")).alias("gap"),
        pl.col("size"),
        pl.col("contained").fill_null(0.0),
        pl.col("covered").fill_null(0.0),
    )


def _is_round() -> pl.Expr:
    """Whether a part is a tenth, a quarter or a third of the whole, or several, but for the rounding."""
    whole, part = pl.col("size_paid"), pl.col("size")
    return pl.any_horizontal(
        ((part * parts / whole).round() * whole - part * parts).abs() <= parts for parts in _ROUND_PARTS
    )


def features(facts: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """One row per pair with a number per feature."""
    ends = facts.select(
        "row", "name", "mcc", "refund", "transfer", "own", "card", "person", "rare", "day", "words"
    )
    both = (
        pairs.with_columns(whole=pl.col("size") == pl.col("size_paid"))
        .join(ends, left_on="back", right_on="row", how="left", maintain_order="left")
        .join(ends, left_on="paid", right_on="row", how="left", suffix="_paid", maintain_order="left")
        .with_columns(alike=pl.struct("day_paid", "size_paid", "name_paid"))
    )
    exact = pl.col("whole") & (pl.col("covered") >= _ALIKE)
    rivals = pl.col("alike").n_unique().over("back")
    whole_rivals = pl.col("alike").filter(pl.col("whole")).n_unique().over("back")
    newer = pl.col("day_paid").rank("dense", descending=True).over("back", "whole") - 1
    shared = pl.col("rare").list.set_intersection("rare_paid").list.len() > 0
    same_text = (pl.col("words").str.len_chars() >= _TELLING) & (
        pl.col("words_paid").str.starts_with(pl.col("words"))
        | (
            pl.col("words").str.starts_with(pl.col("words_paid"))
            & (pl.col("words_paid").str.len_chars() >= _TELLING)
        )
    )
    named = (pl.col("mcc") != "") & (pl.col("mcc_paid") != "")
    return (
        both.select(
            whole=pl.col("whole"),
            whole_and_alike=exact,
            part_of_whole=~pl.col("whole") & (whole_rivals > 0),
            round_share=~pl.col("whole") & (pl.col("size_paid") >= _ROUND_FROM) & _is_round(),
            contained=pl.col("contained"),
            covered=pl.col("covered"),
            same_name=(pl.col("name") == pl.col("name_paid")) & (pl.col("name") != ""),
            same_text=same_text,
            another_has_the_text=~same_text & same_text.any().over("back"),
            shares_code=shared,
            another_shares_code=~shared & shared.any().over("back"),
            other_code=~shared & (pl.col("rare").list.len() > 0) & (pl.col("rare_paid").list.len() > 0),
            unlike=pl.col("contained") == 0,
            another_is_alike=(pl.col("contained") == 0) & (pl.col("contained") > 0).any().over("back"),
            says_refund=pl.col("refund"),
            says_refund_unlike=pl.col("refund") & (pl.col("contained") == 0),
            says_transfer=pl.col("transfer") | pl.col("own") | pl.col("person"),
            same_trade=named & (pl.col("mcc") == pl.col("mcc_paid")),
            other_trade=named & (pl.col("mcc") != pl.col("mcc_paid")),
            same_day=pl.col("gap") == 0,
            within_14=pl.col("gap") <= 14,
            within_30=pl.col("gap") <= 30,
            within_60=pl.col("gap") <= 60,
            within_120=pl.col("gap") <= 120,
            rivals=pl.when("whole").then(whole_rivals).otherwise(rivals).cast(pl.Float64).log(),
            newer=newer.cast(pl.Float64).log1p(),
        )
        .cast(pl.Float64)
        .fill_null(0)
    )
