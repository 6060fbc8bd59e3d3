"""How stable clusters of people are: under resampling, a month later, and for people who were not there."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import polars as pl

from flows.cohorts import WINDOW_MONTHS, last_complete_month, months_before
from flows.evaluation.cluster_plots import draw_clusters
from models_ml.clusters.features import MONTH_SCHEMA, NAMES, features, halves
from models_ml.clusters.model import Choice, ClusterModel, described, fit, name
from models_ml.taxonomy import categories

_SATURDAY = 6


@dataclass(frozen=True, slots=True)
class ClusterReport:
    """The clusters that were chosen, and how far they can be relied on."""

    people: int
    clusters: int
    stability: float  # bootstrap ARI
    silhouette: float
    stayed_a_month: float  # share of people who are in the same cluster a month later
    agreed_without: float  # ARI with clusters that were found without a third of the people, on that third
    agreed_by_half: float  # ARI of a person's cluster by every other month and by the months between
    mean_drift: float
    reliability: dict[str, float]  # of each figure, between those halves; what it weighs
    names: list[dict[str, object]]
    choices: list[Choice]

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def evaluate_clusters(
    *, users: int = 300, months: int = 9, seed: int = 501, bank: Path | None = None, plot: Path | None = None
) -> ClusterReport:
    """Cluster generated people and try the clusters in three ways."""
    from sklearn.metrics import adjusted_rand_score  # type: ignore[import-untyped]  # noqa: PLC0415

    rows = generated_months(users, months, seed, bank)
    month = last_complete_month(date.fromisoformat(str(rows["month"].max())))
    now, before = (features(_window(rows, each)) for each in (month, months_before(month, 1)))
    one, other = halves(_window(rows, month))
    model = fit(now, (one, other))
    labels, earlier = model.assign(now), model.assign(before)
    both = labels.join(earlier, on="user", suffix="_before")
    part = pl.Series(range(now.height)) % 3 == 0
    without = fit(now.filter(~part), (one, other), choices=[len(model.centres)])
    agreed = adjusted_rand_score(
        labels.filter(part)["cluster"].to_list(), without.assign(now.filter(part))["cluster"].to_list()
    )
    if plot:
        draw_clusters(model, now, plot)
    chosen = next(each for each in model.choices if each.clusters == len(model.centres))
    drift = model.drift(before, now)["drift"].mean()
    return ClusterReport(
        now.height,
        len(model.centres),
        chosen.stability,
        chosen.silhouette,
        round(both.filter(pl.col("cluster") == pl.col("cluster_before")).height / max(both.height, 1), 4),
        round(float(agreed), 4),
        round(_agreed(model, one, other), 4),
        round(float(drift or 0.0), 3),  # type: ignore[arg-type]
        dict(zip(NAMES, model.weights, strict=True)),
        [_told(model, number) for number in range(len(model.centres))],
        model.choices,
    )


def _agreed(model: ClusterModel, one: pl.DataFrame, other: pl.DataFrame) -> float:
    from sklearn.metrics import adjusted_rand_score  # noqa: PLC0415

    both = model.assign(one).join(model.assign(other), on="user", suffix="_other")
    return float(adjusted_rand_score(both["cluster"].to_list(), both["cluster_other"].to_list()))


def _told(model: ClusterModel, number: int) -> dict[str, object]:
    names = {"name": name(model, number), "name_bg": name(model, number, "bg")}
    return {"cluster": number, "people": model.sizes[number], **names, **described(model, number)}


def _window(rows: pl.DataFrame, month: date) -> pl.DataFrame:
    first = months_before(month, WINDOW_MONTHS - 1)
    return rows.filter((pl.col("month") >= first) & (pl.col("month") <= month))


def generated_months(users: int, months: int, seed: int, bank: Path | None) -> pl.DataFrame:
    """What generated people spent and earned, MONTH_SCHEMA."""
    from flows.generator import generate  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        source = bank or Path(folder) / "bank"
        if bank is None:
            generate(users=users, months=months, seed=seed, out=source)
        events = pl.read_parquet(source / "truth" / "events.parquet").filter(pl.col("posted"))
    group = {code: each.group_code for code, each in categories().items()}
    is_fixed = pl.col("series_id").is_not_null()
    spent = pl.when(pl.col("group").is_in(["need", "want"])).then(-pl.col("amount_minor")).otherwise(0)
    return (
        events.with_columns(pl.col("category").cast(pl.String), pl.col("currency").cast(pl.String))
        .with_columns(group=pl.col("category").replace_strict(group, default="want"))
        .filter(pl.col("group").is_in(["need", "want", "income"]))
        .with_columns(spent=spent, month=pl.col("spent_date").dt.truncate("1mo"))
        .group_by("user", "currency", "month", "category", "group")
        .agg(
            pl.col("spent").sum(),
            income=pl.col("amount_minor").filter(pl.col("group") == "income").sum(),
            fixed=pl.col("spent").filter(is_fixed).sum(),
            weekend=pl.col("spent")
            .filter(~is_fixed & (pl.col("spent_date").dt.weekday() >= _SATURDAY))
            .sum(),
            purchases=(pl.col("spent") > 0).sum().cast(pl.Int64),
        )
        .match_to_schema(MONTH_SCHEMA)
    )
