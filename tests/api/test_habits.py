"""What is told of two years of purchases is what the purchases say."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from api.insights.to_come import TO_COME
from tests.api.conftest import sign_in
from tests.api.contract import own_id
from tests.api.people import DORA, KENJI, NEWCOMER, Line

if TYPE_CHECKING:
    from starlette.testclient import TestClient

CENT = Decimal("0.01")
SPENT = [line for line in DORA.lines if line.amount_minor < 0]


@pytest.fixture(scope="module")
def dora(client: TestClient) -> dict[str, str]:
    headers = sign_in(client, DORA)
    client.patch("/api/users/me", json={"language": "en"}, headers=headers)
    return headers


def day_of(line: Line) -> date:
    return DORA.today - timedelta(days=line.days_ago)


def asked(client: TestClient, headers: dict[str, str], path: str, method: str = "GET", **body: object) -> Any:  # noqa: ANN401
    answer = client.request(method, path, headers=headers, json=body or None)
    assert answer.status_code == 200, answer.text
    told = json.loads(answer.text, parse_float=Decimal)
    return told.get("data", told)


def euros(lines: list[Line]) -> Decimal:
    return -sum(line.amount_minor for line in lines) * CENT


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/ai/spending-patterns"),
        ("POST", "/api/ai/analyze-spending"),
        ("GET", "/api/behavior/patterns"),
        ("GET", "/api/analytics/behavioral-insights"),
    ],
)
def test_fridays_are_a_habit_and_told_with_their_average(
    client: TestClient, dora: dict[str, str], method: str, path: str
) -> None:
    patterns = asked(client, dora, path, method)["patterns"]
    fridays = next(each for each in patterns if each["kind"] == "weekday_5")
    of_fridays = [
        line for line in SPENT
        if day_of(line).isoweekday() == 5 and line.days_ago <= 365 and line.category_code != "rent"
    ]  # fmt: skip
    days = len({line.days_ago for line in of_fridays})
    assert abs(fridays["average"] - euros(of_fridays) / days) <= CENT
    assert f"{fridays['average']}" in fridays["description"]
    assert fridays["days"] == days
    assert not {"weekday_1", "weekday_2", "month_end"} & {
        each["kind"] for each in patterns if each.get("ratio", 0) > 1
    }


def test_a_trigger_is_a_day_on_which_more_is_spent_and_how_often_it_comes(
    client: TestClient, dora: dict[str, str]
) -> None:
    triggers = asked(client, dora, "/api/behavior/triggers")["triggers"]
    by_kind = {each["kind"]: each for each in triggers}
    assert by_kind["weekday_5"]["ratio"] > 5
    assert 4 <= by_kind["weekday_5"]["frequency"] <= 5
    assert {each["trigger_name"] for each in triggers if each["kind"] == "merchant"} == {
        "Osteria",
        "Corner Shop",
    }


def test_the_analysis_of_a_month_sums_its_purchases(client: TestClient, dora: dict[str, str]) -> None:
    month = (DORA.today.replace(day=1) - timedelta(days=1)).replace(day=1)
    path = f"/api/ai/spending-patterns?year={month.year}&month={month.month}"
    analysis = asked(client, dora, path)["analysis"]
    bought = [line for line in SPENT if day_of(line).replace(day=1) == month]
    assert (analysis["total"], analysis["purchases"]) == (euros(bought), len(bought))
    assert sum(analysis["categories"].values()) == analysis["total"]
    assert analysis["month"] == f"{month:%Y-%m}"


def test_a_season_is_what_comes_every_year(client: TestClient, dora: dict[str, str]) -> None:
    told = asked(client, dora, "/api/analytics/seasonal-patterns")
    assert len(told["months"]) == 12
    (gifts,) = [each for each in told["patterns"] if each["category"] == "gifts"]
    assert (gifts["month"], gifts["years"], gifts["average"]) == (12, 2, Decimal(300))
    months: dict[date, Decimal] = defaultdict(Decimal)
    for line in SPENT:
        months[day_of(line).replace(day=1)] += euros([line])
    decembers = [spent for month, spent in months.items() if month.month == 12]
    december = next(each for each in told["months"] if each["month"] == 12)
    assert abs(december["average"] - sum(decembers) / len(decembers)) <= CENT


def test_an_income_that_was_not_stated_is_read_off_statements(
    client: TestClient, dora: dict[str, str]
) -> None:
    me = asked(client, dora, "/api/users/me")
    assert (me["income"], me["income_is_stated"]) == (Decimal(2000), False)
    income = asked(client, dora, "/api/cohort/income_classification")
    assert (income["monthly_income"], income["basis"], income["tier"]) == (Decimal(2000), "statements", None)
    assert (income["range"]["low"], income["range"]["high"]) == (2000, 2000)


def test_a_category_has_its_year(client: TestClient, dora: dict[str, str]) -> None:
    told = asked(client, dora, "/api/behavior/category/dining")
    dinners = [line for line in SPENT if line.category_code == "restaurants" and line.days_ago <= 365]
    assert (told["total"], told["purchases"]) == (euros(dinners), len(dinners))
    assert sum(month["spent"] for month in told["months"]) == told["total"]
    assert told["merchants"] == [{"merchant": "Osteria", "visits": len(dinners), "spent": euros(dinners)}]


def test_progress_sets_the_later_months_beside_the_earlier(client: TestClient, dora: dict[str, str]) -> None:
    told = asked(client, dora, "/api/behavior/progress?months=6")
    values = {each["code"]: each for each in told["metrics"]}
    assert told["months"] == 6
    assert set(values) == {"monthly_spending", "saving_rate", "days_within_plan"}
    assert set(told["improvements"]) <= {each["name"] for each in told["metrics"]}
    first = DORA.today.replace(day=1)
    late = [(first - timedelta(days=1)).replace(day=1)]
    late += [(late[-1] - timedelta(days=1)).replace(day=1)]
    late += [(late[-1] - timedelta(days=1)).replace(day=1)]
    spent = sorted(euros([line for line in SPENT if day_of(line).replace(day=1) == month]) for month in late)
    assert values["monthly_spending"]["value"] == spent[1]


def test_adaptations_say_how_budgets_changed(client: TestClient, dora: dict[str, str]) -> None:
    for method, path in (("GET", "/api/budget/adaptations"), ("POST", "/api/budget/auto_adapt")):
        told = asked(client, dora, path, method)
        assert told["enough_data"] is True
        assert told["period_start"] == str(DORA.today.replace(day=1))
        assert all(each["after"] - each["before"] == each["change"] for each in told["adaptations"])


def test_a_day_is_explained_by_its_own_numbers(client: TestClient, dora: dict[str, str]) -> None:
    line = next(line for line in SPENT if line.category_code == "restaurants")
    day = asked(client, dora, f"/api/budget/daily/{day_of(line)}")
    told = asked(
        client, dora, "/api/ai/day-status-explanation", "POST",
        date=str(day_of(line)), status="over", recommendations=["Wait"],
    )  # fmt: skip
    assert (told["spent"], told["limit"], told["status"]) == (day["spent"], day["limit"], day["status"])
    assert f"{told['spent']} of {told['limit']} EUR" in told["explanation"]


def test_a_behavior_calendar_agrees_with_the_plan(client: TestClient, dora: dict[str, str]) -> None:
    today = DORA.today
    told = asked(client, dora, "/api/behavior/calendar", "POST", year=today.year, month=today.month)
    days = asked(client, dora, "/api/budget/daily")
    assert {day: each["spent"] for day, each in told["calendar"].items()} == {
        day["date"]: day["spent"] for day in days
    }


def test_a_purchase_is_placed_among_its_likes(client: TestClient, dora: dict[str, str]) -> None:
    path = "/api/behavior/expense_suggestions"
    told = asked(
        client, dora, path, "POST", category="dining", amount=1, description="", date=str(DORA.today)
    )
    assert told["percentile"] == 0
    assert f"{told['usual_amount']}" in told["suggestions"][0]
    assert asked(client, dora, path, "POST", category="dining", amount=1000)["percentile"] == 100


def test_who_has_too_little_is_told_so(client: TestClient) -> None:
    """A newcomer has nothing at all, Kenji one purchase."""
    for person in (NEWCOMER, KENJI):
        headers = sign_in(client, person)
        for path in ("/api/behavior/patterns", "/api/behavior/triggers", "/api/analytics/seasonal-patterns"):
            assert asked(client, headers, path)["enough_data"] is False
    assert asked(client, sign_in(client, NEWCOMER), "/api/users/me")["income"] == 0


def test_only_goals_and_usage_are_still_to_come(client: TestClient, dora: dict[str, str]) -> None:
    """Every other path has a figure for somebody with two years of purchases."""
    nothing = set()
    for method, path, *_ in TO_COME:
        place = path.replace("{category}", "dining").replace(
            "{user_id}/{feature}", f"{own_id(dora)}/calendar"
        )
        body = {"category": "dining", "amount": 5} if method == "POST" else {}
        told = asked(client, dora, place, method, **body) if "{" not in place else None
        if isinstance(told, dict) and told.get("enough_data") is False:
            nothing.add(path)
    by_models_and_others = {
        "/api/budget/forecast", "/api/ai/spending-prediction", "/api/behavior/predictions",
        "/api/ai/snapshot", "/api/ai/profile", "/api/behavior/analysis", "/api/behavior/cluster",
        "/api/cohort/insights",
        "/api/ai/personalized-feedback", "/api/ai/assistant", "/api/ai/monthly-report",
        "/api/ai/savings-optimization", "/api/behavior/recommendations", "/api/analytics/cohort-comparison",
    }  # fmt: skip
    to_come = {"/api/ai/goal-analysis", "/api/analytics/feature-usage/{user_id}/{feature}"}
    assert nothing <= by_models_and_others | to_come


def test_premium_is_told_to_its_owner_alone(
    client: TestClient, dora: dict[str, str], kenji: dict[str, str]
) -> None:
    own = f"/api/users/{own_id(dora)}"
    assert asked(client, dora, f"{own}/premium-status") == {"is_premium": False, "subscription": None}
    assert asked(client, dora, f"{own}/premium-features") == {"features": []}
    assert asked(client, dora, f"{own}/subscription-history") == []
    for path in ("premium-status", "premium-features", "subscription-history"):
        assert client.get(f"{own}/{path}", headers=kenji).status_code == 404
