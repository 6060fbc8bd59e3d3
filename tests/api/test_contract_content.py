"""What the core calls of the client are answered is true: sums, days and ids, by the facts that stand behind.

One check a call, found by the call's own words; a core call without one fails.
"""

from __future__ import annotations

import json
from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jwt
import pytest

from tests.api.conftest import sign_in
from tests.api.contract import calls, own_id
from tests.api.people import DORA, PASSWORD, Line, Person, move_in
from tests.api.test_contract import ELSEWHERE, STEPS

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse

CENT = Decimal("0.01")
CLIENT_NAMES = {"restaurants": "dining", "groceries": "groceries", "rent": "rent", "gifts": "gifts"}
SPENT = [line for line in DORA.lines if line.amount_minor < 0]


@dataclass
class Asking:
    """Somebody who asks; whose facts the answers are held against is Dora, or somebody who may write."""

    client: TestClient
    headers: dict[str, str]

    def __call__(self, method: str, path: str, status: int = 200, **body: object) -> Any:  # noqa: ANN401
        answer = self.client.request(method, path, headers=self.headers, json=body or None)
        assert answer.status_code == status, answer.text
        told = json.loads(answer.text, parse_float=Decimal) if answer.content else None
        return told["data"] if isinstance(told, dict) and "data" in told else told

    def get(self, path: str) -> Any:  # noqa: ANN401
        """What is answered there."""
        return self("GET", path)

    def buy(self, amount: float, category: str = "dining") -> Any:  # noqa: ANN401
        """A purchase of now."""
        body = {"amount": amount, "category": category, "merchant": "Café", "notes": "with Ana"}
        return self("POST", "/api/transactions/", status=201, **body)


@pytest.fixture(scope="module")
def dora(client: TestClient) -> Asking:
    return Asking(client, sign_in(client, DORA))


@pytest.fixture
def somebody(client: TestClient, built: Warehouse) -> Asking:
    lines = (Line(0, -999, "coffee", "ESPRESSO", "Espresso"), Line(40, 200_000, "salary"))
    person = Person(f"{uuid4()}@example.org", "EUR", "UTC", 200_000, 10_000, lines)
    move_in(built, person)
    return Asking(client, sign_in(client, person))


def day_of(line: Line) -> date:
    return DORA.today - timedelta(days=line.days_ago)


def euros(lines: list[Line]) -> Decimal:
    return -sum(line.amount_minor for line in lines) * CENT


def by_day(month: date) -> dict[str, Decimal]:
    """What Dora spent on each day of a month, bills too."""
    days: dict[str, Decimal] = defaultdict(Decimal)
    for line in SPENT:
        if day_of(line).replace(day=1) == month:
            days[day_of(line).isoformat()] += euros([line])
    return days


def by_category(month: date) -> dict[str, Decimal]:
    spent: dict[str, Decimal] = defaultdict(Decimal)
    for line in SPENT:
        if day_of(line).replace(day=1) == month:
            spent[CLIENT_NAMES[line.category_code]] += euros([line])
    return dict(spent)


THIS = DORA.today.replace(day=1)
LAST = (THIS - timedelta(days=1)).replace(day=1)


def check_me(dora: Asking, _: Asking) -> None:
    me = dora.get("/api/users/me")
    assert (me["id"], me["email"]) == (own_id(dora.headers), DORA.email)
    assert (me["income"], me["currency"], me["timezone"]) == (2000, "EUR", "UTC")
    assert datetime.fromisoformat(me["member_since"]).date() == DORA.today


def check_change_of_me(_: Asking, somebody: Asking) -> None:
    given = {"name": "Ana", "income": 1234.5, "savings_goal": 99, "region": "Varna", "dark_mode": True}
    somebody("PATCH", "/api/users/me", 200, **given)
    me = somebody.get("/api/users/me")
    assert (me["name"], me["income"], me["savings_goal"]) == ("Ana", Decimal("1234.50"), 99)
    assert (me["region"], me["dark_mode_enabled"], me["income_is_stated"]) == ("Varna", True, True)


def check_premium(dora: Asking, _: Asking) -> None:
    mine = f"/api/users/{own_id(dora.headers)}"
    assert dora.get(f"{mine}/premium-status")["subscription"] is None
    assert dora.get(f"{mine}/premium-features")["features"] == []


def check_onboarding(_: Asking, somebody: Asking) -> None:
    somebody(
        "POST", "/api/onboarding/submit", region="BG", timezone="Europe/Sofia",
        income={"monthly_income": 1500.5, "additional_income": 100}, fixed_expenses={"rent": 400},
        goals={"savings_goal_amount_per_month": 150}, spending_habits={}, _meta={},
    )  # fmt: skip
    me = somebody.get("/api/users/me")
    assert (me["income"], me["savings_goal"]) == (Decimal("1600.50"), 150)
    assert (me["has_onboarded"], me["timezone"], me["country"]) == (True, "Europe/Sofia", "BG")


def check_dashboard(dora: Asking, somebody: Asking) -> None:
    screen = dora.get("/api/dashboard")
    assert screen["balance"] == Decimal("500.00")
    monday = DORA.today - timedelta(days=DORA.today.weekday())
    days = {**by_day(LAST), **by_day(THIS), **by_day((LAST - timedelta(days=1)).replace(day=1))}
    week = [(monday + timedelta(days=n)).isoformat() for n in range(7)]
    assert [day["date"] for day in screen["week"]] == week
    assert [day["spent"] for day in screen["week"]] == [days.get(day, Decimal(0)) for day in week]
    latest = sorted(SPENT, key=lambda line: line.days_ago)[:10]
    assert sum(each["amount"] for each in screen["transactions"]) == euros(latest)
    before = somebody.get("/api/dashboard")
    bought = somebody.buy(12.5)
    after = somebody.get("/api/dashboard")
    assert after["spent"] - before["spent"] == Decimal("12.50")
    assert bought["id"] in {each["id"] for each in after["transactions"]}
    assert sum(target["spent"] for target in after["daily_targets"]) == after["spent"]


def check_saved_month(dora: Asking, _: Asking) -> None:
    for month in (LAST, THIS):
        days = dora.get(f"/api/calendar/saved/{month.year}/{month.month}")["calendar"]
        count = monthrange(month.year, month.month)[1]
        assert [day["day"] for day in days] == list(range(1, count + 1))
        assert {day["date"]: day["spent"] for day in days if day["spent"]} == by_day(month)
        for day in days:
            parts = day["planned_budget"].values()
            assert sum(part["planned"] for part in parts) == day["limit"] == day["total"]
            assert sum(part["spent"] for part in parts) == day["spent"]


def check_shell(_: Asking, somebody: Asking) -> None:
    drawn = somebody(
        "POST", "/api/calendar/shell", year=2028, month=2, income=1000.01, savings_target=100,
        fixed={"rent": 300}, weights={"groceries": 0.7, "dining": 0.3},
    )["calendar"]  # fmt: skip
    assert [day["date"] for day in drawn] == [f"2028-02-{n:02}" for n in range(1, 30)]
    assert sum(day["limit"] for day in drawn) == Decimal("600.01")
    groceries = sum(day["planned_budget"]["groceries"]["planned"] for day in drawn)
    assert abs(groceries - Decimal("420.007")) <= CENT


def check_list(dora: Asking, _: Asking) -> None:
    listed = dora.get("/api/transactions/?limit=100")
    latest = sorted(SPENT, key=lambda line: line.days_ago)[:100]
    assert Counter((row["spent_at"][:10], row["amount"], row["category"]) for row in listed) == Counter(
        (day_of(line).isoformat(), euros([line]), CLIENT_NAMES[line.category_code]) for line in latest
    )
    assert [row["spent_at"] for row in listed] == sorted((row["spent_at"] for row in listed), reverse=True)
    assert len({row["id"] for row in listed}) == len(listed)
    assert dora.get("/api/transactions?limit=100") == listed


def check_pages(dora: Asking, _: Asking) -> None:
    """Pages of seven, put together, are the whole list, nothing twice."""
    month = f"start_date={LAST}&end_date={THIS - timedelta(days=1)}"
    whole = dora.get(f"/api/transactions/?{month}&limit=100")
    paged = [
        row
        for skip in range(0, len(whole) + 7, 7)
        for row in dora.get(f"/api/transactions/?{month}&limit=7&skip={skip}")
    ]
    assert [row["id"] for row in paged] == [row["id"] for row in whole]
    assert sum(row["amount"] for row in whole) == sum(by_day(LAST).values())


def check_added(_: Asking, somebody: Asking) -> None:
    bought = somebody.buy(3.1)
    assert (bought["amount"], bought["category"], bought["currency"]) == (Decimal("3.10"), "dining", "EUR")
    assert (bought["merchant"], bought["notes"]) == ("Café", "with Ana")
    assert somebody.get(f"/api/transactions/{bought['id']}") == bought
    assert bought in somebody.get("/api/transactions/")


def check_changed(_: Asking, somebody: Asking) -> None:
    bought = somebody.buy(3.1)
    place = f"/api/transactions/{bought['id']}"
    changed = somebody("PUT", place, amount=7.25, category="groceries", notes="alone")
    assert (changed["amount"], changed["category"], changed["notes"]) == (
        Decimal("7.25"), "groceries", "alone",
    )  # fmt: skip
    assert (changed["id"], changed["merchant"]) == (bought["id"], "Café")
    assert somebody.get(place)["amount"] == Decimal("7.25")
    assert somebody.get("/api/budget/spent")["groceries"] == Decimal("7.25")


def check_deleted(_: Asking, somebody: Asking) -> None:
    before = somebody.get("/api/budget/spent")
    bought = somebody.buy(3.1)
    assert somebody.get("/api/budget/spent") != before
    somebody("DELETE", f"/api/transactions/{bought['id']}")
    somebody("GET", f"/api/transactions/{bought['id']}", status=404)
    assert somebody.get("/api/budget/spent") == before


def check_by_date(dora: Asking, _: Asking) -> None:
    for line in (SPENT[0], SPENT[20]):
        alike = [other for other in SPENT if other.days_ago == line.days_ago]
        listed = dora.get(f"/api/transactions/by-date?date={day_of(line)}")
        assert isinstance(listed, list)
        assert sum(row["amount"] for row in listed) == euros(alike)
        assert {row["date"] for row in listed} == {day_of(line).isoformat()}


def check_affordability(_: Asking, somebody: Asking) -> None:
    day = next(
        day
        for day in somebody.get("/api/budget/daily")
        if day["date"] == datetime.now().date().isoformat()  # noqa: DTZ005
    )
    assert day["limit"] >= 0
    path = "/api/transactions/check-affordability"
    fits = somebody("POST", path, category="groceries", amount=0.01)
    left = fits["remaining_budget"]
    assert fits["can_afford"] == (left >= CENT)
    too_much = somebody("POST", path, category="groceries", amount=float(left) + 5)
    assert (too_much["can_afford"], too_much["overage"]) == (False, 5)
    assert all(other["available"] > 0 for other in too_much["alternative_categories"])


def check_daily(dora: Asking, _: Asking) -> None:
    days = dora.get("/api/budget/daily")
    saved = dora.get(f"/api/calendar/saved/{THIS.year}/{THIS.month}")["calendar"]
    assert [(day["date"], day["limit"], day["spent"]) for day in days] == [
        (day["date"], day["limit"], day["spent"]) for day in saved
    ]


def check_spent(dora: Asking, _: Asking) -> None:
    for month in (LAST, THIS):
        spent = dora.get(f"/api/budget/spent?year={month.year}&month={month.month}")
        assert spent == by_category(month)


def check_remaining(dora: Asking, _: Asking) -> None:
    told = dora.get(f"/api/budget/remaining?year={LAST.year}&month={LAST.month}")
    assert told["total_spent"] == sum(by_category(LAST).values())
    assert told["remaining"] == told["total_budget"] - told["total_spent"]
    assert sum(told["categories"].values()) == told["remaining"]


def check_live_status(dora: Asking, _: Asking) -> None:
    told = dora.get("/api/budget/live_status")
    assert told["monthly_spent"] == told["total_spent"] == sum(by_category(THIS).values())
    assert told["monthly_budget"] == told["total_budget"] == dora.get("/api/budget/remaining")["total_budget"]
    assert told["remaining_today"] == told["daily_budget"] - told["spent_today"]
    assert told["on_track"] == (told["monthly_spent"] <= told["monthly_budget"])


def check_mode(_: Asking, somebody: Asking) -> None:
    for mode in ("strict", "goal", "default"):
        somebody("PATCH", "/api/budget/mode", mode=mode)
        assert somebody.get("/api/budget/mode") == {"mode": mode}


def check_automation(_: Asking, somebody: Asking) -> None:
    path = "/api/budget/automation_settings"
    usual = somebody.get(path)
    assert set(usual.values()) == {True}
    somebody("PATCH", path, realtime_alerts=False)
    assert somebody.get(path) == usual | {"realtime_alerts": False}


def check_history(dora: Asking, somebody: Asking) -> None:
    for move in dora.get("/api/budget/redistribution_history"):
        assert move["amount"] > 0
        assert move["from_code"] != move["to_code"]
        assert DORA.today - timedelta(days=93) <= date.fromisoformat(move["date"]) <= DORA.today
    moved = {"from_category": "groceries", "to_category": "dining", "amount": 5}
    somebody("POST", "/api/budget/adjust", status=201, **moved)
    own = [each for each in somebody.get("/api/budget/redistribution_history") if each["reason"] == "user"]
    assert [(each["from"], each["to"], each["amount"]) for each in own] == [("groceries", "dining", 5)]


def check_monthly(dora: Asking, _: Asking) -> None:
    told = dora.get(f"/api/analytics/monthly?year={LAST.year}&month={LAST.month}")
    assert {each["category"]: each["total"] for each in told["categories"]} == by_category(LAST)
    assert told["total"] == sum(by_category(LAST).values())
    bought = [line for line in SPENT if day_of(line).replace(day=1) == LAST]
    assert sum(each["purchases"] for each in told["categories"]) == len(bought)


def check_suggestions(dora: Asking, _: Asking) -> None:
    told = dora("POST", "/api/ai/category-suggestions", description="LIDL SOFIA 123", amount=12.5)
    sure = [each["confidence"] for each in told]
    assert told[0]["category"] == "groceries"
    assert sure == sorted(sure, reverse=True)
    assert sum(sure) <= 1 + CENT


def check_assistant(dora: Asking, _: Asking) -> None:
    told = dora("POST", "/api/ai/assistant", question="How am I doing?", context=None)
    assert told["answer"].strip()


def check_score(dora: Asking, _: Asking) -> None:
    told = dora.get("/api/ai/financial-health-score")
    known = [points for points in told["parts"].values() if points is not None]
    assert told["enough_data"] == (len(known) >= 3)
    if told["enough_data"]:
        assert abs(told["score"] - Decimal(sum(known)) / len(known)) <= Decimal("0.5")
        assert told["risk_score"] == 100 - told["score"]


def check_tokens(_: Asking, somebody: Asking) -> None:
    """Registering, signing in and refreshing give tokens of the same person, for two hours."""
    account = {"email": f"{uuid4()}@example.org", "password": PASSWORD, "country": "US",
               "annual_income": 60_000, "timezone": "America/New_York"}  # fmt: skip
    stranger = Asking(somebody.client, {})
    first = stranger("POST", "/api/auth/register", status=201, **account)
    second = stranger("POST", "/api/auth/login", email=account["email"], password=PASSWORD)
    renewed = stranger("POST", "/api/auth/refresh-token", refresh_token=second["refresh_token"])
    told = [jwt.decode(each["access_token"], options={"verify_signature": False})
            for each in (first, second, renewed)]  # fmt: skip
    assert len({each["sub"] for each in told}) == 1
    assert {each["exp"] - each["iat"] for each in told} == {7200}
    assert renewed["refresh_token"] != second["refresh_token"]
    stranger.headers = {"authorization": f"Bearer {renewed['access_token']}"}
    me = stranger.get("/api/users/me")
    assert (me["email"], me["income"], me["country"]) == (account["email"], 5000, "US")
    stranger("POST", "/api/auth/logout", refresh_token=renewed["refresh_token"])
    stranger("GET", "/api/users/me", status=401)


def check_forgotten(_: Asking, somebody: Asking) -> None:
    """Nobody learns whether an address is known."""
    known = somebody.get("/api/users/me")["email"]
    answers = [
        somebody.client.post("/api/auth/forgot-password", json={"email": email}).json()
        for email in (known, "nobody@example.org")
    ]
    assert answers[0]["data"] == answers[1]["data"]


def check_new_password(_: Asking, somebody: Asking) -> None:
    new = "another long and quiet passphrase"
    email = somebody.get("/api/users/me")["email"]
    somebody("POST", "/api/auth/change-password", current_password=PASSWORD, new_password=new)
    stranger = Asking(somebody.client, {})
    stranger("POST", "/api/auth/login", status=401, email=email, password=PASSWORD)
    assert stranger("POST", "/api/auth/login", email=email, password=new)["access_token"]


CHECKS: dict[str, Callable[[Asking, Asking], None]] = {
    "POST /api/auth/register": check_tokens,
    "POST /api/auth/login": check_tokens,
    "POST /api/auth/refresh-token": check_tokens,
    "POST /api/auth/logout": check_tokens,
    "POST /api/auth/forgot-password": check_forgotten,
    "POST /api/auth/change-password": check_new_password,
    "GET /api/users/me": check_me,
    "PATCH /api/users/me": check_change_of_me,
    "GET /api/users/{user_id}/premium-status": check_premium,
    "GET /api/users/{user_id}/premium-features": check_premium,
    "POST /api/onboarding/submit": check_onboarding,
    "GET /api/dashboard": check_dashboard,
    "GET /api/calendar/saved/{year}/{month}": check_saved_month,
    "POST /api/calendar/shell": check_shell,
    "GET /api/transactions/": check_list,
    "POST /api/transactions/": check_added,
    "GET /api/transactions/{id}": check_added,
    "PUT /api/transactions/{id}": check_changed,
    "DELETE /api/transactions/{id}": check_deleted,
    "GET /api/transactions/by-date": check_by_date,
    "POST /api/transactions/check-affordability": check_affordability,
    "GET /api/budget/daily": check_daily,
    "GET /api/budget/spent": check_spent,
    "GET /api/budget/remaining": check_remaining,
    "GET /api/budget/live_status": check_live_status,
    "GET /api/budget/mode": check_mode,
    "PATCH /api/budget/mode": check_mode,
    "GET /api/budget/redistribution_history": check_history,
    "GET /api/budget/automation_settings": check_automation,
    "PATCH /api/budget/automation_settings": check_automation,
    "GET /api/analytics/monthly": check_monthly,
    "POST /api/ai/category-suggestions": check_suggestions,
    "POST /api/ai/assistant": check_assistant,
    "GET /api/ai/financial-health-score": check_score,
}


@pytest.mark.parametrize("check", [*dict.fromkeys(CHECKS.values()), check_pages])
def test_a_core_call_tells_the_truth(
    dora: Asking, somebody: Asking, check: Callable[[Asking, Asking], None]
) -> None:
    check(dora, somebody)


def test_no_core_call_is_without_a_check() -> None:
    """Photos, mailed links and foreign signatures have tests of their own (``ELSEWHERE``)."""
    core = {str(call) for call in calls() if call.is_core and not ELSEWHERE.search(call.path)}
    assert core - CHECKS.keys() == set()
    assert all(path.endswith(STEPS) or path in CHECKS for path in core)
