"""What somebody tells when they begin is a plan at once, and one that sums to their income."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.api.conftest import sign_in
from tests.api.people import Person, move_in
from warehouse.money import exponent

if TYPE_CHECKING:
    from uuid import UUID

    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse

#: What the client asks for, and a name that nobody knows.
FIXED = ("rent", "utilities", "internet", "insurance", "car_payment", "subscriptions", "loan_payment",
         "childcare", "piano lessons")  # fmt: skip
BEGINNER = Person("beginner@example.org", "EUR", "America/New_York", None, None, ())
COUNTRIES = ("BG", "DE", "FR", "US", "GB", "JP", "KW", "ZZ")


def answers(country: str, income: Decimal, fixed: dict[str, Decimal], savings: Decimal) -> dict[str, Any]:
    return {
        "region": country,
        "income": {"monthly_income": str(income), "additional_income": 0},
        "fixed_expenses": {name: str(amount) for name, amount in fixed.items()},
        "spending_habits": {},
        "goals": {"savings_goal_amount_per_month": str(savings)},
    }


@st.composite
def beginnings(draw: st.DrawFn) -> tuple[str, Decimal, dict[str, Decimal], Decimal]:
    """A country, an income, fixed expenses and a savings goal that it bears, in whole minor units."""
    income = draw(st.integers(0, 10**9))
    parts = draw(st.lists(st.integers(0, 100), min_size=len(FIXED) + 2, max_size=len(FIXED) + 2))
    named = draw(st.sets(st.sampled_from(range(len(FIXED)))))
    whole = max(sum(parts), 1)
    amounts = [Decimal(income * part // whole) / 100 for part in parts]
    fixed = {FIXED[at]: amounts[at] for at in sorted(named)}
    return draw(st.sampled_from(COUNTRIES)), Decimal(income) / 100, fixed, amounts[-2]


@pytest.fixture(scope="module", autouse=True)
def newcomer(built: Warehouse) -> UUID:
    return move_in(built, BEGINNER).user_id


def budgets(built: Warehouse, user: UUID) -> tuple[dict[str, int], date]:
    """The coming period's budgets as the twin has them, by category, and when it begins."""
    coming = (BEGINNER.today.replace(day=1) + timedelta(days=32)).replace(day=1)
    query = text("""
        select distinct category_code, budget_minor from marts.live_daily_plan(:user, :day, :day)
    """)
    with built.transaction() as connection:
        found = connection.execute(query, {"user": user, "day": coming})
        return {row.category_code: row.budget_minor for row in found}, coming


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=beginnings())
def test_a_first_plan_sums_to_the_income_to_the_cent(
    client: TestClient,
    built: Warehouse,
    newcomer: UUID,
    told: tuple[str, Decimal, dict[str, Decimal], Decimal],
) -> None:
    country, income, fixed, savings = told
    reply = client.post(
        "/api/onboarding/submit",
        json=answers(country, income, fixed, savings),
        headers=sign_in(client, BEGINNER),
    )
    assert reply.is_success, reply.text
    found, _ = budgets(built, newcomer)
    assert sum(found.values()) == int(income.scaleb(exponent(BEGINNER.currency)))
    assert min(found.values(), default=0) >= 0


def test_what_is_fixed_is_planned_as_it_was_told_and_the_rest_by_the_country(
    client: TestClient, built: Warehouse, newcomer: UUID
) -> None:
    headers = sign_in(client, BEGINNER)
    fixed = {"rent": Decimal(600), "internet": Decimal("40.50"), "utilities": Decimal(90)}
    plans = {}
    for country in ("BG", "DE"):
        told = answers(country, Decimal(3000), fixed, Decimal(250))
        assert client.post("/api/onboarding/submit", json=told, headers=headers).is_success
        plans[country], _ = budgets(built, newcomer)
        assert plans[country]["rent"] == 600_00
        assert plans[country]["internet"] == 40_50
        assert plans[country]["electricity"] == 90_00
        assert plans[country]["savings"] == 250_00
    assert plans["BG"]["groceries"] > plans["DE"]["groceries"]  # Eurostat: a larger share there


def test_answers_that_no_longer_speak_of_an_expense_take_it_back(
    client: TestClient, built: Warehouse, newcomer: UUID
) -> None:
    headers = sign_in(client, BEGINNER)
    for fixed in ({"rent": Decimal(700)}, {"internet": Decimal(30)}):
        told = answers("DE", Decimal(3000), fixed, Decimal(0))
        assert client.post("/api/onboarding/submit", json=told, headers=headers).is_success
    found, _ = budgets(built, newcomer)
    assert found["internet"] == 30_00
    assert found["rent"] != 700_00
