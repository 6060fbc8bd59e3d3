"""Precision and recall of recurring series on a generated bank, whose truth lists them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from models_ml.recurring.candidates import LINE_SCHEMA
from models_ml.recurring.series import FoundSeries, find_series

#: Of the lines of a found series, and of a true one, the share that both must have to be the same.
SAME = 0.7
#: Regular by their nature, but not listed as series in the truth; found or not, they count as neither.
_UNLISTED = ("card_payment", "interest")
#: The last days of a history, which its forecasts are held against.
_AHEAD_DAYS = 45


@dataclass(frozen=True, slots=True)
class Score:
    """How many true series of a kind were found; precision over all found ones of the same kind."""

    kind: str
    true: int
    found: int
    precision: float | None
    recall: float


@dataclass(frozen=True, slots=True)
class NextScore:
    """How well the next day and amount were foretold, from histories cut before the last weeks."""

    foretold: int
    came: float  # share of the days within 6 days of which something came
    within_1_day: float
    within_3_days: float
    within_range: float  # share of amounts between low and high


@dataclass(frozen=True, slots=True)
class RecurringReport:
    """What ``mita evaluate recurring`` prints."""

    people: int
    lines: int
    series: int  # true ones that came at least twice
    seen_once: int  # came once or never: nothing to find
    found: int
    unlisted: int  # found ones that are card payments, interest, or the other end of a listed one
    precision: float
    recall: float
    scores: tuple[Score, ...]
    next: NextScore
    states: dict[str, Score]  # ended, price change


def bank_lines(bank: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The posted events of a generated bank as LINE_SCHEMA, categories as the model gives them; and truth.

    Truth: transaction_id, series_id, is_listed for lines of series, listed ones and those that are regular
    by their nature.
    """
    from models_ml.categorizer.model import load_folder  # noqa: PLC0415 - scikit-learn's relatives
    from models_ml.categorizer.predict import STANDS, predict  # noqa: PLC0415

    events = pl.read_parquet(bank / "truth" / "events.parquet").filter(pl.col("outcome") == "posted")
    said = predict(
        events["description"],
        events["amount_minor"],
        events["currency"].cast(pl.String),
        events["mcc"],
        model=load_folder(),
    )
    stands = pl.when(said["probability"] >= STANDS)
    sure = stands.then(said["category_code"]).otherwise(pl.lit("uncategorised"))
    lines = events.select(
        pl.col("user").cast(pl.String).alias("user_id"),
        pl.col("event_id").alias("transaction_id"),
        pl.col("account").cast(pl.String).alias("account_id"),
        pl.col("spent_date").alias("date"),
        "amount_minor",
        pl.col("currency").cast(pl.String),
        "description",
        "counterparty",
        sure.alias("category_code"),
    )
    return lines.match_to_schema(LINE_SCHEMA), _truth(events)


def _truth(events: pl.DataFrame) -> pl.DataFrame:
    partner = (
        events.filter(pl.col("series_id").is_not_null() & pl.col("transfer_pair_id").is_not_null())
        .select("transfer_pair_id", pl.col("series_id").alias("partner"))
        .unique("transfer_pair_id")
    )
    kind, account = pl.col("kind").cast(pl.String), pl.col("account").cast(pl.String)
    is_unlisted = kind.is_in(_UNLISTED) | (pl.col("category").cast(pl.String) == "interest_income")
    named = (
        pl.when(pl.col("series_id").is_not_null())
        .then(pl.col("series_id"))
        .when(pl.col("partner").is_not_null())
        .then("other end of " + pl.col("partner"))
        .when(is_unlisted)
        .then(account + " " + kind)
    )
    return (
        events.join(partner, on="transfer_pair_id", how="left")
        .select(
            pl.col("event_id").alias("transaction_id"),
            named.alias("series_id"),
            pl.col("series_id").is_not_null().alias("is_listed"),
        )
        .filter(pl.col("series_id").is_not_null())
    )


def evaluate_recurring(
    bank: Path | None = None, *, users: int = 100, months: int = 24, seed: int = 20_262
) -> RecurringReport:
    """Find the series of a bank (generated anew if None) and compare with its truth."""
    from flows.generator import generate  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        source = bank or Path(folder) / "bank"
        if bank is None:
            generate(users=users, months=months, seed=seed, out=source)
        lines, truth = bank_lines(source)
        series = pl.read_parquet(source / "truth" / "series.parquet")
    return compared(lines, truth, series)


def compared(lines: pl.DataFrame, truth: pl.DataFrame, series: pl.DataFrame) -> RecurringReport:
    """The report on lines whose series are known."""
    found = find_series(lines)
    known = series.select(
        "series_id",
        pl.col("cadence").cast(pl.String),
        pl.col("amount_kind").cast(pl.String).alias("amounts"),
        pl.col("direction").cast(pl.String),
        pl.col("ended_on").is_not_null().alias("has_ended"),
        (pl.col("price_minor").list.len() > 1).alias("has_risen"),
        pl.col("occurrences").list.len().alias("times"),
    )
    pairs = _pairs(found, truth)
    judged = found.series.join(pairs, on="series_id", how="left").with_columns(
        pl.col("is_listed").fill_null(value=True)
    )
    listed = judged.filter("is_listed")
    twice = known.filter(pl.col("times") >= 2).with_columns(  # noqa: PLR2004
        is_found=pl.col("series_id").is_in(listed["true_id"].drop_nulls().to_list())
    )
    scores = [*_scores(twice, listed, "cadence"), *_scores(twice, listed, "direction")]
    scores += [_by_times(twice, *band) for band in ((2, 2), (3, 5), (6, 11), (12, 10_000))]
    scores += _recalls(twice, "amounts")
    return RecurringReport(
        people=lines["user_id"].n_unique(),
        lines=lines.height,
        series=twice.height,
        seen_once=known.height - twice.height,
        found=listed.height,
        unlisted=judged.height - listed.height,
        precision=_share(listed["true_id"].is_not_null()),
        recall=_share(twice["is_found"]),
        scores=tuple(scores),
        next=_next(lines),
        states=_states(listed, known),
    )


def _pairs(found: FoundSeries, truth: pl.DataFrame) -> pl.DataFrame:
    """Found and true series that are the same, one to one: series_id, true_id, is_listed."""
    both = found.occurrences.join(truth.rename({"series_id": "true_id"}), on="transaction_id")
    sizes = truth.group_by(pl.col("series_id").alias("true_id")).len("true_size")
    return (
        both.group_by("series_id", "true_id", "is_listed")
        .len("both")
        .join(found.occurrences.group_by("series_id").len("size"), on="series_id")
        .join(sizes, on="true_id")
        .filter(
            (pl.col("both") >= SAME * pl.col("size"))
            & ((pl.col("both") >= SAME * pl.col("true_size")) | ~pl.col("is_listed"))
        )
        .sort("both", "series_id", descending=[True, False])
        .unique("series_id", keep="first", maintain_order=True)
        .unique(
            pl.when("is_listed").then("true_id").otherwise("series_id"), keep="first", maintain_order=True
        )
        .select("series_id", "true_id", "is_listed")
    )


def _scores(true: pl.DataFrame, listed: pl.DataFrame, by: str) -> Iterator[Score]:
    for kind in sorted(set(true[by]) | set(listed[by])):
        mine, ours = true.filter(pl.col(by) == kind), listed.filter(pl.col(by) == kind)
        precision = _share(ours["true_id"].is_not_null()) if ours.height else None
        yield Score(f"{by}: {kind}", mine.height, ours.height, precision, _share(mine["is_found"]))


def _recalls(true: pl.DataFrame, by: str) -> Iterator[Score]:
    for kind in sorted(set(true[by])):
        mine = true.filter(pl.col(by) == kind)
        yield Score(f"{by}: {kind}", mine.height, int(mine["is_found"].sum()), None, _share(mine["is_found"]))


def _by_times(true: pl.DataFrame, low: int, high: int) -> Score:
    mine = true.filter(pl.col("times").is_between(low, high))
    name = f"came {low} times" if low == high else f"came {low} times or more"
    return Score(name, mine.height, int(mine["is_found"].sum()), None, _share(mine["is_found"]))


def _states(listed: pl.DataFrame, known: pl.DataFrame) -> dict[str, Score]:
    """Of found series, how often it is known that they ended."""
    both = listed.join(known.rename({"series_id": "true_id"}), on="true_id", how="inner", suffix="_true")
    said, true = both["status"] == "ended", both["has_ended"]
    precision = _share(true.filter(said)) if said.any() else None
    ended = Score("ended", int(true.sum()), int(said.sum()), precision, _share(said.filter(true)))
    return {"ended": ended}


def _next(lines: pl.DataFrame) -> NextScore:
    """Cut the last weeks off, foretell them, look."""
    last: date = lines["date"].max()  # type: ignore[assignment]
    cut = last - timedelta(days=_AHEAD_DAYS)
    before = find_series(lines.filter(pl.col("date") <= cut))
    active = before.series.filter(
        (pl.col("status") != "ended") & pl.col("next_date").is_between(cut, last - timedelta(days=6))
    )
    after = lines.filter(pl.col("date") > cut)
    payees = before.occurrences.join(active, on="series_id", how="semi").join(
        before.payees, on="transaction_id"
    )
    who = ["user_id", "currency", "is_in", "payee"]
    keys = payees.group_by("series_id").agg(pl.col(name).first() for name in who)
    came = (
        active.join(keys.select("series_id", "payee", "is_in"), on="series_id")
        .join(_paid(after), on=who)
        .with_columns(
            days=(pl.col("date") - pl.col("next_date")).dt.total_days().abs(),
            far=(pl.col("amount") - pl.col("expected_minor").abs()).abs() / pl.col("expected_minor").abs(),
        )
        .filter(pl.col("days") <= 6)  # noqa: PLR2004
        .sort("far")
        .unique("series_id", keep="first", maintain_order=True)
    )
    low, high = pl.col("low_minor").abs(), pl.col("high_minor").abs()
    inside = came.select(
        pl.col("amount").is_between(pl.min_horizontal(low, high), pl.max_horizontal(low, high))
    )
    return NextScore(
        foretold=active.height,
        came=round(came.height / max(1, active.height), 4),
        within_1_day=_share(came["days"] <= 1),
        within_3_days=_share(came["days"] <= 3),  # noqa: PLR2004
        within_range=_share(inside.to_series()),
    )


def _paid(lines: pl.DataFrame) -> pl.DataFrame:
    from models_ml.recurring.candidates import keyed_lines  # noqa: PLC0415

    return keyed_lines(lines).select(
        "user_id",
        "currency",
        "payee",
        (pl.col("amount_minor") > 0).alias("is_in"),
        "date",
        pl.col("amount_minor").abs().alias("amount"),
    )


def _share(true: pl.Series) -> float:
    return round(float(true.mean() or 0.0), 4) if len(true) else 0.0  # type: ignore[arg-type]
