"""The daily plan as dbt built it, for people who read it in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Connection, text

_PLAN = """
select plan_date, category_code, group_code, budget_minor, planned_minor, spent_minor, status, currency
from marts.fct_daily_plan
where user_id = :user_id and period_start = :period_start
order by plan_date, category_code
"""
_TODAY = """
select today from ops.mart_versions where user_id = :user_id
"""
_IS_STALE = """
select not ops.marts_are_current(:user_id)
"""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One category on one day; money in minor units of ``currency``."""

    plan_date: date
    category_code: str
    group_code: str
    budget_minor: int
    planned_minor: int
    spent_minor: int
    status: str
    currency: str


def month_plan(connection: Connection, user_id: UUID, period_start: date) -> Sequence[PlanRow]:
    """The plan of the period that starts on this day."""
    rows = connection.execute(text(_PLAN), {"user_id": user_id, "period_start": period_start})
    return [PlanRow(*row) for row in rows]


def planned_for(connection: Connection, user_id: UUID) -> date | None:
    """The civil date that the user's plan was built for; None if there is no plan yet."""
    return connection.execute(text(_TODAY), {"user_id": user_id}).scalar_one_or_none()


def is_stale(connection: Connection, user_id: UUID) -> bool:
    """Whether facts or the day have moved on since the user's marts were built."""
    return bool(connection.execute(text(_IS_STALE), {"user_id": user_id}).scalar_one())
