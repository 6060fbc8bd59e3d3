"""Which two entries of an account may be one real event, and what speaks for it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

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
#: What a posted amount may be of its pending one: a fuel hold far above, a tip of a third on top.
LEAST_OF_HOLD, MOST_OF_HOLD = 0.02, 1.6
#: A different amount is only looked at when the texts agree this far, or the amounts nearly do.
RELATED_TEXT, RELATED_AMOUNT = 0.55, 0.07
#: Texts so alike make a partner a likely one; a fuel pump's hold is for a round amount.
LIKELY_TEXT, ROUND_MINOR = 0.15, 500
#: Most pending lines are posted within a few days.
NEAR_DAYS = 5

REPEAT, SETTLEMENT = "repeat", "settlement"
#: What is measured of a pair, in the order of the weights; see measure().
FEATURES = {
    REPEAT: (
        "days",
        "same_day",
        "usual_gap",
        "same_text",
        "text_distance",
        "same_reference",
        "other_reference",
        "value_day_agrees",
        "both_cover",
        "one_covers",
        "none_covers",
        "rivals",
        "alone",
        "same_format",
        "same_balance",
        "by_hand",
        "both_cover_and_distance",
        "none_covers_and_days",
    ),
    SETTLEMENT: (
        "days",
        "goes_back",
        "late",
        "exact",
        "only_exact",
        "only_exact_late",
        "same_amount",
        "amount_distance",
        "text_distance",
        "only_near",
        "tip_only_near",
        "round_hold_only_near",
        "near_elsewhere_exact",
        "round_hold",
        "value_day_agrees",
        "rivals",
        "still_pending",
        "posted_file_covers",
        "distance_and_amount",
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
        once = pl.col("row") < pl.col("row_right")
        alike = pl.col("is_pending") == pl.col("is_pending_right")
        near = _near(numbered, numbered, -REPEAT_DAYS, REPEAT_DAYS, "amount_minor").filter(once & alike)
    return _described(near, kind, coverage)


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


def _described(pairs: pl.DataFrame, kind: str, coverage: pl.DataFrame) -> pl.DataFrame:
    """The pairs with everything that is measured of their kind."""
    described = _with_coverage(_with_texts(pairs), coverage)
    if kind == SETTLEMENT:
        described = described.filter(
            (pl.col("text_distance") <= 1 - RELATED_TEXT) | (pl.col("amount_distance") <= RELATED_AMOUNT)
        )
    described = _with_usual_gap(_with_rivals(described, kind)).with_columns(
        distance_and_amount=pl.col("text_distance") * pl.col("amount_distance"),
        only_exact_late=pl.col("only_exact") * pl.col("late"),
        tip_only_near=pl.col("tip") & pl.col("only_near"),
        round_hold_only_near=pl.col("round_hold") & pl.col("only_near"),
        both_cover_and_distance=pl.col("both_cover") * pl.col("text_distance"),
        none_covers_and_days=pl.col("none_covers") * pl.col("days"),
    )
    return described.select(
        left="row", right="row_right", **{name: pl.col(name).cast(pl.Float64) for name in FEATURES[kind]}
    )


def _with_texts(pairs: pl.DataFrame) -> pl.DataFrame:
    """What two entries say of themselves: days, texts, references, amounts."""
    texts = [
        pairs[name].fill_null("").str.to_lowercase().to_list()
        for name in ("description", "description_right")
    ]
    likeness = cpdist(*texts, scorer=fuzz.token_set_ratio, dtype=np.float64) / 100
    ratio = pl.col("amount_minor_right") / pl.col("amount_minor")
    gap = pl.col("day_right") - pl.col("day")
    valued = pl.any_horizontal(
        pl.col("value_date") == pl.col("booked_date_right"),
        pl.col("value_date_right") == pl.col("booked_date"),
        pl.col("value_date") == pl.col("value_date_right"),
    ).fill_null(value=False)
    return pairs.with_columns(
        days=gap.abs(),
        same_day=gap == 0,
        goes_back=gap < 0,
        late=(gap - 7).clip(0),
        text_distance=1 - pl.Series(likeness, dtype=pl.Float64),
        same_text=pl.Series(likeness, dtype=pl.Float64) == 1,
        same_reference=(pl.col("bank_reference") == pl.col("bank_reference_right")).fill_null(value=False),
        other_reference=(pl.col("bank_reference") != pl.col("bank_reference_right")).fill_null(value=False),
        same_balance=(pl.col("balance_minor") == pl.col("balance_minor_right")).fill_null(value=False),
        value_day_agrees=valued & (gap != 0),
        same_amount=ratio == 1,
        amount_distance=ratio.log().abs(),
        tip=ratio.is_between(1, 1.35, closed="right"),
        hold=ratio < 1 - RELATED_AMOUNT,
        round_hold=(ratio < 1 - RELATED_AMOUNT) & (pl.col("amount_minor") % ROUND_MINOR == 0),
        by_hand=(pl.col("files").list.len() == 0) | (pl.col("files_right").list.len() == 0),
    )


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


def _with_rivals(pairs: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Which other partners the two have: an exact one, and near ones, in amount, text and days.

    Two by two can be told apart in any order, one by two cannot: ``rivals`` is how many more likely partners
    one of the two has than the other, as a logarithm.
    """
    alike = pl.col("text_distance") < LIKELY_TEXT
    near = alike & (pl.col("days") <= NEAR_DAYS)
    known = pairs.with_columns(exact=alike & pl.col("same_amount"), near=near)
    likely = _partners(known, known["exact"] if kind == SETTLEMENT else known["row"] >= 0)
    exact, close = _partners(known, known["exact"]), _partners(known, known["near"])
    return known.with_columns(
        rivals=((likely[0] - likely[1]).abs() + 1).log(),
        alone=(likely[0] <= 1) & (likely[1] <= 1),
        only_exact=known["exact"] & (exact[0] == 1) & (exact[1] == 1),
        only_near=known["near"] & ~known["exact"] & (close[0] == 1) & (close[1] == 1),
        near_elsewhere_exact=~known["exact"] & ((exact[0] > 0) | (exact[1] > 0)),
    )


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
