"""The daily plan that dbt computes, against a plain one in Python and against what must always hold."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import text

from flows.dbt import project_folder, run_dbt
from tests.dbt.households import add_purchases, enqueue, move_in
from tests.dbt.reference_plan import Category, Facts, PlanLine, Purchase, ReferencePlan, add_months, month_of
from warehouse.repositories import freshness

if TYPE_CHECKING:
    from tests.dbt.conftest import Built
    from warehouse.engine import Warehouse

REFRESH = ["run", "--selector", "user_refresh"]
MARTS_OF_USERS = ("dim_accounts", "fct_transactions", "fct_daily_plan", "fct_daily_totals", "fct_plan_gaps")
Lines = dict[tuple[date, str], PlanLine]


@cache
def taxonomy() -> Mapping[str, Category]:
    with (project_folder() / "seeds" / "categories.csv").open(encoding="utf-8") as file:
        return {
            row["code"]: Category(
                row["code"],
                row["group_code"],
                row["pattern"],
                int(row["budget_weight"]) if row["budget_weight"] else None,
            )
            for row in csv.DictReader(file)
        }


def plans_of(warehouse: Warehouse) -> dict[UUID, Lines]:
    """Everybody's plan as the mart has it."""
    found: dict[UUID, Lines] = defaultdict(dict)
    with warehouse.transaction() as connection:
        for row in connection.execute(
            text("""
                select user_id, plan_date, category_code,
                    budget_minor, spent_before_minor, planned_minor, spent_minor, status
                from marts.fct_daily_plan
            """)
        ):
            found[row.user_id][row.plan_date, row.category_code] = PlanLine(*row[3:])
    return found


def expected_plan(facts: Facts) -> Lines:
    """The reference plan, without what a closed month neither planned nor spent."""
    this_month = month_of(facts.today)
    return {
        (day, category): line
        for (day, category), line in ReferencePlan(facts, taxonomy()).lines().items()
        if day >= this_month or line.planned or line.spent
    }


def rows_of(warehouse: Warehouse) -> dict[str, list[str]]:
    """All rows of the marts of users, in one order."""
    with warehouse.transaction() as connection:
        return {
            mart: sorted(
                str(tuple(row))
                for row in connection.execute(text(f"select * from marts.{mart}"))  # noqa: S608
            )
            for mart in MARTS_OF_USERS
        }


def test_dbt_builds_everything_and_every_dbt_test_passes(built: Built) -> None:
    said = {(result.kind, result.status) for result in built.results}
    assert {("model", "success"), ("seed", "success"), ("test", "pass"), ("unit_test", "pass")} <= said
    assert {status for _, status in said} <= {"success", "pass", "no-op"}


def test_the_plan_of_every_household_is_the_reference_plan(built: Built) -> None:
    plans = plans_of(built.warehouse)
    for user_id, facts in built.facts.items():
        assert plans[user_id] == expected_plan(facts), facts


def test_spent_and_planned_ahead_make_the_budget(built: Built) -> None:
    plans = plans_of(built.warehouse)
    for user_id, facts in built.facts.items():
        end = add_months(month_of(facts.today), 1)
        ahead: dict[str, int] = defaultdict(int)
        lines: dict[str, PlanLine] = {}
        for (day, category), line in plans[user_id].items():
            if facts.today <= day < end:
                ahead[category] += line.planned
                lines[category] = line
        for category, line in lines.items():
            assert ahead[category] == max(0, line.budget - line.spent_before), (category, facts)


def test_the_order_of_the_facts_does_not_matter_and_nor_does_building_twice(built: Built) -> None:
    twins = {
        user_id: move_in(built.warehouse, replace(facts, purchases=facts.purchases[::-1]))
        for user_id, facts in list(built.facts.items())[:10]
    }
    run_dbt(built.warehouse.settings, built.warehouse.server, REFRESH)
    once = plans_of(built.warehouse)
    run_dbt(built.warehouse.settings, built.warehouse.server, REFRESH)
    with built.warehouse.transaction() as connection:
        freshness.record_build(connection)
    twice = plans_of(built.warehouse)
    for user_id, twin in twins.items():
        assert once[twin] == once[user_id] == twice[twin]


def test_a_rebuild_gives_the_rows_that_increments_gave(built: Built) -> None:
    warehouse, (corrected, emptied, gone, *_) = built.warehouse, built.facts
    with warehouse.transaction() as connection:
        late = Purchase(built.facts[corrected].today - timedelta(days=33), -777, "rent", "EUR")
        add_purchases(connection, corrected, [late])
        connection.execute(text("delete from app.accounts where user_id = :id"), {"id": emptied})
        connection.execute(text("delete from app.users where user_id = :id"), {"id": gone})
        for user_id in (corrected, emptied):
            enqueue(connection, user_id, built.facts[user_id].today)
    run_dbt(warehouse.settings, warehouse.server, REFRESH)
    with warehouse.transaction() as connection:
        freshness.record_build(connection)
    by_increments = rows_of(warehouse)
    with warehouse.transaction() as connection:
        connection.execute(
            text("insert into ops.build_queue select user_id, version, today from ops.mart_versions")
        )
    run_dbt(warehouse.settings, warehouse.server, [*REFRESH, "--full-refresh"])
    with warehouse.transaction() as connection:
        freshness.record_build(connection)
    rebuilt = rows_of(warehouse)
    assert rebuilt == by_increments
    assert not any(str(gone) in row for rows in rebuilt.values() for row in rows)
    assert not any(str(emptied) in row for row in rebuilt["fct_transactions"])


def test_readers_see_of_the_marts_what_is_theirs(built: Built) -> None:
    user_id = list(built.facts)[5]
    api, analyst = built.warehouse.as_role("api"), built.warehouse.as_role("analyst")
    for mart in MARTS_OF_USERS:
        users = text(f"select distinct user_id from marts.{mart}")  # noqa: S608
        with api.transaction() as connection:
            assert connection.execute(users).all() == []
        with api.transaction(user_id=user_id) as connection:
            assert set(connection.execute(users).scalars()) <= {user_id}
    with analyst.transaction() as connection:
        everybody = set(connection.execute(text("select user_id from marts.fct_daily_totals")).scalars())
        assert len(everybody) > 1
    with pytest.raises(Exception, match="permission denied"), analyst.transaction() as connection:
        connection.execute(text("select * from app.transactions"))
