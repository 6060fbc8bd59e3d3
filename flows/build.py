"""The build flow: renew the marts of the users whose facts or day have moved on."""

from __future__ import annotations

from dataclasses import asdict

from prefect import flow

from flows.dbt import NodeResult, run_dbt, start_dbt
from flows.orchestration import publish_table, task
from flows.tasks.statements import DATABASE_RETRIES
from warehouse.engine import open_warehouse
from warehouse.repositories import freshness
from warehouse.settings import Settings

#: What an everyday refresh runs; a full one builds and tests everything, seeds included.
REFRESH = ("run", "--selector", "user_refresh")
EVERYTHING = ("build",)


@flow(name="build", description="Build the marts with dbt: of changed users, or of everybody from scratch.")
def build(*, full_refresh: bool = False) -> list[NodeResult]:
    """Renew the marts; ``full_refresh`` builds and tests everything again."""
    settings = Settings()
    start_dbt()
    return build_marts(settings, full_refresh=full_refresh)


@task(name="build marts", **DATABASE_RETRIES)
def build_marts(settings: Settings, *, full_refresh: bool = False) -> list[NodeResult]:
    """Queue the users, run dbt, note the versions; one build at a time."""
    with open_warehouse(settings) as warehouse, warehouse.locked("build"):
        with warehouse.transaction() as connection:
            is_first = freshness.nothing_built(connection)
            everything = full_refresh or is_first
            queue = freshness.queue_all_users if everything else freshness.queue_stale_users
            if queue(connection) == 0 and not everything:
                return []
        arguments = (*EVERYTHING, "--full-refresh") if everything else REFRESH
        results = run_dbt(settings, warehouse.server, arguments)
        with warehouse.transaction() as connection:
            freshness.record_build(connection)
    publish_table("dbt-results", [asdict(result) for result in results], "dbt results per node")
    return results
