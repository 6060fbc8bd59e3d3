"""Forecasts on the workers of a Dask cluster: the blocks of users that one process does in turn, at once.

Every block is read, reckoned and written in a transaction of its own, so who does it changes nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from prefect import flow

from flows.forecast import WORK, Forecasted, current_model, forecast_block, vars_of
from flows.orchestration import DATABASE_RETRIES, publish_table, task
from warehouse.engine import open_warehouse
from warehouse.errors import ActionableError
from warehouse.repositories import done_days, forecasts
from warehouse.repositories.done_days import DueUser
from warehouse.settings import Settings

if TYPE_CHECKING:
    from prefect.futures import PrefectFuture
    from prefect.task_runners import TaskRunner

#: Users in a block: some seconds of work, so that workers end together.
USERS_A_PART = 100


class DaskMissingError(ActionableError, RuntimeError):
    """The libraries for a cluster are not installed."""


@task(name="forecast part", **DATABASE_RETRIES)
def forecast_part(users: list[DueUser]) -> tuple[int, int]:
    """Forecast a block of users; gives how many were told something, and of how many days."""
    with open_warehouse(Settings()) as warehouse:
        rows = forecast_block(warehouse, users, current_model(warehouse))
    return rows["user_id"].n_unique(), rows.height


@flow(name="forecast-spread", description="Forecast who is due, block by block on a Dask cluster.")
def spread_forecasts() -> Forecasted:
    """What the forecast flow does, with its blocks handed to the flow's task runner."""
    with open_warehouse(Settings()) as warehouse, warehouse.locked(WORK):
        with warehouse.transaction() as connection:
            if not forecasts.has_marts(connection):
                return Forecasted(0, 0, 0, "")
        model = current_model(warehouse)
        with warehouse.transaction() as connection:
            due = done_days.due_users(connection, WORK, version=model.version)
        handed = [forecast_part.submit(part) for part in parts(due)]
        told = [each.result() for each in handed]
    users, days = sum(each[0] for each in told), sum(each[1] for each in told)
    result = Forecasted(users, days, len(due) - users, model.version)
    publish_table("forecasts", [vars_of(result)], "Forecasts made now")
    return result


def parts(users: Sequence[DueUser]) -> Iterator[list[DueUser]]:
    """Users in blocks of USERS_A_PART."""
    for start in range(0, len(users), USERS_A_PART):
        yield list(users[start : start + USERS_A_PART])


def forecast_on_dask(workers: int, address: str | None = None) -> Forecasted:
    """Run it on a cluster: the one at ``address``, or so many worker processes of this machine."""
    return spread_forecasts.with_options(task_runner=dask_runner(workers, address))()


def dask_runner(workers: int, address: str | None = None) -> TaskRunner[PrefectFuture[Any]]:
    """Prefect's task runner for a cluster."""
    try:
        from prefect_dask.task_runners import DaskTaskRunner  # noqa: PLC0415 - an extra, and a second
    except ImportError as error:
        message = "prefect-dask is not installed: pip install prefect-dask"
        raise DaskMissingError(message) from error
    cluster: dict[str, Any] = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
    runner = DaskTaskRunner(address=address) if address else DaskTaskRunner(cluster_kwargs=cluster)
    return cast("TaskRunner[PrefectFuture[Any]]", runner)
