"""The build flow: renew the marts of the users whose facts or day have moved on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from prefect import flow

from flows.dbt import NodeResult, project_version, run_dbt, start_dbt
from flows.orchestration import DATABASE_RETRIES, publish_table, task
from flows.rates import ensure_rates, missing_rate_advice
from warehouse.engine import open_warehouse
from warehouse.repositories import freshness, rates
from warehouse.repositories.rates import MissingRate
from warehouse.settings import Settings

#: What a refresh runs: the marts of queued users. The first one makes seeds and shared marts as well,
#: and a full one also runs every test.
REFRESH = ("run", "--selector", "user_refresh", "--no-write-json")
FIRST = ("build", "--full-refresh", "--exclude-resource-type", "test", "unit_test")
EVERYTHING = ("build", "--full-refresh")


@flow(name="build", description="Build the marts with dbt: of changed users, or of everybody from scratch.")
def build(*, full_refresh: bool = False) -> list[NodeResult]:
    """Renew the marts; ``full_refresh`` builds and tests everything again."""
    settings = Settings()
    start_dbt()
    return build_marts(settings, full_refresh=full_refresh)


@task(name="build marts", **DATABASE_RETRIES)
def build_marts(settings: Settings, *, full_refresh: bool = False) -> list[NodeResult]:
    """Queue the users, run dbt, note the versions; one build at a time."""
    ensure_rates(settings)
    with open_warehouse(settings) as warehouse, warehouse.locked("build"):
        with warehouse.transaction() as connection:
            is_first = freshness.nothing_built(connection) or not _is_current(settings)
            queue = freshness.queue_all_users if full_refresh or is_first else freshness.queue_stale_users
            # Before anybody is there: whoever comes first then has a plan at once, from the live twins.
            if queue(connection) == 0 and not (full_refresh or is_first):
                return []
            freshness.renew_statistics(connection)
        command = EVERYTHING if full_refresh else FIRST if is_first else REFRESH
        results = run_dbt(settings, warehouse.server, command)
        with warehouse.transaction() as connection:
            freshness.record_build(connection)
        _stamp(settings).write_text(project_version())
        with warehouse.transaction() as connection:
            tell_missing_rates(rates.list_missing(connection))
    publish_table("dbt-results", [asdict(result) for result in results], "dbt results per node")
    return results


def tell_missing_rates(missing: Sequence[MissingRate]) -> None:
    """Say which money the plans leave out for want of a rate, and what to do about it."""
    for advice in missing_rate_advice(missing):
        logging.getLogger(__name__).warning(advice)


def _is_current(settings: Settings) -> bool:
    """Whether the marts were built by the project as it is now; an upgrade makes all of them anew."""
    stamp = _stamp(settings)
    return stamp.exists() and stamp.read_text() == project_version()


def _stamp(settings: Settings) -> Path:
    return settings.folder("dbt") / "built-by"
