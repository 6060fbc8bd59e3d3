"""The profile flow: on which days people usually spend, so that the plan of a day follows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from prefect import flow

from flows.orchestration import DATABASE_RETRIES, publish_table, task
from warehouse.engine import open_warehouse
from warehouse.repositories import freshness, profiles
from warehouse.settings import Settings

#: How many months of history are looked at.
MONTHS = 24


@dataclass(frozen=True, slots=True)
class Learned:
    """What a run did."""

    users: int
    profiles: int
    changed: int


@flow(name="learn-profiles", description="Learn on which days people usually spend what on what.")
def learn_profiles() -> Learned:
    """Learn anew from the complete months, and say how many profiles changed."""
    return learn_spending_profiles(Settings())


@task(name="learn spending profiles", **DATABASE_RETRIES)
def learn_spending_profiles(settings: Settings, today: date | None = None) -> Learned:
    """Fit profiles to everybody's spending until the month began; within a month they stay as they are."""
    from models_ml.profile.fit import DAILY_SCHEMA, fit, window_before  # noqa: PLC0415 - numpy

    window = window_before(today or datetime.now(UTC).date(), MONTHS)
    with open_warehouse(settings) as warehouse, warehouse.locked("profiles"):
        with warehouse.transaction() as connection:
            if freshness.nothing_built(connection):
                return Learned(0, 0, 0)
            daily = profiles.daily_spending(connection, window.start, window.end, DAILY_SCHEMA)
        found = fit(daily, window)
        with warehouse.transaction() as connection:
            changed = profiles.replace_profiles(connection, found, window.end)
    learned = Learned(found["user_id"].n_unique(), found.height, changed)
    publish_table(
        "profiles",
        [{"users": learned.users, "profiles": learned.profiles, "changed": learned.changed}],
        "Spending profiles",
    )
    return learned
