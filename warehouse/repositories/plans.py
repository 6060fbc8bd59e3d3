"""The daily plan for people who read it in a terminal: as of now, or as it stood on an earlier day.

As of now it comes from the mart where that is current, else it is reckoned anew from the facts. Marts keep
some periods only; as of a day, the plan is reckoned from the facts as if that day were today.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

_MARTS = ("daily_plan", "daily_totals", "budget_moves")
_SERVED = {mart: f"served_{mart}(:user_id, :first_day, :last_day)" for mart in _MARTS}
_RECKONED = {mart: f"live_{mart}(:user_id, :first_day, :last_day, :as_of)" for mart in _MARTS}
_PLAN = """
select plan_date, category_code, group_code, budget_minor, planned_minor, spent_minor,
    budget_minor + carry_minor + moved_minor - spent_before_minor - spent_minor as left_minor,
    status, currency
from marts.{daily_plan}
order by plan_date, category_code
"""
_TOTALS = """
select day.plan_date, day.planned_minor, day.spent_minor, day.committed_minor, day.uncovered_minor,
    marts.capped_safe_to_spend(
        day.safe_to_spend_minor, day.spent_minor, forecast.cap_minor, forecast.spent_then_minor
    ) as safe_to_spend_minor,
    day.status
from marts.{daily_totals} as day
left join marts.fct_safe_to_spend as forecast
    on day.user_id = forecast.user_id and day.plan_date = forecast.as_of
order by day.plan_date
"""
_PERIOD = """
select period_start, period_end - 1
from marts.{daily_totals}
"""
_MOVES = """
select moved_on, from_category, to_category, amount_minor, reason, source, is_applied, currency
from marts.{budget_moves}
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


@dataclass(frozen=True, slots=True)
class Span:
    """Days of somebody's plan, both ends included: as of now, or as if ``as_of`` were today."""

    user_id: UUID
    first_day: date
    last_day: date
    as_of: date | None = None


def period_of(connection: Connection, day: Span) -> tuple[date, date] | None:
    """The first and the last day of the plan's period that a day falls into; None where there is no plan."""
    found = _rows(connection, _PERIOD, day)
    return (found[0][0], found[0][1]) if found else None


def list_plan(connection: Connection, span: Span) -> list[PlanRow]:
    """The plan of these days by category."""
    return [PlanRow(*row) for row in _rows(connection, _PLAN, span)]


def list_totals(connection: Connection, span: Span) -> list[DayTotal]:
    """The days' totals."""
    return [DayTotal(*row) for row in _rows(connection, _TOTALS, span)]


def list_moves(connection: Connection, span: Span) -> list[MoveRow]:
    """The moves in force on these days."""
    return [MoveRow(*row) for row in _rows(connection, _MOVES, span)]


def known_days(connection: Connection, user_id: UUID) -> tuple[date, date] | None:
    """The days of the first and of the last transaction; None where there is none."""
    days = text("select min(spent_date), max(spent_date) from app.transactions where user_id = :user_id")
    first, last = connection.execute(days, {"user_id": user_id}).one()
    return None if first is None else (first, last)


def _rows(connection: Connection, query: str, span: Span) -> Sequence[Row[Any]]:
    """Rows of a query over the functions that serve a mart now, or reckon it as of a day."""
    asked = query.format(**(_SERVED if span.as_of is None else _RECKONED))
    return connection.execute(text(asked), dataclasses.asdict(span)).all()
