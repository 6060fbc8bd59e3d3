"""A month's figures are those of its periods: what a day left over is not counted again the next day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from tests.api.people import MARIA
from tests.api.shapes import data_of

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse


@pytest.fixture(scope="module")
def month(built: Warehouse) -> dict[str, Any]:
    """Maria's running month as the marts' periods have it, which for her are calendar months."""
    query = text("""
        select
            sum(period.budget_minor + period.carry_minor) as planned,
            sum(period.spent_minor) as spent,
            min(period.period_start)
                = date_trunc('month', now() at time zone users.timezone)::date as is_month
        from app.users as users
        inner join marts.fct_category_periods as period using (user_id)
        where users.email = :email and period.group_code <> 'saving'
            and (now() at time zone users.timezone)::date >= period.period_start
            and (now() at time zone users.timezone)::date < period.period_end
        group by users.timezone
    """)
    with built.transaction() as connection:
        return dict(connection.execute(query, {"email": MARIA.email}).mappings().one())


def test_a_months_budget_is_that_of_its_periods(
    client: TestClient, maria: dict[str, str], month: dict[str, Any]
) -> None:
    left = data_of(client.get("/api/budget/remaining", headers=maria))
    live = data_of(client.get("/api/budget/live_status", headers=maria))
    assert month["is_month"]
    assert left["total_budget"] == live["monthly_budget"] == pytest.approx(month["planned"] / 100)
    assert left["remaining"] == pytest.approx(left["total_budget"] - left["total_spent"])
    assert left["total_budget"] == pytest.approx(sum(left["categories"].values()) + left["total_spent"])


def test_performance_and_remaining_tell_of_the_same_plan(client: TestClient, maria: dict[str, str]) -> None:
    left = data_of(client.get("/api/budget/remaining", headers=maria))
    parts = data_of(client.get("/api/analytics/budget-performance", headers=maria))["categories"]
    assert sum(part["planned"] for part in parts) == pytest.approx(left["total_budget"])
