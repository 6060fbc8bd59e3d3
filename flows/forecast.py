"""The forecast flow: spending and balance of the days ahead, for users whose day or facts have moved on."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from prefect import flow

from flows.champions import forecaster_in_use
from flows.orchestration import DATABASE_RETRIES, in_flow_run, publish_plot, publish_table, task
from flows.progress import report
from warehouse.engine import open_warehouse
from warehouse.repositories import done_days, forecasts
from warehouse.repositories.done_days import DueUser
from warehouse.settings import Settings

if TYPE_CHECKING:
    from models_ml.forecaster.calibrate import Calibration, Trial
    from models_ml.forecaster.history import History
    from models_ml.forecaster.model import ForecastModel
    from models_ml.forecaster.predict import Forecast
    from models_ml.forecaster.scheduled import Due, Series
    from warehouse.engine import Warehouse

WORK = "forecast"
CALIBRATION = "forecast-calibration"
#: Users forecast at a time: 20 MB of features.
USERS_AT_ONCE = 200
#: Users by whose past the bands are set, when there are at least ENOUGH_USERS.
CALIBRATION_USERS = 500
ENOUGH_USERS = 20
#: Silence after which the past says nothing of the days ahead.
MOST_SILENT_DAYS = 60


@dataclass(frozen=True, slots=True)
class Forecasted:
    """What a run did."""

    users: int
    days: int
    silent: int  # users with too little, or too old, a history
    model_version: str


@flow(name="forecast", description="Forecast spending and balance of users whose day or facts have moved on.")
def forecast() -> Forecasted:
    """Forecast what is due, and give how much that was."""
    return forecast_users(Settings())


@flow(
    name="calibrate-forecasts", description="Set the width of the forecasts' bands by where they fell before."
)
def calibrate_forecasts() -> str | None:
    """Calibrate on this platform's users, and give the version; None while there are too few."""
    return calibrate_on_users(Settings())


@task(name="forecast users", **DATABASE_RETRIES)
def forecast_users(settings: Settings) -> Forecasted:
    """Forecast every user who is due, some hundreds at a time."""
    with open_warehouse(settings) as warehouse, warehouse.locked(WORK):
        with warehouse.transaction() as connection:
            if not forecasts.has_marts(connection):
                return Forecasted(0, 0, 0, "")
        model = current_model(warehouse)
        with warehouse.transaction() as connection:
            due = done_days.due_users(connection, WORK, version=model.version)
        days = told = 0
        for start in range(0, len(due), USERS_AT_ONCE):
            block = due[start : start + USERS_AT_ONCE]
            rows = forecast_block(warehouse, block, model)
            if not told:
                show_forecasts(rows)
            days += rows.height
            told += rows["user_id"].n_unique()
            report("forecasting", min(start + USERS_AT_ONCE, len(due)), len(due))
    result = Forecasted(told, days, len(due) - told, model.version)
    publish_table("forecasts", [vars_of(result)], "Forecasts made now")
    return result


def show_forecasts(rows: pl.DataFrame) -> None:
    """The spending ahead of the first users of a run as a plot on its page."""
    if rows.is_empty() or not in_flow_run():
        return
    from flows.evaluation.forecast_plots import draw_ahead  # noqa: PLC0415 - matplotlib

    with tempfile.TemporaryDirectory() as scratch:
        plot = Path(scratch) / "ahead.png"
        draw_ahead(rows, plot)
        publish_plot("forecast-ahead", plot, "Spending ahead, in what each is likely to spend in 30 days")


def forecast_block(warehouse: Warehouse, block: Sequence[DueUser], model: ForecastModel) -> pl.DataFrame:
    """Forecast some users and keep it, in one transaction."""
    ids = [user.user_id for user in block]
    with warehouse.transaction() as connection:
        known = forecasts.spendable_days(connection, ids)
        rows = forecast_rows(known, block, model, forecasts.known_series(connection, ids))
        forecasts.replace_forecasts(connection, ids, rows)
        done_days.record_done(connection, WORK, block)
    return rows


def forecast_rows(
    known: pl.DataFrame,
    users: Sequence[DueUser],
    model: ForecastModel,
    series: tuple[pl.DataFrame, pl.DataFrame] | None = None,
) -> pl.DataFrame:
    """The rows of ml.forecast_days for these users, from their days and series (forecasts.known_series)."""
    from models_ml.forecaster.predict import forecasts as predicted  # noqa: PLC0415 - numpy, wanted only here

    today = {str(user.user_id): user.today for user in users}
    currency = dict(known.select("user_id", "currency").unique().iter_rows())
    recent = [
        history
        for history in user_histories(known, series)
        if today[history.user] - history.last_day <= timedelta(days=MOST_SILENT_DAYS)
    ]
    parts = [
        _frame(each, history, currency[each.user], model.version).filter(
            pl.col("forecast_date") > min(today[each.user], history.last_day)
        )
        for each, history in _paired(predicted(recent, model), recent)
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=_SCHEMA)


def _paired(found: Sequence[Forecast], histories: Sequence[History]) -> list[tuple[Forecast, History]]:
    by_user = {history.user: history for history in histories}
    return [(each, by_user[each.user]) for each in found]


def user_histories(
    days: pl.DataFrame, series: tuple[pl.DataFrame, pl.DataFrame] | None = None
) -> list[History]:
    """Daily series of users up to their last known day, from rows in order (forecasts.DAY_COLUMNS).

    ``series`` are the days on which something came again, and on which it or something entered is due.
    """
    import numpy as np  # noqa: PLC0415

    from models_ml.forecaster.history import History  # noqa: PLC0415

    came, due = series or (None, None)
    times = {} if came is None else came.partition_by("user_id", as_dict=True)
    dues = {} if due is None else due.partition_by("user_id", as_dict=True)
    found = []
    for (user,), rows in days.group_by("user_id", maintain_order=True):
        first = rows["cash_date"][0]
        place = (rows["cash_date"] - first).dt.total_days().to_numpy()
        spent, flow_ = np.zeros(place[-1] + 1), np.zeros(place[-1] + 1)
        spent[place], flow_[place] = rows["spent_minor"].to_numpy(), rows["flow_minor"].to_numpy()
        balance = rows["balance_minor"][-1]
        mine = _known_series(first, len(spent), times.get((user,)), dues.get((user,)))
        found.append(
            History(str(user), first, spent, flow_, None if balance is None else float(balance), *mine)
        )
    return found


def _known_series(
    first: date, size: int, times: pl.DataFrame | None, dues: pl.DataFrame | None
) -> tuple[tuple[Series, ...], tuple[Due, ...]]:
    """A user's series and entered days by the days of the history that begins with ``first``."""
    import numpy as np  # noqa: PLC0415

    from models_ml.forecaster.scheduled import Due, Series  # noqa: PLC0415

    place = (pl.col("day") - first).dt.total_days().alias("place")
    coming = pl.DataFrame() if dues is None else dues.with_columns(place).filter(pl.col("place") >= size)
    entered = () if coming.is_empty() else coming.filter(pl.col("series_id") == "").iter_rows(named=True)
    by_series = {} if coming.is_empty() else coming.partition_by("series_id", as_dict=True)
    found = []
    past = pl.DataFrame() if times is None else times.with_columns(place).filter(pl.col("place") < size)
    parts = {} if past.is_empty() else past.partition_by("series_id", as_dict=True, maintain_order=True)
    for key, rows in parts.items():
        ahead = by_series.get(key)
        found.append(
            Series(
                days=rows["place"].to_numpy().astype(np.int64),
                amounts=rows["amount_minor"].cast(pl.Float64).to_numpy(),
                is_spent=bool(rows["is_spent"][0]),
                due=np.zeros(0, dtype=np.int64)
                if ahead is None
                else ahead["place"].to_numpy().astype(np.int64),
                expected=None if ahead is None else float(ahead["amount_minor"][0]),
            )
        )
    return tuple(found), tuple(
        Due(int(row["place"]), float(row["amount_minor"]), bool(row["is_spent"])) for row in entered
    )


_SCHEMA = pl.Schema(
    {
        "user_id": pl.String,
        "forecast_date": pl.Date,
        "known_until": pl.Date,
        **{
            f"{what}_p{level}_minor": pl.Int64
            for what in ("spent", "spent_until", "balance")
            for level in (10, 50, 90)
        },
        "currency": pl.String,
        "model_version": pl.String,
    }
)


def _frame(each: Forecast, history: History, currency: str, version: str) -> pl.DataFrame:
    quantities = {"spent": each.day, "spent_until": each.spent}
    columns: dict[str, Any] = {
        f"{what}_p{level}_minor": values[:, number].round()
        for what, values in quantities.items()
        for number, level in enumerate((10, 50, 90))
    }
    balance = each.balance
    for number, level in enumerate((10, 50, 90)):
        columns[f"balance_p{level}_minor"] = (
            None if balance is None else (balance + each.moved[:, number]).round()
        )
    return (
        pl.DataFrame({"forecast_date": each.days})
        .with_columns(
            user_id=pl.lit(each.user),
            known_until=pl.lit(history.last_day),
            currency=pl.lit(currency),
            model_version=pl.lit(version),
            **{
                name: pl.lit(None, pl.Int64) if values is None else pl.Series(values).cast(pl.Int64)
                for name, values in columns.items()
            },
        )
        .select(_SCHEMA.names())
        .cast(_SCHEMA)
    )


@task(name="calibrate forecasts", **DATABASE_RETRIES)
def calibrate_on_users(settings: Settings) -> str | None:
    """Backtest some hundred users and keep where the truth fell; None while there are too few of them."""
    from models_ml.forecaster.calibrate import calibration  # noqa: PLC0415
    from models_ml.forecaster.predict import trials_of  # noqa: PLC0415

    model = forecaster_in_use(settings)
    with open_warehouse(settings) as warehouse, warehouse.locked(CALIBRATION):
        with warehouse.transaction() as connection:
            if not forecasts.has_marts(connection):
                return None
            users = forecasts.sampled_users(connection, CALIBRATION_USERS)
            days = forecasts.spendable_days(connection, users)
            series = forecasts.known_series(connection, users)
        tried = [trials_of(history, model, step=30) for history in user_histories(days, series)]
        if sum(map(bool, tried)) < ENOUGH_USERS:
            return None
        table = calibration([trial for trials in tried for trial in trials], model.calibration)
        document = {target: values.round(5).tolist() for target, values in table.items()}
        version = f"{model.version}+{days['cash_date'].max()!s}"
        with warehouse.transaction() as connection:
            forecasts.keep_parameters(connection, CALIBRATION, version, document)
        show_calibration(warehouse, version, [trial for trials in tried for trial in trials], model, table)
    publish_table("calibration", [{"version": version, "users": len(tried)}], "Bands set by users' own past")
    return version


def show_calibration(
    warehouse: Warehouse, version: str, trials: Sequence[Trial], model: ForecastModel, table: Calibration
) -> None:
    """How often bands held before and with the new calibration, as a plot in Prefect and MLflow."""
    from flows.evaluation.forecast_plots import draw_calibration, held  # noqa: PLC0415 - matplotlib
    from flows.models import tracking_uri  # noqa: PLC0415 - the registry
    from models_ml import registry  # noqa: PLC0415

    settings = warehouse.settings
    before, after = held(trials, model), held(trials, model.calibrated_by(table))
    with tempfile.TemporaryDirectory() as scratch:
        plot = Path(scratch) / "calibration.png"
        draw_calibration(before, after, plot)
        publish_plot("forecast-calibration", plot, "How often the 80 % band held, by days ahead")
        registry.note_run(
            model.name,
            f"calibration {version}",
            {f"coverage_{target}": float(each.mean()) for target, each in after.items()},
            [plot],
            tracking_uri=tracking_uri(settings, warehouse.server),
            artifact_root=settings.folder("mlflow"),
        )


def current_model(warehouse: Warehouse) -> ForecastModel:
    """The champion's trees with the bands that this platform's users showed, where they were measured."""
    import numpy as np  # noqa: PLC0415

    model = forecaster_in_use(warehouse.settings)
    with warehouse.transaction() as connection:
        kept = forecasts.latest_parameters(connection, CALIBRATION)
    if kept is None or not kept[0].startswith(model.version):
        return model
    version, document = kept
    table = {target: np.array(values) for target, values in document.items()}
    return replace(model.calibrated_by(table), version=version)


def vars_of(result: Forecasted) -> dict[str, int | str]:
    """What a run did as a row of a table."""
    return {
        "users": result.users,
        "days": result.days,
        "silent": result.silent,
        "model": result.model_version,
    }
