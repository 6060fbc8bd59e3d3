"""The cohort flows: clusters of users by month, their drift, and the month's figures of cohorts, once."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from prefect import flow

from flows.models import tracking_uri
from flows.orchestration import DATABASE_RETRIES, publish_markdown, publish_plot, publish_table, task
from models_ml import registry
from warehouse.engine import open_warehouse
from warehouse.repositories import cohorts, forecasts
from warehouse.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from models_ml.clusters.model import ClusterModel

CLUSTERS = "clusters"
#: Fewer people are no population; reference households stand in for their peers then.
ENOUGH_PEOPLE = 60
#: Months whose money is looked at.
WINDOW_MONTHS = 6
#: Months whose drift is drawn.
SHOWN_MONTHS = 24
CLUSTER_PLOT = "clusters.png"
#: Income bands by the ratio to the median income of the same currency.
BANDS = ((0.75, "lower"), (1.5, "middle"))
MEASURES = ("spent_to_income", "saving_rate", "plan_kept", "spent_to_median")
#: Shares of people: who still brings purchases is retained.
SHARES_OF_PEOPLE = ("is_active",)


@dataclass(frozen=True, slots=True)
class Clustered:
    """What a run did."""

    month: str
    people: int
    clusters: int
    version: str
    mean_drift: float


@flow(name="cluster-users", description="Find which kinds of money life there are, and who leads which.")
def cluster_users() -> Clustered | None:
    """Cluster the last complete month and show it; None while there are too few people."""
    settings, month = Settings(), last_complete_month(date.today())  # noqa: DTZ011 - months of all zones
    clustered = cluster_month(settings, month)
    if clustered is not None:
        show_clusters(settings, month)
    return clustered


@flow(name="release-cohorts", description="Release the last month's figures of cohorts, once.")
def release_cohorts() -> int:
    """Release what may be told of the last complete month, and give how many figures that is."""
    return release_month(Settings(), last_complete_month(date.today()))  # noqa: DTZ011


def last_complete_month(today: date) -> date:
    """The first day of the month before; on a month's second day all time zones are in it."""
    return months_before((today - timedelta(days=1)).replace(day=1), 1)


def months_before(month: date, count: int) -> date:
    """The first day of an earlier month."""
    number = month.year * 12 + month.month - 1 - count
    return date(number // 12, number % 12 + 1, 1)


@task(name="cluster month", **DATABASE_RETRIES)
def cluster_month(settings: Settings, month: date) -> Clustered | None:
    """Assign everybody to the nearest cluster, of a model that is fitted where there is none yet."""
    from models_ml.clusters.features import features, halves  # noqa: PLC0415 - numpy, wanted only here

    with open_warehouse(settings) as warehouse, warehouse.locked(CLUSTERS):
        with warehouse.transaction() as connection:
            if not forecasts.has_marts(connection):
                return None
            months = _window(connection, month)
            now = features(months)
            before = features(_window(connection, months_before(month, 1)))
            if now.height < ENOUGH_PEOPLE:
                return None
            model = _model(connection, now, halves(months))
            members = model.assign(now).join(model.drift(before, now), on="user", how="left")
            cohorts.replace_members(connection, month, _rows(members, now), model.version)
        drift = members["drift"].mean()
        result = Clustered(
            str(month),
            now.height,
            len(model.centres),
            model.version,
            round(float(drift or 0.0), 3),  # type: ignore[arg-type]
        )
    publish_table("clusters", told(model), f"Clusters of {month}")
    publish_markdown("cluster-drift", f"People moved {result.mean_drift} on average in {month}.", "Drift")
    return result


@task(name="show clusters", **DATABASE_RETRIES)
def show_clusters(settings: Settings, month: date) -> None:
    """Clusters and drift as plots on the run's page and in MLflow, there with the model's version."""
    from flows.evaluation.cluster_plots import draw_clusters, draw_drift  # noqa: PLC0415 - matplotlib
    from models_ml.clusters.features import features  # noqa: PLC0415
    from models_ml.clusters.model import ClusterModel, save  # noqa: PLC0415

    with open_warehouse(settings) as warehouse, tempfile.TemporaryDirectory() as scratch:
        with warehouse.transaction() as connection:
            kept = forecasts.latest_parameters(connection, CLUSTERS)
            people = features(_window(connection, month))
            drifts = cohorts.drift_by_month(connection, SHOWN_MONTHS)
        if kept is None:
            return
        model = ClusterModel.of(kept[1])
        folder, drift_plot = Path(scratch) / CLUSTERS, Path(scratch) / "drift.png"
        save(model, folder)
        draw_clusters(model, people, folder / CLUSTER_PLOT)
        draw_drift(drifts, drift_plot)
        publish_plot("clusters-plot", folder / CLUSTER_PLOT, f"Clusters of {month}")
        publish_plot("cluster-drift-plot", drift_plot, "How far people moved, by month")
        uri, artifacts = tracking_uri(settings, warehouse.server), settings.folder("mlflow")
        registry.register(folder, tracking_uri=uri, artifact_root=artifacts)
        figures = {
            "people": float(people.height),
            "mean_drift": float(drifts[-1][2] or 0.0),
            "changed": drifts[-1][3],
        }
        registry.note_run(
            CLUSTERS, f"drift of {month}", figures, [drift_plot], tracking_uri=uri, artifact_root=artifacts
        )


def _window(connection: Connection, month: date) -> pl.DataFrame:
    return cohorts.user_months(connection, months_before(month, WINDOW_MONTHS - 1), months_before(month, -1))


def _model(
    connection: Connection, people: pl.DataFrame, halves: tuple[pl.DataFrame, pl.DataFrame]
) -> ClusterModel:
    """The clusters that were found first stay, so that a person's move means something."""
    from models_ml.clusters.model import ClusterModel, fit, name  # noqa: PLC0415

    kept = forecasts.latest_parameters(connection, CLUSTERS)
    if kept is not None:
        return ClusterModel.of(kept[1])
    model = fit(people, halves)
    names = [
        {language: name(model, number, language) for language in ("en", "bg")}
        for number in range(len(model.sizes))
    ]
    forecasts.keep_parameters(connection, CLUSTERS, model.version, {**model.as_document(), "names": names})
    return model


def _rows(members: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    from models_ml.clusters.features import NAMES  # noqa: PLC0415

    figures = [
        cohorts.as_json({name: round(row[name], 5) for name in NAMES}) for row in people.rows(named=True)
    ]
    told_ = people.select("user").with_columns(features=pl.Series(figures, dtype=pl.String))
    return members.join(told_, on="user").select(
        pl.col("user").alias("user_id"), "cluster", "distance", "drift", "features"
    )


def told(model: ClusterModel) -> list[dict[str, object]]:
    """Clusters as rows of a table."""
    from models_ml.clusters.model import name  # noqa: PLC0415

    return [
        {"cluster": number, "people": size, "name": name(model, number), "name_bg": name(model, number, "bg")}
        for number, size in enumerate(model.sizes)
    ]


@task(name="release month", **DATABASE_RETRIES)
def release_month(settings: Settings, month: date) -> int:
    """Release figures of a month; one that was released stays as it is, whoever joined or left since."""
    from models_ml.clusters.cohorts import release  # noqa: PLC0415

    with (
        open_warehouse(settings) as warehouse,
        warehouse.locked("cohort-release"),
        warehouse.transaction() as connection,
    ):
        if not forecasts.has_marts(connection) or cohorts.is_released(connection, month):
            return 0
        people = grouped(cohorts.consenting_people(connection, month))
        secret = settings.derived_key("cohort noise").encode()
        figures = release(people, MEASURES, SHARES_OF_PEOPLE, month, secret)
        added = cohorts.add_release(connection, month, figures)
        cohorts.add_members(connection, month, _members(people))
    publish_table("cohorts", figures.to_dicts(), f"Figures of cohorts of {month}")
    return added


def _members(people: pl.DataFrame) -> pl.DataFrame:
    """In which groups each person counted, and their own figures."""
    from models_ml.clusters.cohorts import DIMENSIONS, cohort_keys  # noqa: PLC0415

    names = (*MEASURES, *SHARES_OF_PEOPLE)
    return pl.DataFrame(
        [
            {
                "user_id": row["user"],
                "cohorts": cohorts.as_json(cohort_keys({each: str(row[each]) for each in DIMENSIONS})),
                "figures": cohorts.as_json({each: row[each] for each in names}),
            }
            for row in people.rows(named=True)
        ],
        schema={"user_id": pl.String, "cohorts": pl.String, "figures": pl.String},
    )


def grouped(people: pl.DataFrame) -> pl.DataFrame:
    """People with what they are grouped by, as texts, and MEASURES that know no currency."""
    income, spent = pl.col("income").cast(pl.Float64), pl.col("spent").cast(pl.Float64)
    relative = income / income.median().over("currency").clip(1)
    band = pl.lit("higher")
    for limit, word in reversed(BANDS):
        band = pl.when(relative < limit).then(pl.lit(word)).otherwise(band)
    return people.with_columns(
        income_band=band,
        cluster=pl.col("cluster").cast(pl.String).fill_null("none"),
        spent_to_income=pl.when(income > 0).then(spent / income),
        saving_rate=pl.when(income > 0).then((1 - spent / income).clip(-1, 1)),
        spent_to_median=spent / spent.median().over("currency").clip(1),
        is_active=pl.col("is_active").cast(pl.Float64),
    )


def row_of(result: Clustered) -> dict[str, object]:
    """What a run did as a row of a table."""
    return asdict(result)
