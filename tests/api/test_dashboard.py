"""The main screen, as the client reads it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.conftest import sign_in
from tests.api.people import KENJI, MARIA, NEWCOMER
from tests.api.shapes import (
    CATEGORIES,
    COLOR,
    ICONS,
    INSTANT,
    LIST,
    NUMBER,
    OBJECT,
    STRING,
    assert_shape,
    data_of,
)

if TYPE_CHECKING:
    from starlette.testclient import TestClient

WEEK = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


@pytest.fixture
def screen(client: TestClient, maria: dict[str, str]) -> dict[str, Any]:
    return dict(data_of(client.get("/api/dashboard", headers=maria)))


def test_the_main_screen_has_what_the_client_reads(screen: dict[str, Any]) -> None:
    assert_shape(
        screen,
        {
            "balance": NUMBER,
            "spent": NUMBER,
            "daily_targets": LIST,
            "week": LIST,
            "transactions": LIST,
            "insights_preview": OBJECT,
            "user_income": NUMBER,
            "goals": LIST,
            "goals_summary": OBJECT,
            "challenges": LIST,
            "challenges_summary": OBJECT,
        },
    )
    assert_shape(screen["insights_preview"], {"title": STRING, "text": STRING})
    assert screen["goals_summary"] == {"total_active": 0, "near_completion": 0, "overdue": 0}
    assert screen["challenges_summary"] == {
        "active_challenges": 0,
        "completed_this_month": 0,
        "current_streak": 0,
    }


def test_todays_figures_are_those_of_the_facts(screen: dict[str, Any]) -> None:
    assert screen["balance"] == Decimal("1234.56")
    assert screen["spent"] == Decimal("13.70")
    assert screen["user_income"] == Decimal("2000.00")


def test_targets_are_todays_categories(screen: dict[str, Any]) -> None:
    for target in screen["daily_targets"]:
        assert_shape(
            target, {"category": STRING, "limit": NUMBER, "spent": NUMBER, "icon": STRING, "color": STRING}
        )
        assert target["category"] in CATEGORIES
        assert target["icon"] in ICONS
        assert COLOR.fullmatch(target["color"])
    spent = {target["category"]: target["spent"] for target in screen["daily_targets"]}
    assert (spent["groceries"], spent["dining"]) == (Decimal("7.50"), Decimal("6.20"))
    assert sum(spent.values()) == screen["spent"]


def test_the_week_runs_from_monday_to_sunday(screen: dict[str, Any]) -> None:
    for day in screen["week"]:
        assert_shape(day, {"day": STRING, "status": STRING, "spent": NUMBER, "budget": NUMBER})
        assert day["status"] in {"good", "warning", "over"}
    assert [day["day"] for day in screen["week"]] == WEEK
    today = next(day for day in screen["week"] if day["date"] == MARIA.today.isoformat())
    assert today["day"] == WEEK[MARIA.today.weekday()]
    assert today["spent"] == screen["spent"]


def test_the_latest_purchases_come_with_icon_and_colour(screen: dict[str, Any]) -> None:
    for item in screen["transactions"]:
        assert_shape(
            item,
            {
                "id": STRING,
                "amount": NUMBER,
                "category": STRING,
                "action": STRING,
                "date": STRING,
                "icon": STRING,
                "color": STRING,
            },
        )
        assert INSTANT.fullmatch(item["date"])
        assert item["icon"] in ICONS
    dates = [item["date"] for item in screen["transactions"]]
    assert dates == sorted(dates, reverse=True)


def test_a_purchase_is_called_by_its_merchant_else_by_the_banks_text(screen: dict[str, Any]) -> None:
    names = {item["action"] for item in screen["transactions"]}
    assert {"Lidl", "Кафе Вавилон", "HAPPY BAR & GRILL"} <= names
    assert "SALARY" not in names


def test_a_newcomer_sees_an_honest_empty_screen(client: TestClient) -> None:
    screen = data_of(client.get("/api/dashboard", headers=sign_in(client, NEWCOMER)))
    assert screen["daily_targets"] == screen["transactions"] == screen["goals"] == []
    assert screen["balance"] == screen["spent"] == screen["user_income"] == 0
    assert [day["day"] for day in screen["week"]] == WEEK
    assert {(day["spent"], day["budget"], day["status"]) for day in screen["week"]} == {(0, 0, "good")}
    assert screen["insights_preview"]["title"] == "No plan yet"


def test_yen_have_no_decimals(client: TestClient, kenji: dict[str, str]) -> None:
    response = client.get("/api/dashboard", headers=kenji)
    screen = data_of(response)
    assert (screen["balance"], screen["spent"], screen["currency"]) == (98_765, 1_250, KENJI.currency)
    assert all(isinstance(screen[name], int) for name in ("balance", "spent", "user_income"))


@pytest.mark.parametrize("path", ["/api/dashboard", "/api/dashboard/"])
def test_both_spellings_answer_without_a_redirect(
    client: TestClient, maria: dict[str, str], path: str
) -> None:
    assert client.get(path, headers=maria).status_code == 200
