"""Which two entries of an account may be one real event, and what speaks for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

from models_ml.categorizer.clean import clean_descriptors, romanised
from warehouse.money import currencies

#: An entry: what one or more files list as one and the same line of an account.
ENTRY_SCHEMA = pl.Schema(
    {
        "account_id": pl.String(),
        "entry_id": pl.String(),
        "booked_date": pl.Date(),
        "value_date": pl.Date(),
        "amount_minor": pl.Int64(),
        "is_pending": pl.Boolean(),  # no file shows it as posted
        "description": pl.String(),
        "bank_reference": pl.String(),
        "balance_minor": pl.Int64(),
        "position": pl.Int64(),  # order among the lines of its first file, the earliest first
        "files": pl.List(pl.Int32()),  # places in the coverage; empty for a purchase entered by hand
    }
)
#: A file's part of an account: it holds every posted line from its first to its last day.
COVERAGE_SCHEMA = pl.Schema(
    {
        "account_id": pl.String,
        "file": pl.Int32,  # files in an order that does not depend on when they were imported
        "first_date": pl.Date,
        "last_date": pl.Date,
        "source_format": pl.String,
    }
)
#: Days by which two records of one event differ: booking against value date, a weekend between.
REPEAT_DAYS = 5
#: Days from a pending line to the posted one; hotels and rental cars take the longest.
EARLIEST_POSTING, LATEST_POSTING = -2, 25
#: What a posted amount may be of its pending one: a fuel hold far above, or below a large tank.
LEAST_OF_HOLD, MOST_OF_HOLD = 0.02, 2.5
#: A different amount is only looked at when the texts agree this far, or the amounts nearly do.
RELATED_TEXT, RELATED_AMOUNT = 0.55, 0.07
#: A fuel pump's hold is for a round amount, usually above what is filled.
ROUND_MINOR = 500
#: Most cards are settled within a week, nearly all others within two.
USUAL_POSTING, SLOW_POSTING = 7, 14
#: Two formats' rounding of one foreign amount, on one day only: interest of 10.01 and 10.02 comes daily.
ROUNDING_MINOR, ROUNDED_DAYS, ROUNDED_TEXT = 1, 0, 0.8
#: What stands with a name in one text and not in the other, from so many letters on.
SHORTEST_NAME = 4
#: Numbers as short as these name a shop or a terminal, longer ones a payment, anew each time.
NAMING_NUMBER = r"\b\d{1,4}\b"

#: Names as near as this are one shop's.
SAME_SHOP = 0.15

REPEAT, SETTLEMENT = "repeat", "settlement"
#: What is measured of a pair, in the order of the weights; see _described().
FEATURES = {
    REPEAT: (
        "days",
        "same_day",
        "usual_gap",
        "same_text",
        "text_distance",
        "name_distance",
        "other_numbers",
        "rounded",
        "same_reference",
        "other_reference",
        "value_day_agrees",
        "both_cover",
        "one_covers",
        "none_covers",
        "explained",
        "rivals",
        "alone",
        "same_format",
        "same_balance",
        "by_hand",
        "both_cover_and_distance",
        "none_covers_and_days",
        "explained_and_distance",
    ),
    SETTLEMENT: (
        "days",
        "goes_back",
        "late",
        "very_late",
        "same_amount",
        "near_amount",
        "tip",
        "hold",
        "round_hold",
        "amount_distance",
        "same_text",
        "text_distance",
        "name_distance",
        "value_day_agrees",
        "still_pending",
        "posted_file_covers",
        "same_original",
        "other_original",
        "alone",
        "crowd",
        "distance_and_amount",
        "alone_and_amount",
        "crowd_and_amount",
    ),
}

Matrix = npt.NDArray[np.float64]


def candidate_pairs(entries: pl.DataFrame, coverage: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Pairs of entries (ENTRY_SCHEMA) that may be one event: left, right (row numbers), and the evidence.

    Never two entries of one file: a bank lists an event once. Of a settlement, left is the pending entry.
    """
    numbered = entries.with_row_index("row").with_columns(
        pl.col("row").cast(pl.Int64), pl.col("booked_date").to_physical().cast(pl.Int64).alias("day")
    )
    if kind == SETTLEMENT:
        pending, posted = numbered.filter("is_pending"), numbered.filter(~pl.col("is_pending"))
        near = _near(pending, posted, EARLIEST_POSTING, LATEST_POSTING).filter(_amounts_relate())
    else:
        near = _repeats(numbered)
    return _described(near, kind, coverage, numbered)


def _repeats(numbered: pl.DataFrame) -> pl.DataFrame:
    """Pairs of equal amounts within days, and of amounts that rounding sets apart, within fewer."""
    once = pl.col("row") < pl.col("row_right")
    alike = pl.col("is_pending") == pl.col("is_pending_right")
    equal = _near(numbered, numbered, -REPEAT_DAYS, REPEAT_DAYS, "amount_minor").filter(once & alike)
    off = [
        _near(
            numbered.with_columns(pl.col("amount_minor") + step),
            numbered,
            -ROUNDED_DAYS,
            ROUNDED_DAYS,
            "amount_minor",
        )
        .filter(once & alike)
        .with_columns(pl.col("amount_minor") - step)
        for step in (-ROUNDING_MINOR, ROUNDING_MINOR)
    ]
    return pl.concat([equal, *off])


def measure(pairs: pl.DataFrame, kind: str) -> Matrix:
    """The evidence of pairs of one kind as numbers (pairs x FEATURES[kind])."""
    return pairs.select(FEATURES[kind]).to_numpy() if pairs.height else np.zeros((0, len(FEATURES[kind])))


def _near(left: pl.DataFrame, right: pl.DataFrame, earliest: int, latest: int, *same: str) -> pl.DataFrame:
    """Pairs of one account, ``same`` columns equal, right's day ``earliest`` to ``latest`` after left's.

    Days fall into stretches as wide as the window, so that a pair meets in one of two and no amount that
    comes often makes many pairs of far days.
    """
    width = latest - earliest + 1
    stretch = (pl.col("day") // width).alias("stretch")
    reach = [((pl.col("day") + earliest) // width + step).alias(f"reach{step}") for step in (0, 1)]
    wanted = left.with_columns(pl.concat_list(reach).alias("stretch")).explode("stretch")
    paired = wanted.join(right.with_columns(stretch), on=["account_id", "stretch", *same], how="inner")
    if same:
        paired = paired.with_columns(pl.col(name).alias(f"{name}_right") for name in same)
    gap = pl.col("day_right") - pl.col("day")
    apart = pl.col("files").list.set_intersection("files_right").list.len() == 0
    return paired.filter(gap.is_between(earliest, latest) & apart & (pl.col("row") != pl.col("row_right")))


def _amounts_relate() -> pl.Expr:
    ratio = pl.col("amount_minor_right") / pl.col("amount_minor")
    return (pl.col("amount_minor") != 0) & ratio.is_between(LEAST_OF_HOLD, MOST_OF_HOLD)


def _described(pairs: pl.DataFrame, kind: str, coverage: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """The pairs with everything that is measured of their kind."""
    told = _with_names(_with_texts(pairs))
    if kind == SETTLEMENT:
        told = _with_originals(_with_crowd(told))
    described = _with_coverage(told.filter(_worth_weighing(kind)), coverage)
    if kind == REPEAT:
        described = _with_explained(_with_usual_gap(_with_rivals(described)), coverage, entries)
    described = described.with_columns(_together(kind))
    return described.select(
        left="row", right="row_right", **{name: pl.col(name).cast(pl.Float64) for name in FEATURES[kind]}
    )


def _worth_weighing(kind: str) -> pl.Expr:
    """Amounts that differ have to be explained by alike texts."""
    unlike = pl.min_horizontal("text_distance", "name_distance")
    if kind == SETTLEMENT:
        return (unlike <= 1 - RELATED_TEXT) | (pl.col("amount_distance") <= RELATED_AMOUNT)
    return ~pl.col("rounded") | (unlike <= 1 - ROUNDED_TEXT)


def _together(kind: str) -> list[pl.Expr]:
    """Evidence that counts for more, or for less, beside other evidence."""
    if kind == SETTLEMENT:
        return [
            (pl.col("name_distance") * pl.col("amount_distance")).alias("distance_and_amount"),
            (pl.col("alone") & ~pl.col("same_amount")).alias("alone_and_amount"),
            (pl.col("crowd") * ~pl.col("same_amount")).alias("crowd_and_amount"),
        ]
    return [
        (pl.col("both_cover") * pl.col("name_distance")).alias("both_cover_and_distance"),
        (pl.col("none_covers") * pl.col("days")).alias("none_covers_and_days"),
        (pl.col("explained") * pl.col("name_distance")).alias("explained_and_distance"),
    ]


def _with_texts(pairs: pl.DataFrame) -> pl.DataFrame:
    """What two entries say of themselves: days, references, amounts."""
    ratio = pl.col("amount_minor_right") / pl.col("amount_minor")
    gap = pl.col("day_right") - pl.col("day")
    valued = pl.any_horizontal(
        pl.col("value_date") == pl.col("booked_date_right"),
        pl.col("value_date_right") == pl.col("booked_date"),
        pl.col("value_date") == pl.col("value_date_right"),
    ).fill_null(value=False)
    same_amount = pl.col("amount_minor") == pl.col("amount_minor_right")
    hold = ratio < 1 - RELATED_AMOUNT
    return pairs.with_columns(
        days=gap.abs(),
        same_day=gap == 0,
        goes_back=gap < 0,
        late=(gap - USUAL_POSTING).clip(0),
        very_late=(gap - SLOW_POSTING).clip(0),
        same_reference=(pl.col("bank_reference") == pl.col("bank_reference_right")).fill_null(value=False),
        other_reference=(pl.col("bank_reference") != pl.col("bank_reference_right")).fill_null(value=False),
        same_balance=(pl.col("balance_minor") == pl.col("balance_minor_right")).fill_null(value=False),
        value_day_agrees=valued & (gap != 0),
        same_amount=same_amount,
        rounded=~same_amount,
        near_amount=~same_amount & ratio.is_between(1 - RELATED_AMOUNT, 1 + RELATED_AMOUNT),
        amount_distance=ratio.log().abs(),
        tip=ratio.is_between(1, 1.35, closed="right"),
        hold=hold,
        round_hold=(ratio.log().abs() > RELATED_AMOUNT) & (pl.col("amount_minor") % ROUND_MINOR == 0),
        by_hand=(pl.col("files").list.len() == 0) | (pl.col("files_right").list.len() == 0),
    )


def _with_names(pairs: pl.DataFrame) -> pl.DataFrame:
    """How far two texts differ: as they stand, in the names in them, and in their numbers.

    Texts are compared in plain Latin letters; the name is what is left without processors, card tails,
    dates and references, and one may be cut off where the other goes on.
    """
    sides = ("description", "description_right")
    texts = pl.concat([pairs[side].fill_null("") for side in sides]).unique(maintain_order=True)
    read = pl.DataFrame({"text": texts, "plain": _plain(texts), "name": _plain(clean_descriptors(texts))})
    read = read.with_columns(
        joined=pl.col("name").str.replace_all(" ", ""),
        numbers=pl.col("plain").str.extract_all(NAMING_NUMBER).list.sort().list.join(" "),
        unnumbered=pl.col("plain").str.replace_all(r"\d+", "0"),
    )
    one, other = (
        pairs.select(text=pl.col(side).fill_null("")).join(read, on="text", how="left", maintain_order="left")
        for side in sides
    )
    whole = _likeness(one["plain"], other["plain"], fuzz.token_set_ratio)
    named = _likeness(one["name"], other["name"], fuzz.token_set_ratio)
    cut = _likeness(one["joined"], other["joined"], fuzz.partial_ratio)
    shortest = pl.min_horizontal(one["joined"].str.len_chars(), other["joined"].str.len_chars())
    return pairs.with_columns(
        text_distance=1 - whole,
        same_text=whole == 1,
        shortest=pl.select(shortest).to_series(),
        other_numbers=(one["numbers"] != other["numbers"]) & (one["unnumbered"] == other["unnumbered"]),
        named=named,
        cut=cut,
    ).with_columns(
        name_distance=1
        - pl.when(pl.col("shortest") >= SHORTEST_NAME)
        .then(pl.max_horizontal("named", "cut"))
        .otherwise(1 - pl.col("text_distance"))
    )


def _with_crowd(pairs: pl.DataFrame) -> pl.DataFrame:
    """How many lines of one shop a pending line may have become, and a posted one have been.

    Of a shop that is seen once in a month, another amount days later is the same purchase; of the kiosk at
    the corner it is another one.
    """
    alike = pl.col("name_distance") <= SAME_SHOP
    one, other = _partners(pairs, pairs.select(alike).to_series())
    most = pl.max_horizontal(one, other)
    return pairs.with_columns(alone=alike & (most == 1), crowd=most.clip(1).cast(pl.Float64).log())


def _with_originals(pairs: pl.DataFrame) -> pl.DataFrame:
    """Whether both texts tell the same sum in another currency, as banks write it behind what was bought."""
    sides = ("description", "description_right")
    texts = pl.concat([pairs[side].fill_null("") for side in sides]).unique(maintain_order=True)
    read = pl.DataFrame({"text": texts, "original": _originals(texts)})
    one, other = (
        pairs.select(text=pl.col(side).fill_null("")).join(
            read, on="text", how="left", maintain_order="left"
        )["original"]
        for side in sides
    )
    return pairs.with_columns(
        same_original=(one == other).fill_null(value=False),
        other_original=(one != other).fill_null(value=False),
    )


def _originals(texts: pl.Series) -> pl.Series:
    """The first sum with its currency in each text, like ``45.00 EUR``; null where none is told."""
    found = texts.str.to_uppercase().str.extract_groups(_original()).struct.unnest()
    return found.select(
        original=pl.concat_str(pl.coalesce("sum", "sum_after"), pl.coalesce("before", "after"))
    ).to_series()


@cache
def _original() -> str:
    """A sum in some currency: ``45.00 EUR`` or ``EUR 45,00``."""
    codes = "|".join(sorted(currencies()))
    return rf"\b(?:(?<before>{codes}) ?(?<sum>\d[\d.,]*)|(?<sum_after>\d[\d.,]*) ?(?<after>{codes}))\b"


def _plain(texts: pl.Series) -> pl.Series:
    return romanised(texts.str.to_lowercase().str.normalize("NFKC"))


def _likeness(one: pl.Series, other: pl.Series, scorer: Callable[..., float]) -> pl.Series:
    likeness = cpdist(one.to_list(), other.to_list(), scorer=scorer, dtype=np.float64) / 100
    return pl.Series(likeness, dtype=pl.Float64)


def _with_coverage(pairs: pl.DataFrame, coverage: pl.DataFrame) -> pl.DataFrame:
    """Whether the files of one entry would list the other if it were an event of its own."""
    one = _covers(pairs, coverage, "files", "booked_date_right")
    other = _covers(pairs, coverage, "files_right", "booked_date")
    formats = [
        _formats(pairs, coverage, files).alias(name)
        for files, name in (("files", "formats"), ("files_right", "formats_right"))
    ]
    return pairs.with_columns(
        *formats,
        both_cover=one & other,
        one_covers=one ^ other,
        none_covers=~(one | other),
        still_pending=one,
        posted_file_covers=other,
    ).with_columns(same_format=pl.col("formats").list.set_intersection("formats_right").list.len() > 0)


def _covers(pairs: pl.DataFrame, coverage: pl.DataFrame, files: str, day: str) -> pl.Series:
    """Whether a day lies within, not at the edge of, the days of one of the files."""
    covering = (
        _exploded(pairs, files, "account_id", day)
        .join(coverage, left_on=["account_id", files], right_on=["account_id", "file"], how="inner")
        .filter((pl.col(day) > pl.col("first_date")) & (pl.col(day) < pl.col("last_date")))
    )
    return pl.int_range(pairs.height, eager=True).is_in(covering["pair"].unique().implode())


def _formats(pairs: pl.DataFrame, coverage: pl.DataFrame, files: str) -> pl.Series:
    """The formats of the files of each pair's entry."""
    known = (
        _exploded(pairs, files, "account_id")
        .join(coverage, left_on=["account_id", files], right_on=["account_id", "file"], how="inner")
        .group_by("pair")
        .agg(pl.col("source_format").unique().alias("formats"))
    )
    all_pairs = pl.DataFrame({"pair": pl.int_range(pairs.height, eager=True)})
    return all_pairs.join(known, on="pair", how="left", maintain_order="left")["formats"].fill_null([])


def _exploded(pairs: pl.DataFrame, files: str, *others: str) -> pl.DataFrame:
    numbers = pl.int_range(pairs.height, eager=True).alias("pair")
    return pairs.select(numbers, files, *others).explode(files).drop_nulls(files)


def _with_rivals(pairs: pl.DataFrame) -> pl.DataFrame:
    """How many other partners the two have.

    Two by two can be told apart in any order, one by two cannot: ``rivals`` is how many more partners one of
    the two has than the other, as a logarithm.
    """
    one, other = _partners(pairs, ~pairs["rounded"])
    return pairs.with_columns(
        rivals=((one - other).abs() + 1).log(),
        alone=(one <= 1) & (other <= 1),
    )


def _with_explained(pairs: pl.DataFrame, coverage: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """The share of what only one of two files lists, of days that both cover, that has a partner at all.

    Two exports of one account explain each other's lines. Where they do not (one shows only one card's lines,
    or they are of two accounts), a line that the other lacks need not be in it under another text.
    """
    two_files = ["account_id", "low", "high"]
    known = pairs.with_columns(
        low=pl.min_horizontal("one_file", "other_file"), high=pl.max_horizontal("one_file", "other_file")
    )
    lacking = _lacking(known.select(two_files).drop_nulls().unique(), coverage, entries)
    partnered = pl.concat(
        [known.select(*two_files, pl.col(side).alias("row")) for side in ("row", "row_right")]
    ).unique()
    shares = (
        lacking.join(partnered.with_columns(partnered=1), on=[*two_files, "row"], how="left")
        .group_by(two_files)
        .agg(explained=pl.col("partnered").fill_null(0).mean())
    )
    found = known.join(shares, on=two_files, how="left", maintain_order="left")
    return found.with_columns(pl.col("explained").fill_null(0.0))


def _lacking(two_files: pl.DataFrame, coverage: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """The posted entries (account_id, low, high, row) that only one of two files lists, of days of both."""
    days = coverage.select("account_id", "file", "first_date", "last_date")
    common = two_files
    for side in ("low", "high"):
        common = common.join(days, left_on=["account_id", side], right_on=["account_id", "file"], suffix=side)
    common = common.with_columns(
        pl.max_horizontal("first_date", "first_datehigh").alias("first_date"),
        pl.min_horizontal("last_date", "last_datehigh").alias("last_date"),
    )
    listed = (
        entries.filter(~pl.col("is_pending"))
        .select("account_id", "row", "booked_date", "files", pl.col("files").alias("file"))
        .explode("file")
        .drop_nulls("file")
    )
    only = [
        common.join(listed, left_on=["account_id", mine], right_on=["account_id", "file"]).filter(
            pl.col("booked_date").is_between("first_date", "last_date")
            & ~pl.col("files").list.contains(pl.col(other))
        )
        for mine, other in (("low", "high"), ("high", "low"))
    ]
    return pl.concat([part.select("account_id", "low", "high", "row") for part in only])


def _partners(pairs: pl.DataFrame, chosen: pl.Series) -> tuple[pl.Series, pl.Series]:
    """How many of the chosen pairs each side of each pair is in."""
    among = pairs.filter(chosen)
    counts = pl.concat([among["row"], among["row_right"].alias("row")]).value_counts(name="partners")
    one, other = (
        pairs.select(pl.col(side).alias("row"))
        .join(counts, on="row", how="left", maintain_order="left")["partners"]
        .fill_null(0)
        .cast(pl.Int64)
        for side in ("row", "row_right")
    )
    return one, other


def _with_usual_gap(pairs: pl.DataFrame) -> pl.DataFrame:
    """The share of the other pairs of the same two files whose days lie as far apart.

    A bank that dates one of its formats a day later does so for all lines.
    """
    files = ["account_id", "one_file", "other_file"]
    known = pairs.with_columns(
        one_file=pl.col("files").list.first(),
        other_file=pl.col("files_right").list.first(),
        gap=pl.col("day_right") - pl.col("day"),
    )
    alike = (pl.len().over(*files, "gap") - 1) / pl.len().over(files)
    return known.with_columns(usual_gap=alike)
