"""The alert flow: what is odd in users' money, told once, the best of each week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
from prefect import flow

from flows.champions import alerts_in_use
from flows.orchestration import DATABASE_RETRIES, publish_table, task
from flows.progress import report
from warehouse.engine import open_warehouse
from warehouse.repositories import alerts, done_days, forecasts
from warehouse.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from models_ml.anomalies.choose import AlertModel
    from warehouse.repositories.done_days import DueUser

WORK = "alerts"
USERS_AT_ONCE = 500
#: What is less probable than that is not kept.
LEAST_PROBABILITY = 0.3


@dataclass(frozen=True, slots=True)
class Raised:
    """What a run did."""

    users: int
    alerts: int
    shown: int


@flow(name="raise-alerts", description="Look for odd purchases, missing income and a pace above the plan.")
def raise_alerts() -> Raised:
    """Look at everybody whose day or facts have moved on."""
    return alert_users(Settings())


@task(name="raise alerts", **DATABASE_RETRIES)
def alert_users(settings: Settings) -> Raised:
    """Find alerts of users who are due, some hundreds at a time."""
    found = shown = 0
    model = alerts_in_use(settings)
    with open_warehouse(settings) as warehouse, warehouse.locked(WORK):
        with warehouse.transaction() as connection:
            if not forecasts.has_marts(connection):
                return Raised(0, 0, 0)
            due = done_days.due_users(connection, WORK, version=model.version)
        for start in range(0, len(due), USERS_AT_ONCE):
            block = due[start : start + USERS_AT_ONCE]
            with warehouse.transaction() as connection:
                rows = alert_block(connection, block, model)
                done_days.record_done(connection, WORK, block)
            found += rows.height
            shown += int(rows["is_shown"].sum())
            report("looking", min(start + USERS_AT_ONCE, len(due)), len(due))
    result = Raised(len(due), found, shown)
    publish_table("alerts", [{"users": result.users, "found": found, "shown": shown}], "Alerts found now")
    return result


def alert_block(connection: Connection, block: Sequence[DueUser], model: AlertModel) -> pl.DataFrame:
    """The alerts of some users as they are by now, in place of what was found before."""
    from models_ml.anomalies.choose import chosen, weighed  # noqa: PLC0415 - polars' heavier parts
    from models_ml.anomalies.detect import candidates  # noqa: PLC0415

    ids = [user.user_id for user in block]
    facts = alerts.purchase_facts(connection, ids)
    found = pl.concat([candidates(facts, model.everybody), alerts.pace_candidates(connection, ids)])
    rows = keyed(chosen(weighed(found, model.kinds, alerts.opinions(connection, ids))))
    rows = rows.filter(pl.col("is_shown") | (pl.col("probability") >= LEAST_PROBABILITY))
    rows = rows.join(facts.group_by("user").agg(pl.col("currency").first()), on="user")
    alerts.replace_alerts(connection, ids, rows)
    return rows


def keyed(rows: pl.DataFrame) -> pl.DataFrame:
    """Alerts with keys of facts; of two that say the same the occurrence tells them apart."""
    from models_ml.anomalies.choose import alert_key  # noqa: PLC0415

    same = ["user", "kind", "day", "amount", "merchant"]
    rows = rows.sort("user", "day", "ref").with_columns(occurrence=pl.int_range(pl.len()).over(same))
    keys = [
        alert_key(row["kind"], row["day"], row["amount"], row["merchant"] or "", row["occurrence"])
        for row in rows.select(*same, "occurrence").iter_rows(named=True)
    ]
    return rows.with_columns(alert_key=pl.Series(keys, dtype=pl.String))
