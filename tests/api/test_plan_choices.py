"""What a user decides about their plan over HTTP: in force with the answer, for its owner only."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.api.conftest import sign_in
from tests.api.people import Line, Person, move_in
from tests.api.shapes import data_of, error_of

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse

Headers = dict[str, str]


def a_person(built: Warehouse, income_minor: int | None) -> Person:
    lines = (Line(0, -1_250, "groceries"), Line(3, -4_000, "restaurants"), Line(35, -60_000, "rent"))
    person = Person(f"{uuid4()}@example.org", "EUR", "Europe/Sofia", income_minor, 1_000, lines)
    move_in(built, person)
    return person


@pytest.fixture
def person(built: Warehouse) -> Person:
    return a_person(built, 200_000)


@pytest.fixture
def somebody(client: TestClient, person: Person) -> Headers:
    return sign_in(client, person)


@pytest.fixture
def stranger(client: TestClient, built: Warehouse) -> Headers:
    return sign_in(client, a_person(built, 1))


def plan_of(built: Warehouse, person: Person) -> dict[str, tuple[int, int]]:
    """Each category's budget for the running period and plan for today, in cents, as they are served."""
    query = text("""
        select plan.category_code, plan.budget_minor, plan.planned_minor
        from app.users as u
        cross join lateral marts.served_daily_plan(u.user_id, :today, :today) as plan
        where u.email = :email
    """)
    with built.transaction() as connection:
        found = connection.execute(query, {"email": person.email, "today": person.today})
        return {code: (budget, planned) for code, budget, planned in found}


def budgets(built: Warehouse, person: Person) -> dict[str, int]:
    """What categories have for the running period, those without anything left out."""
    return {code: budget for code, (budget, _) in plan_of(built, person).items() if budget}


def change(client: TestClient, headers: Headers, **settings: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return dict(data_of(client.patch("/api/budget/settings", json=settings, headers=headers)))


def commit(client: TestClient, headers: Headers, person: Person, **changes: Any) -> str:  # noqa: ANN401
    told = {"category_code": "gifts", "due_date": str(person.today), "amount": 50, "name": "birthday"}
    answer = client.post("/api/budget/commitments", json=told | changes, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["commitment_id"])


def test_an_income_makes_a_plan_that_sums_to_it_with_the_answer(client: TestClient, built: Warehouse) -> None:
    person = a_person(built, None)
    headers = sign_in(client, person)
    assert data_of(client.get("/api/budget/settings", headers=headers))["monthly_income"] is None
    assert change(client, headers, monthly_income=2500)["monthly_income"] == 2500
    assert sum(budgets(built, person).values()) == 250_000
    assert change(client, headers, monthly_income=None)["monthly_income"] is None
    assert sum(budgets(built, person).values()) == 0


def test_what_is_not_sent_stays(client: TestClient, somebody: Headers) -> None:
    changed = change(client, somebody, moves_mode="off", day_rule="save", pay_day=25)
    assert (changed["moves_mode"], changed["day_rule"], changed["pay_day"]) == ("off", "save", 25)
    assert (changed["method"], changed["monthly_income"]) == ("50/30/20", 2000)
    assert change(client, somebody, method="learned") == changed | {"method": "learned"}
    assert data_of(client.get("/api/budget/settings", headers=somebody)) == changed | {"method": "learned"}


def test_a_zero_based_plan_is_what_categories_were_given(
    client: TestClient, somebody: Headers, built: Warehouse, person: Person
) -> None:
    change(client, somebody, method="zero-based")
    for code, amount in (("groceries", 400), ("rent", "600.00"), ("gifts", 12.5)):
        answer = client.put(f"/api/budget/categories/{code}", json={"amount": amount}, headers=somebody)
        assert answer.status_code == 200, answer.text
    given = {"groceries": 40_000, "rent": 60_000, "gifts": 1_250}
    assert budgets(built, person).items() >= given.items()
    known = data_of(client.get("/api/budget/categories", headers=somebody))
    assert {one["category_code"]: one["amount"] for one in known} == {
        code: minor / 100 for code, minor in given.items()
    }
    assert client.delete("/api/budget/categories/gifts", headers=somebody).status_code == 200
    error_of(client.delete("/api/budget/categories/gifts", headers=somebody), 404)
    assert "gifts" not in budgets(built, person)


def test_a_share_of_the_income_is_exact(
    client: TestClient, somebody: Headers, built: Warehouse, person: Person
) -> None:
    change(client, somebody, method="percentage")
    for code, share in (("groceries", 0.2), ("rent", "0.3333")):
        client.put(f"/api/budget/categories/{code}", json={"share": share, "carry": "both"}, headers=somebody)
    assert budgets(built, person).items() >= {"groceries": 40_000, "rent": 66_660}.items()
    known = data_of(client.get("/api/budget/categories", headers=somebody))
    assert known[1] == {"category_code": "rent", "amount": None, "share": Decimal("0.3333"), "carry": "both"}


def test_what_is_due_is_set_aside_until_it_is_paid(
    client: TestClient, somebody: Headers, built: Warehouse, person: Person
) -> None:
    due = commit(client, somebody, person)
    assert plan_of(built, person)["gifts"][1] == 5_000
    (known,) = data_of(client.get("/api/budget/commitments", headers=somebody))
    assert (known["commitment_id"], known["amount"], known["transaction_id"]) == (due, 50, None)
    line = data_of(client.get("/api/transactions/", headers=somebody))[0]["id"]
    payment = f"/api/budget/commitments/{due}/payment"
    assert client.put(payment, json={"transaction_id": line}, headers=somebody).status_code == 200
    (known,) = data_of(client.get("/api/budget/commitments", headers=somebody))
    assert known["transaction_id"] == line
    assert client.put(payment, json={"transaction_id": None}, headers=somebody).status_code == 200
    assert client.delete(f"/api/budget/commitments/{due}", headers=somebody).status_code == 200
    assert data_of(client.get("/api/budget/commitments", headers=somebody)) == []
    assert plan_of(built, person).get("gifts", (0, 0))[1] < 5_000


def test_a_bill_sent_twice_with_one_key_is_due_once(
    client: TestClient, somebody: Headers, person: Person
) -> None:
    key = somebody | {"idempotency-key": str(uuid4())}
    assert commit(client, key, person) == commit(client, key, person)
    assert len(data_of(client.get("/api/budget/commitments", headers=somebody))) == 1


def test_the_clients_switch_is_the_plans_own(client: TestClient, somebody: Headers) -> None:
    switch = "/api/budget/automation_settings"
    assert data_of(client.get(switch, headers=somebody))["auto_redistribution"] is True
    told = client.patch(switch, json={"auto_redistribution": False}, headers=somebody)
    assert data_of(told)["auto_redistribution"] is False
    assert data_of(client.get("/api/budget/settings", headers=somebody))["moves_mode"] == "suggest"
    change(client, somebody, moves_mode="off")
    client.patch(switch, json={"auto_redistribution": False}, headers=somebody)
    assert data_of(client.get("/api/budget/settings", headers=somebody))["moves_mode"] == "off"
    client.patch(switch, json={"auto_redistribution": True}, headers=somebody)
    assert data_of(client.get("/api/budget/settings", headers=somebody))["moves_mode"] == "auto"


def test_nobody_reaches_anothers_choices(
    client: TestClient, somebody: Headers, stranger: Headers, person: Person
) -> None:
    change(client, somebody, method="zero-based")
    client.put("/api/budget/categories/groceries", json={"amount": 5}, headers=somebody)
    due = commit(client, somebody, person)
    line = data_of(client.get("/api/transactions/", headers=somebody))[0]["id"]
    assert data_of(client.get("/api/budget/settings", headers=stranger))["method"] == "50/30/20"
    for listed in ("categories", "commitments"):
        assert data_of(client.get(f"/api/budget/{listed}", headers=stranger)) == []
    payment = {"transaction_id": line}
    error_of(client.put(f"/api/budget/commitments/{due}/payment", json=payment, headers=stranger), 404)
    error_of(client.delete(f"/api/budget/commitments/{due}", headers=stranger), 404)
    error_of(client.delete("/api/budget/categories/groceries", headers=stranger), 404)


def test_a_payment_by_anothers_transaction_is_no_payment(
    client: TestClient, somebody: Headers, stranger: Headers, person: Person
) -> None:
    due = commit(client, somebody, person)
    theirs = data_of(client.get("/api/transactions/", headers=stranger))[0]["id"]
    told = {"transaction_id": theirs}
    error_of(client.put(f"/api/budget/commitments/{due}/payment", json=told, headers=somebody), 404)


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "by feel"},
        {"method": None},
        {"pay_day": 0},
        {"pay_day": 32},
        {"cycle": "semi-monthly", "pay_day": 16},
        {"monthly_income": -1},
        {"moves_mode": "sometimes"},
        {"cycle_anchor": "1999-01-01"},
        {"is_forecast": "perhaps"},
    ],
)
def test_settings_that_make_no_sense_change_nothing(
    client: TestClient, somebody: Headers, wrong: dict[str, Any]
) -> None:
    before = data_of(client.get("/api/budget/settings", headers=somebody))
    error_of(client.patch("/api/budget/settings", json=wrong, headers=somebody), 422)
    assert data_of(client.get("/api/budget/settings", headers=somebody)) == before


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("PATCH", "settings", {"monthly_income": 10.001}),
        ("PUT", "categories/groceries", {"amount": 10.001}),
        ("POST", "commitments", {"category_code": "gifts", "due_date": "2026-12-24", "amount": 10.001}),
    ],
)
def test_what_the_currency_cannot_express_is_refused_not_rounded(
    client: TestClient, somebody: Headers, method: str, path: str, told: dict[str, Any]
) -> None:
    answer = client.request(method, f"/api/budget/{path}", json=told, headers=somebody)
    assert error_of(answer, 400)["code"] == "BUSINESS_4005"


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("no_such_thing", {"amount": 5}),
        ("salary", {"amount": 5}),
        ("groceries", {"amount": -5}),
        ("groceries", {"share": 1.5}),
        ("groceries", {"share": 0.00001}),
        ("groceries", {"carry": "some"}),
    ],
)
def test_budgets_of_categories_that_make_no_sense_are_refused(
    client: TestClient, somebody: Headers, code: str, wrong: dict[str, Any]
) -> None:
    error_of(client.put(f"/api/budget/categories/{code}", json=wrong, headers=somebody), 422)
    assert data_of(client.get("/api/budget/categories", headers=somebody)) == []


@pytest.mark.parametrize(
    "wrong", [{"amount": 0}, {"category_code": "salary"}, {"kind": "wish"}, {"due_date": "1980-01-01"}]
)
def test_commitments_that_make_no_sense_are_refused(
    client: TestClient, somebody: Headers, person: Person, wrong: dict[str, Any]
) -> None:
    told = {"category_code": "gifts", "due_date": str(person.today), "amount": 50} | wrong
    error_of(client.post("/api/budget/commitments", json=told, headers=somebody), 422)
    assert data_of(client.get("/api/budget/commitments", headers=somebody)) == []
