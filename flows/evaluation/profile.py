"""Measures whether learned rhythms plan the days better than all days alike, on months held back."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from models_ml.profile.fit import DAILY_SCHEMA, Window, add_months, day_weights, fit

#: How many of the last whole months are planned and not learned from.
HELD_BACK = 3


@dataclass(frozen=True)
class ProfileScore:
    """Plans by learned days against plans by equal days, of one category or all of flexible spending.

    Errors are shares of the money: of a day, |planned - spent| summed over days; of the need, |expected for
    the rest of the month - spent in it| averaged over the days, as a share of the month's spending.
    """

    category: str
    months: int
    day_error_flat: float
    day_error_learned: float
    need_error_flat: float
    need_error_learned: float


@dataclass(frozen=True)
class ProfileReport:
    """What an evaluation of profiles found."""

    users: int
    profiles: int
    learned_from: str
    held_back: str
    scores: list[ProfileScore]

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def evaluate_profiles(bank: Path | None, *, users: int, months: int, seed: int) -> ProfileReport:
    """Learn from all but the last months of a generated bank (or of people made now), plan those.

    What a category spends in a month is taken as known, so that the shape alone is measured.
    """
    daily = _spending(bank, users, months, seed)
    last = daily["spent_date"].max()
    if not isinstance(last, date):
        message = "nobody spends anything in this bank"
        raise TypeError(message)
    end = (last + timedelta(days=1)).replace(day=1)
    start = add_months(end, -HELD_BACK)
    learned = Window(min(daily["spent_date"]), start)
    profiles = fit(daily, learned)
    days = _planned(daily, profiles, Window(start, end))
    scores = [_score("all", days.group_by("user_id", "month", "day", maintain_order=True).agg(_SUMS))]
    scores += [
        _score(str(code), part)
        for (code,), part in sorted(days.group_by("category_code"), key=lambda each: str(each[0]))
    ]
    return ProfileReport(
        profiles["user_id"].n_unique(),
        profiles.height,
        f"{learned.start} to {learned.end - timedelta(days=1)}",
        f"{start} to {end - timedelta(days=1)}",
        scores,
    )


_SUMS = pl.col("spent", "flat", "learned").sum()


def _planned(daily: pl.DataFrame, profiles: pl.DataFrame, window: Window) -> pl.DataFrame:
    """A row per user, category and day: spent, planned by equal and by learned days."""
    keys = ["user_id", "category_code", "month"]
    spent = daily.filter(
        pl.col("spent_date").is_between(window.start, window.end, closed="left")
    ).with_columns(month=pl.col("spent_date").dt.truncate("1mo"))
    calendar = pl.DataFrame(
        {"day": pl.date_range(window.start, window.end, closed="left", eager=True)}
    ).with_columns(month=pl.col("day").dt.truncate("1mo"))
    whole = spent.group_by(keys).agg(total=pl.col("spent_minor").sum())
    return (
        whole.join(calendar, on="month")
        .join(
            spent.select(*keys, day="spent_date", spent=pl.col("spent_minor")), on=[*keys, "day"], how="left"
        )
        .join(profiles, on=["user_id", "category_code"])
        .with_columns(pl.col("spent").fill_null(0), weight=day_weights("day"))
        .sort(*keys, "day")
        .with_columns(
            flat=pl.col("total") / pl.len().over(keys),
            learned=pl.col("total") * pl.col("weight") / pl.col("weight").sum().over(keys),
        )
    )


def _score(category: str, days: pl.DataFrame) -> ProfileScore:
    keys = [key for key in ("user_id", "category_code", "month") if key in days.columns]
    days = days.sort(*keys, "day").with_columns(
        (pl.col(plan) - pl.col("spent")).abs().alias(f"{plan}_day") for plan in ("flat", "learned")
    )
    ahead = days.with_columns(
        (pl.col(plan) - pl.col("spent")).cum_sum(reverse=True).over(keys).abs().alias(f"{plan}_need")
        for plan in ("flat", "learned")
    )
    money = float(days["spent"].sum()) or 1.0
    by_day = [float(ahead[f"{plan}_day"].sum()) / money for plan in ("flat", "learned")]
    of_need = [
        float(ahead.group_by(keys).agg(pl.col(f"{plan}_need").mean())[f"{plan}_need"].sum()) / money
        for plan in ("flat", "learned")
    ]
    months = days.select(keys).n_unique()
    return ProfileScore(category, months, *(round(each, 4) for each in (*by_day, *of_need)))


def _spending(bank: Path | None, users: int, months: int, seed: int) -> pl.DataFrame:
    """Daily spending by the truth, of categories that are not bills: bills have a day of their own."""
    from flows.generator import generate  # noqa: PLC0415

    if bank is not None:
        return _of_truth(bank / "truth")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "bank"
        generate(users=users, months=months, seed=seed, out=out)
        return _of_truth(out / "truth")


def _of_truth(truth: Path) -> pl.DataFrame:
    from models_ml.taxonomy import flexible_codes  # noqa: PLC0415

    people = pl.read_parquet(truth / "people.parquet").select(
        "user", pl.col("country", "currency").cast(pl.String)
    )
    return (
        pl.read_parquet(truth / "events.parquet")
        .with_columns(pl.col("category", "currency").cast(pl.String))
        .filter(pl.col("posted") & pl.col("category").is_in(flexible_codes()))
        .join(people, on=["user", "currency"])
        .group_by(user_id="user", cluster="country", category_code="category", spent_date="spent_date")
        .agg(spent_minor=-pl.col("amount_minor").sum())
        .filter(pl.col("spent_minor") > 0)
        .select(pl.col(name).cast(kind) for name, kind in DAILY_SCHEMA.items())
        .sort("user_id", "category_code", "spent_date")
    )
