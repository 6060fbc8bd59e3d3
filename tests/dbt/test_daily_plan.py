"""The daily plan that dbt computes, against a plain one in Python and against what must always hold."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from flows.cli.errors import CommandError
from flows.cli.plan import show
from flows.dbt import project_folder, run_dbt
from tests.dbt.households import add_purchases, draw_household, enqueue, move_in
from tests.dbt.reference_plan import Category, Facts, Move, PlanLine, Purchase, ReferencePlan
from tests.factories import add_transaction, make_user
from warehouse.repositories import freshness

if TYPE_CHECKING:
    from tests.dbt.conftest import Built
    from warehouse.engine import Warehouse

REFRESH = ["run", "--selector", "user_refresh"]
#: Every mart that a refresh renews, so that a new one is in the tests by lying in its folder.
MARTS_OF_USERS = sorted(path.stem for path in (project_folder() / "models/marts/per_user").glob("*.sql"))
#: How many people each property is tried on.
CASES = int(os.environ.get("MITA_PLAN_CASES", "40"))
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
                int(row["priority"]),
                row["is_protected"] == "true",
            )
            for row in csv.DictReader(file)
        }


@cache
def bulgarian_weights() -> Mapping[str, int]:
    """Where the drawn people live."""
    with (project_folder() / "seeds" / "regional_budget_weights.csv").open(encoding="utf-8") as file:
        return {
            row["category_code"]: int(row["budget_weight"])
            for row in csv.DictReader(file)
            if row["country"] == "BG"
        }


def reference(facts: Facts) -> ReferencePlan:
    return ReferencePlan(facts, taxonomy(), bulgarian_weights())


def plans_of(warehouse: Warehouse) -> dict[UUID, Lines]:
    """Everybody's plan as the mart has it."""
    found: dict[UUID, Lines] = defaultdict(dict)
    with warehouse.transaction() as connection:
        for row in connection.execute(
            text("""
                select user_id, plan_date, category_code,
                    budget_minor, carry_minor, spent_before_minor, moved_minor, uncovered_minor,
                    committed_minor, planned_minor, spent_minor, status
                from marts.fct_daily_plan
            """)
        ):
            found[row.user_id][row.plan_date, row.category_code] = PlanLine(*row[3:])
    return found


def expected_plan(facts: Facts) -> Lines:
    """The reference plan, without what a closed month neither planned nor spent."""
    plan = reference(facts)
    current = plan.periods[-2].start
    return {
        (day, category): line
        for (day, category), line in plan.lines().items()
        if day >= current or line.planned or line.spent
    }


def moves_of(warehouse: Warehouse) -> dict[UUID, list[Move]]:
    """Everybody's moves as the mart has them."""
    found: dict[UUID, list[Move]] = defaultdict(list)
    with warehouse.transaction() as connection:
        for row in connection.execute(
            text("""
                select user_id, moved_on, from_category, to_category, amount_minor, reason, source, is_applied
                from marts.fct_budget_moves
            """)
        ):
            found[row.user_id].append(Move(*row[1:]))
    return found


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


def test_the_moves_of_every_household_are_the_reference_moves(built: Built) -> None:
    moves = moves_of(built.warehouse)
    assert sum(map(len, moves.values())) > 100
    for user_id, facts in built.facts.items():
        assert sorted(moves[user_id], key=repr) == sorted(reference(facts).moves_kept(), key=repr), facts


def test_spent_and_planned_ahead_make_what_there_is(built: Built) -> None:
    plans = plans_of(built.warehouse)
    for user_id, facts in built.facts.items():
        current = reference(facts).periods[-2]
        ahead: dict[str, int] = defaultdict(int)
        lines: dict[str, PlanLine] = {}
        for (day, category), line in plans[user_id].items():
            if facts.today <= day < current.end:
                ahead[category] += line.planned
                lines[category] = line
        for category, line in lines.items():
            if not line.uncovered:
                there = line.budget + line.carry + line.moved
                assert line.spent_before + ahead[category] == there, (category, facts)


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


DIFFERENCES = """
with asked as (
    select user_id, today, today - :before as first_day, today + :after as last_day from ops.mart_versions
),
live as (
    select live.* from asked, marts.live_{mart}(user_id, first_day, last_day, today) as live
),
kept as (
    select mart.* from marts.fct_{mart} as mart
    inner join asked on mart.user_id = asked.user_id and mart.{day} between asked.first_day and asked.last_day
)
select count(*) from (
    (table kept except all table live)
    union all
    (table live except all table kept)
) as different
"""


@pytest.mark.parametrize(("before", "after"), [(20_000, 20_000), (40, 3), (0, 0)])
@pytest.mark.parametrize(
    ("mart", "day"),
    [("daily_plan", "plan_date"), ("daily_totals", "plan_date"), ("budget_moves", "moved_on")],
)
def test_the_live_twins_are_the_tables_to_the_row(
    built: Built, mart: str, day: str, before: int, after: int
) -> None:
    """Of all days, of some weeks, and of one day: a twin reckons no more than what it is asked for needs."""
    days = {"before": before, "after": after}
    with built.warehouse.transaction() as connection:
        assert connection.execute(text(DIFFERENCES.format(mart=mart, day=day)), days).scalar_one() == 0


# What must always hold, on people that Hypothesis draws: their facts go into the database and the twin, which
# is the tables to the row, is asked for the plan. The seven laws are numbered as in docs/daily_plan.md.


@pytest.fixture
def marts(built: Built) -> Warehouse:
    """The warehouse alone, because Hypothesis prints what a property is given."""
    return built.warehouse


@pytest.mark.timeout(300 + 2 * CASES)
@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_the_laws_of_the_plan_hold_for_anybody(marts: Warehouse, seed: int) -> None:
    facts = draw_household(Random(seed))  # noqa: S311 - nobody keeps a secret in it
    user_id = move_in(marts, facts)
    lines, moves = live_plan(marts, user_id, facts.today)
    plan = reference(facts)
    assert lines == expected_plan(facts)
    assert sorted(moves, key=repr) == sorted(plan.moves_kept(), key=repr)
    budgets_sum_to_the_income(plan, lines)  # 1
    givers_lose_what_receivers_get(plan, lines)  # 1
    open_days_add_up(plan, lines, facts)  # 2
    assert all(line.planned >= 0 for line in lines.values())  # 3
    protected_keep_their_need(plan, moves)  # 3
    assert live_plan(marts, user_id, facts.today) == (lines, moves)  # 4
    assert all(move.reason and move.source and move.amount > 0 for move in moves)  # 6


def live_plan(warehouse: Warehouse, user_id: UUID, today: date) -> tuple[Lines, list[Move]]:
    days = {"id": user_id, "first": date(2000, 1, 1), "last": date(2100, 1, 1), "today": today}
    with warehouse.transaction() as connection:
        plan = connection.execute(
            text("select * from marts.live_daily_plan(:id, :first, :last, :today)"), days
        )
        lines = {
            (row.plan_date, row.category_code): PlanLine(
                *(row.budget_minor, row.carry_minor, row.spent_before_minor, row.moved_minor),
                *(row.uncovered_minor, row.committed_minor, row.planned_minor, row.spent_minor, row.status),
            )
            for row in plan
        }
        found = connection.execute(
            text("select * from marts.live_budget_moves(:id, :first, :last, :today)"), days
        )
        moves = [
            Move(
                *(row.moved_on, row.from_category, row.to_category, row.amount_minor),
                *(row.reason, row.source, row.is_applied),
            )
            for row in found
        ]
        connection.execute(text("delete from ops.build_queue where user_id = :id"), {"id": user_id})
    return lines, moves


def budgets_sum_to_the_income(plan: ReferencePlan, lines: Lines) -> None:
    for period in plan.periods[-2:]:
        budgets = {code: line.budget for (day, code), line in lines.items() if period.holds(day)}
        assert sum(budgets.values()) == plan.income(period)


def givers_lose_what_receivers_get(plan: ReferencePlan, lines: Lines) -> None:
    """In the open periods, because closed ones leave out rows; assert_moves_conserve_money sees them all."""
    by_day: dict[date, int] = defaultdict(int)
    for (day, _), line in lines.items():
        by_day[day] += line.moved
    assert not any(moved for day, moved in by_day.items() if day >= plan.periods[-2].start)


def open_days_add_up(plan: ReferencePlan, lines: Lines, facts: Facts) -> None:
    current = plan.periods[-2]
    ahead: dict[str, int] = defaultdict(int)
    last: dict[str, PlanLine] = {}
    for (day, code), line in lines.items():
        if facts.today <= day < current.end:
            ahead[code] += line.planned
            last[code] = line
    for code, line in last.items():
        if not line.uncovered:
            assert line.spent_before + ahead[code] == line.budget + line.carry + line.moved


def protected_keep_their_need(plan: ReferencePlan, moves: list[Move]) -> None:
    assert not any(move.source == "reserve" and plan.categories[move.giver].is_protected for move in moves)


@pytest.mark.timeout(300 + 2 * CASES)
@settings(
    max_examples=CASES // 4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)
@given(seed=st.integers(0, 2**32))
def test_spending_more_in_one_category_never_raises_anothers_plan(marts: Warehouse, seed: int) -> None:
    facts = replace(draw_household(Random(seed)), day_rule="spread")  # noqa: S311
    more = Purchase(facts.today - timedelta(days=1), -abs(seed % 9973) - 1, "restaurants", facts.currency)
    period = reference(facts).periods[-2]
    assume(facts.purchases and period.holds(more.day))
    assume(min(each.day for each in facts.purchases) <= more.day)
    before, _ = live_plan(marts, move_in(marts, facts), facts.today)
    spent_more = replace(facts, purchases=(*facts.purchases, more))
    after, _ = live_plan(marts, move_in(marts, spent_more), facts.today)
    for (day, code), line in before.items():
        if facts.today == day and code != more.category and (day, code) in after:
            there, here = line, after[day, code]
            assert here.budget + here.carry + here.moved <= there.budget + there.carry + there.moved


def test_a_day_before_those_that_are_kept_is_shown_as_it_stood(
    marts: Warehouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Old statements are all that some people have, and marts keep two years."""
    monkeypatch.setenv("MITA_HOME", str(marts.settings.root))
    monkeypatch.setenv("MITA_SECRET_KEY", marts.settings.secret.decode())
    monkeypatch.setenv("MITA_DATABASE_URL", marts.server.render_as_string(hide_password=False))
    user = make_user(marts, monthly_income_minor=100_000)
    for month in range(1, 10):
        add_transaction(marts, user, amount_minor=-4321, spent=date(2019, month, 10))

    show(user.email, on="2019-09-15", as_json=True)

    days = {day["day"]: day for day in orjson.loads(capsys.readouterr().out)["days"]}
    assert days["2019-09-10"]["spent_minor"] == 4321
    assert sum(day["planned_minor"] for day in days.values()) > 0
    assert (min(days), max(days)) == ("2019-09-01", "2019-09-30")
    with pytest.raises(CommandError, match="known from 2019-01-10 to 2019-09-10"):
        show(user.email, on="2018-12-31")
