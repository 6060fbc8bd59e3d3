"""The daily plan as dbt built it, for people who read it in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Connection, text

_PLAN = """
select plan_date, category_code, group_code, budget_minor, planned_minor, spent_minor,
    budget_minor + carry_minor + moved_minor - spent_before_minor - spent_minor as left_minor,
    status, currency
from marts.served_daily_plan(:user_id, :first_day, :last_day)
order by plan_date, category_code
"""
_TOTALS = """
select day.plan_date, day.planned_minor, day.spent_minor, day.committed_minor, day.uncovered_minor,
    marts.capped_safe_to_spend(
        day.safe_to_spend_minor, day.spent_minor, forecast.cap_minor, forecast.spent_then_minor
    ) as safe_to_spend_minor,
    day.status
from marts.served_daily_totals(:user_id, :first_day, :last_day) as day
left join marts.fct_safe_to_spend as forecast
    on day.user_id = forecast.user_id and day.plan_date = forecast.as_of
order by day.plan_date
"""
_PERIOD = """
select period_start, period_end - 1
from marts.served_daily_totals(:user_id, :day, :day)
"""
_MOVES = """
select moved_on, from_category, to_category, amount_minor, reason, source, is_applied, currency
from marts.served_budget_moves(:user_id, :day, :day)
order by to_category, amount_minor desc, from_category
"""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One category on one day; money in minor units of ``currency``, ``left_minor`` of its whole period."""

    plan_date: date
    category_code: str
    group_code: str
    budget_minor: int
    planned_minor: int
    spent_minor: int
    left_minor: int
    status: str
    currency: str


@dataclass(frozen=True, slots=True)
class DayTotal:
    """A day of the plan over all spending categories, savings apart; money in minor units."""

    day: date
    planned_minor: int
    spent_minor: int
    committed_minor: int
    uncovered_minor: int
    safe_to_spend_minor: int
    status: str


@dataclass(frozen=True, slots=True)
class MoveRow:
    """What a category gives another on a day; money in minor units of ``currency``."""

    moved_on: date
    from_category: str
    to_category: str
    amount_minor: int
    reason: str
    source: str
    is_applied: bool
    currency: str


def period_of(connection: Connection, user_id: UUID, day: date) -> tuple[date, date] | None:
    """The first and the last day of the plan's period that a day falls into; None where there is no plan."""
    found = connection.execute(text(_PERIOD), {"user_id": user_id, "day": day}).first()
    return None if found is None else (found[0], found[1])


def plan_between(connection: Connection, user_id: UUID, first_day: date, last_day: date) -> Sequence[PlanRow]:
    """The plan of these days: from the mart where it is current, else reckoned anew from the facts."""
    days = {"user_id": user_id, "first_day": first_day, "last_day": last_day}
    return [PlanRow(*row) for row in connection.execute(text(_PLAN), days)]


def totals_between(connection: Connection, user_id: UUID, first_day: date, last_day: date) -> list[DayTotal]:
    """The days' totals, likewise."""
    days = {"user_id": user_id, "first_day": first_day, "last_day": last_day}
    return [DayTotal(*row) for row in connection.execute(text(_TOTALS), days)]


def moves_on(connection: Connection, user_id: UUID, day: date) -> list[MoveRow]:
    """The moves in force on a day, likewise."""
    return [MoveRow(*row) for row in connection.execute(text(_MOVES), {"user_id": user_id, "day": day})]
