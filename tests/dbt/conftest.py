"""Marts that dbt built from drawn households: one build a module, because a build takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from flows.dbt import NodeResult, run_dbt
from tests.conftest import TEMPLATE, administration
from tests.dbt.households import draw_households, move_in
from tests.dbt.reference_plan import Facts
from warehouse.engine import Warehouse
from warehouse.repositories import freshness
from warehouse.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

#: As many as a module wants that says nothing else by a ``HOUSEHOLDS`` of its own.
HOUSEHOLDS = 40


@dataclass(frozen=True)
class Built:
    """A warehouse with marts, whose facts they hold, and what dbt said."""

    warehouse: Warehouse
    facts: dict[UUID, Facts] = field(repr=False)
    results: list[NodeResult] = field(repr=False)


@pytest.fixture(scope="module")
def built(
    request: pytest.FixtureRequest, server: URL, shared_settings: Settings, worker_id: str
) -> Iterator[Built]:
    """Everything built and tested by dbt, on households of all kinds and one twin of each of the first."""
    name = f"mita_dbt_{worker_id}"
    with psycopg.connect(administration(server), autocommit=True) as connection:
        drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        connection.execute(drop)
        connection.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE)
            )
        )
        settings = Settings(
            home=shared_settings.root.parent / f"mita-dbt-{worker_id}", secret_key=_secret(shared_settings)
        )
        warehouse = Warehouse(settings, server.set(database=name))
        drawn = draw_households(getattr(request.module, "HOUSEHOLDS", HOUSEHOLDS))
        facts = {move_in(warehouse, household): household for household in drawn}
        results = run_dbt(settings, warehouse.server, ["build"])
        with warehouse.transaction() as transaction:
            freshness.record_build(transaction)
        yield Built(warehouse, facts, results)
        connection.execute(drop)


def _secret(settings: Settings) -> str:
    return settings.secret.decode()
