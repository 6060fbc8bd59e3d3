"""Every call of the existing client: what it sends is taken, and what it reads is there."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.api.conftest import sign_in
from tests.api.contract import Call, calls, contract_file, fields_in, matches, own_id, values_at
from tests.api.people import MARIA, PASSWORD, Line, Person, move_in

if TYPE_CHECKING:
    from httpx2 import Response
    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse

CALLS = calls()
NOW = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
TODAY = NOW[:10]
#: Examples by the name of a field, where the description's type alone does not make one.
BY_NAME: dict[str, Any] = {
    "email": MARIA.email,
    "password": PASSWORD,
    "current_password": PASSWORD,
    "new_password": "another long and quiet passphrase",
    "country": "BG",
    "timezone": "Europe/Sofia",
    "annual_income": 24000,
    "client_id": "mita_flutter_app",
    "redirect_url": "mita://app",
    "timestamp": "2026-03-14T10:00:00.000",
    "confirmation": "true",
    "budget_method": "50/30/20",
    "currency": "EUR",
    "category": "groceries",
    "spent_at": NOW,
    "date": NOW,
    "start_date": "2020-01-01T00:00:00.000Z",
    "end_date": NOW,
    "status": "over",
    "recommendations": ["Wait"],
    "mode": "goal",
    "region": "BG",
    "income": 2000,
    "limit": 10,
    "q": "l",
    "confidence_score": 0.9,
    "weights": {"groceries": 0.6, "dining": 0.4},
    "fixed": {"rent": 600},
    "year": datetime.now(tz=UTC).year,
    "month": datetime.now(tz=UTC).month,
    "days": 30,
    "months": 6,
    "days_ahead": 30,
    "calendar": {"1": {"total": 30, "limit": 20}, "2": {"total": 0, "limit": 20}},
    "calendar_log": {},
}
#: Bodies that the description tells in prose.
BODIES: dict[str, dict[str, Any]] = {
    "PATCH /api/users/me": {"name": "Maria", "income": 2100.5, "savings_goal": 100, "region": "BG",
                            "budget_method": "50/30/20", "dark_mode": True, "notifications": True},
    "POST /api/onboarding/submit": {
        "region": "US", "timezone": "America/New_York",
        "income": {"monthly_income": 4200.5, "additional_income": 0},
        "fixed_expenses": {"rent": 1200, "internet": 40.5},
        "spending_habits": {"dining_out_per_month": 4, "coffee_per_week": 3},
        "goals": {"savings_goal_amount_per_month": 300, "savings_goal_type": "save_more",
                  "has_emergency_fund": True, "all_goals": ["save_more"]},
        "_meta": {"countryCode": "US", "stateCode": "NY", "incomeTier": "mid", "goals_list": []},
    },
    "PUT /api/transactions/{id}": {"amount": 7.25, "category": "dining", "notes": "Subcategory: lunch"},
    "POST /api/behavior/expense_suggestions": {
        "category": "dining", "amount": 12.5, "description": "lunch", "date": TODAY,
    },
    "POST /api/behavior/calendar": {"year": 2026, "month": 3, "profile": {}, "mood_log": {}},
}  # fmt: skip
#: What the receipts' own tests run, and what a mailed token is needed for.
#: Told step by step, as each needs what the one before gave.
STEPS = ("/register", "/login", "/refresh-token", "/logout")
ELSEWHERE = re.compile(r"/receipt|/ocr/|google|reset|delete-account")


@pytest.fixture(autouse=True)
def described() -> None:
    if not CALLS:
        pytest.skip(f"{contract_file()} is not here; set MITA_CONTRACT to the folder of mobile_client.json")


@pytest.fixture
def somebody(client: TestClient, built: Warehouse) -> dict[str, str]:
    """Somebody whose data the call may change."""
    person = Person(
        f"{uuid4()}@example.org", "EUR", "Europe/Sofia", 200_000, 1_000, (Line(0, -999, "coffee"),)
    )
    move_in(built, person)
    return sign_in(client, person)


def body_of(call: Call) -> dict[str, Any]:
    """A body as the description tells of it."""
    if (told := BODIES.get(str(call))) is not None:
        return told
    if "same as POST" in call.request:
        return {"amount": 1, "category": "dining"}
    return {name: value_of(name, str(kind)) for name, kind in call.request.items()}


def value_of(name: str, kind: str) -> Any:  # noqa: ANN401 - JSON
    if name in BY_NAME:
        return BY_NAME[name]
    if kind.startswith(("number", "int")):
        return 12.5 if kind.startswith("number") else 12
    if kind.startswith("bool"):
        return True
    if "[]" in kind:
        return ["one"]
    if kind.startswith("map"):
        return None if "null" in kind else {}
    return "text"


def send(client: TestClient, call: Call, headers: dict[str, str], path: str | None = None) -> Response:
    """The call as the client makes it."""
    query = {name: value_of(name, kind) for name, kind in call.query.items()}
    if "OR" in str(call.query):
        query = {"days": 30}
    if call.path.endswith(("by-date", "budget-status")):
        query = {"date": TODAY if call.path.endswith("by-date") else NOW}
    return client.request(
        call.method,
        path or path_of(client, call, headers),
        params=query,
        json=body_of(call) if call.encoding == "json" else None,
        headers=headers,
    )


def path_of(client: TestClient, call: Call, headers: dict[str, str]) -> str:
    places = {"year": BY_NAME["year"], "month": BY_NAME["month"], "feature": "calendar", "category": "dining"}
    path = call.path
    for name, value in places.items():
        path = path.replace(f"{{{name}}}", str(value))
    if "{user_id}" in path:
        path = path.replace("{user_id}", own_id(headers))
    if "{id}" in path:
        purchase = {"amount": 3.10, "category": "dining", "spent_at": NOW}
        created = client.post("/api/transactions/", json=purchase, headers=headers)
        path = path.replace("{id}", created.json()["data"]["id"])
    return path


def assert_reads(body: Any, call: Call) -> None:  # noqa: ANN401 - JSON
    """Every field that the client reads is there and of its kind."""
    for name, kind in call.reads.items():
        if "optional" in str(kind) or name in {"status", "<body>"} or not str(kind):
            continue
        for path in alternatives(name):
            for value in values_at(body, path):
                assert matches(value, str(kind)), (path, value, kind)
                for field in fields_in(str(kind)) if isinstance(value, dict) else ():
                    assert field in value, (path, field, value)


def alternatives(name: str) -> list[str]:
    """``data.a/b/c`` names three fields, ``a|b`` the first that the client looks for."""
    stem, _, last = name.rpartition(".")
    names = [part.split("|")[0] for part in last.split("/")]
    return [f"{stem}.{part}" if stem else part for part in names]


RUN = [call for call in CALLS if not ELSEWHERE.search(call.path)]


@pytest.mark.parametrize("call", RUN, ids=str)
def test_the_client_is_answered_as_it_reads(client: TestClient, somebody: dict[str, str], call: Call) -> None:
    if call.path.endswith(STEPS):
        pytest.skip("told step by step below")
    response = send(client, call, somebody if call.auth else {})
    assert response.status_code in {200, 201}, response.text
    body = response.json()
    if call.envelope == "data":
        assert body["success"] is True
    assert_reads(body, call)


@pytest.mark.parametrize("call", [call for call in RUN if call.path.endswith("/")], ids=str)
def test_collection_roots_answer_with_and_without_the_slash(
    client: TestClient, somebody: dict[str, str], call: Call
) -> None:
    for path in (call.path, call.path.rstrip("/")):
        assert send(client, call, somebody, path).status_code in {200, 201}


def test_somebody_registers_stays_signed_in_and_leaves(client: TestClient) -> None:
    account = {"email": f"{uuid4()}@example.org", "password": PASSWORD, "country": "US",
               "annual_income": 60000, "timezone": "America/New_York"}  # fmt: skip
    registered = client.post("/api/auth/register", json=account)
    assert registered.status_code == 201
    signed_in = client.post("/api/auth/login", json={"email": account["email"], "password": PASSWORD})
    assert signed_in.status_code == 200
    pair = signed_in.json()["data"]
    bearer = {"authorization": f"Bearer {pair['refresh_token']}"}
    refreshed = client.post(
        "/api/auth/refresh-token", json={"refresh_token": pair["refresh_token"]}, headers=bearer
    ).json()["data"]
    assert set(pair) == set(refreshed)
    headers = {"authorization": f"Bearer {refreshed['access_token']}"}
    me = client.get("/api/users/me", headers=headers).json()["data"]
    assert (me["currency"], me["income"], me["has_onboarded"]) == ("USD", 5000.0, True)
    assert client.post("/api/auth/logout", json={}, headers=headers).status_code == 200
    assert client.get("/api/users/me", headers=headers).status_code == 401


def test_an_account_can_be_deleted_as_the_client_asks(client: TestClient, somebody: dict[str, str]) -> None:
    body = {"timestamp": "2026-03-14T10:00:00.000", "confirmation": "true"}
    deleted = client.request("DELETE", "/api/auth/delete-account", json=body, headers=somebody)
    assert deleted.json()["success"] is True
    assert client.get("/api/users/me", headers=somebody).status_code == 401
