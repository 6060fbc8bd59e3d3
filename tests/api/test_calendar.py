"""A month of the plan, as the client reads it."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from tests.api.conftest import sign_in
from tests.api.people import KENJI, MARIA, NEWCOMER, NOURA, Person
from tests.api.shapes import CATEGORIES, DAY, NUMBER, OBJECT, STRING, assert_shape, data_of, error_of

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse


def month_of(client: TestClient, person: Person, headers: dict[str, str]) -> list[dict[str, Any]]:
    today = person.today
    data = data_of(client.get(f"/api/calendar/saved/{today.year}/{today.month}", headers=headers))
    days: list[dict[str, Any]] = data["calendar"]
    return days


@pytest.fixture
def days(client: TestClient, maria: dict[str, str]) -> list[dict[str, Any]]:
    return month_of(client, MARIA, maria)


def test_every_day_of_the_month_has_what_the_client_reads(days: list[dict[str, Any]]) -> None:
    today = MARIA.today
    assert [day["day"] for day in days] == list(range(1, monthrange(today.year, today.month)[1] + 1))
    for day in days:
        assert_shape(
            day,
            {
                "date": STRING,
                "day": int,
                "limit": NUMBER,
                "spent": NUMBER,
                "total": NUMBER,
                "status": STRING,
                "planned_budget": OBJECT,
            },
        )
        assert DAY.fullmatch(day["date"])
        assert day["status"] == ("active" if day["date"] <= today.isoformat() else "pending")


def test_categories_are_the_clients_with_a_light_each(days: list[dict[str, Any]]) -> None:
    budgets = [(name, budget) for day in days for name, budget in day["planned_budget"].items()]
    assert {name for name, _ in budgets} <= CATEGORIES
    for _, budget in budgets:
        assert_shape(budget, {"planned": NUMBER, "spent": NUMBER, "status": STRING})
        assert budget["status"] in {"green", "yellow", "red"}


def test_a_day_is_the_sum_of_its_categories(days: list[dict[str, Any]]) -> None:
    for day in days:
        budgets = day["planned_budget"].values()
        assert day["limit"] == day["total"] == sum(budget["planned"] for budget in budgets)
        assert day["spent"] == sum(budget["spent"] for budget in budgets)


def test_todays_purchases_stand_net_of_refunds(days: list[dict[str, Any]]) -> None:
    today = days[MARIA.today.day - 1]
    assert today["spent"] == Decimal("13.70")
    assert today["planned_budget"]["groceries"]["spent"] == Decimal("7.50")
    assert today["planned_budget"]["dining"]["spent"] == Decimal("6.20")


def test_lights_follow_the_ratio_of_spent_to_planned(days: list[dict[str, Any]]) -> None:
    lights = {
        (budget["spent"] * 5 < budget["planned"] * 4, budget["spent"] <= budget["planned"]): budget["status"]
        for day in days
        for budget in day["planned_budget"].values()
        if budget["spent"] > 0
    }
    expected = {(True, True): "green", (False, True): "yellow", (False, False): "red"}
    assert lights
    assert lights.items() <= expected.items()


@pytest.mark.parametrize(
    ("person", "decimals"), [(MARIA, 2), (KENJI, 0), (NOURA, 3)], ids=lambda value: str(value)[:30]
)
def test_amounts_have_the_currencys_own_decimals(client: TestClient, person: Person, decimals: int) -> None:
    for day in month_of(client, person, sign_in(client, person)):
        amount = Decimal(day["limit"])
        assert -int(amount.as_tuple().exponent) == decimals


def test_the_months_plan_is_the_marts_to_the_minor_unit(days: list[dict[str, Any]], built: Warehouse) -> None:
    with built.transaction() as connection:
        planned = connection.execute(
            text("""
                select sum(planned_minor) from marts.fct_daily_plan as plan
                inner join app.users using (user_id)
                where email = :email and group_code <> 'saving'
                    and date_trunc('month', plan_date) = date_trunc('month', cast(:today as date))
            """),
            {"email": MARIA.email, "today": MARIA.today},
        ).scalar_one()
    assert sum(day["limit"] for day in days) * 100 == planned


@pytest.mark.parametrize(("year", "month"), [(2000, 1), (2100, 12)])
def test_a_month_without_a_plan_is_empty(
    client: TestClient, maria: dict[str, str], year: int, month: int
) -> None:
    data = data_of(client.get(f"/api/calendar/saved/{year}/{month}", headers=maria))
    assert data == {"calendar": [], "currency": "EUR"}


def test_a_newcomer_has_no_plan_yet(client: TestClient) -> None:
    assert month_of(client, NEWCOMER, sign_in(client, NEWCOMER)) == []


@pytest.mark.parametrize("path", ["2026/13", "2026/0", "1999/12", "2101/1", "x/1", "2026/1.5", "2026/-1"])
def test_a_month_that_does_not_exist_is_malformed(
    client: TestClient, maria: dict[str, str], path: str
) -> None:
    error = error_of(client.get(f"/api/calendar/saved/{path}", headers=maria), 422)
    assert error["details"]["validation_errors"][0]["field"] in {"path.year", "path.month"}


def test_the_calendar_is_for_those_who_signed_in(client: TestClient) -> None:
    assert error_of(client.get("/api/calendar/saved/2026/13"), 401)["code"] == "AUTH_1002"


def test_a_month_before_the_first_statement_is_not_made_up(client: TestClient, maria: dict[str, str]) -> None:
    long_ago = date(MARIA.today.year - 3, 1, 1)
    data = data_of(client.get(f"/api/calendar/saved/{long_ago.year}/1", headers=maria))
    assert data["calendar"] == []


@pytest.mark.parametrize("more", ["12345678901234567890123", '{"a": [18446744073709551616]}', '"\\u0000"'])
def test_a_day_with_what_cannot_be_written_is_refused(
    client: TestClient, maria: dict[str, str], more: str
) -> None:
    body = f'{{"calendar": {{"1": {{"total": 30, "limit": 20, "more": {more}}}}}}}'
    headers = maria | {"content-type": "application/json"}
    error = error_of(client.post("/api/calendar/redistribute", content=body, headers=headers), 422)
    assert error["details"]["validation_errors"][0]["field"] == "body.calendar.1"
