"""Rules, memory and series over HTTP: in force with the answer, for their owner only."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from tests.api.conftest import sign_in
from tests.api.people import Line, Person, move_in
from tests.api.shapes import data_of, error_of

if TYPE_CHECKING:
    from httpx2 import Response
    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse

RULE = {
    "name": "Billa",
    "conditions": [{"field": "text", "is": "contains", "value": "billa"}],
    "actions": {"category": "household_supplies", "tags": ["home"], "rename": "The shop"},
}


@pytest.fixture
def person(built: Warehouse) -> Person:
    lines = (
        Line(0, -1_000, "groceries", "BILLA 12 SOFIA"),
        Line(1, -2_000, "groceries", "BILLA 44 SOFIA"),
        Line(2, -300, "coffee", "CAFE STATION 1"),
    )
    person = Person(f"{uuid4()}@example.org", "EUR", "Europe/Sofia", 200_000, 1_000, lines)
    move_in(built, person)
    return person


@pytest.fixture
def somebody(client: TestClient, person: Person) -> dict[str, str]:
    return sign_in(client, person)


def added(response: Response) -> str:
    assert response.status_code == 201, response.text
    return str(response.json()["data"]["rule_id"])


def categories(client: TestClient, headers: dict[str, str]) -> list[tuple[str, str]]:
    found = data_of(client.get("/api/transactions/", params={"include": "all"}, headers=headers))
    return [(one["category_code"], one["category_origin"]) for one in found]


def test_a_rule_holds_with_the_answer_and_goes_without_a_trace(
    client: TestClient, somebody: dict[str, str]
) -> None:
    before = categories(client, somebody)
    preview = data_of(client.post("/api/rules/preview", json=RULE, headers=somebody))
    assert (preview["holds"], preview["changes"]) == (2, 2)
    assert categories(client, somebody) == before
    rule = added(client.post("/api/rules", json=RULE, headers=somebody))
    found = data_of(client.get("/api/transactions/", params={"include": "all"}, headers=somebody))
    changed = [one for one in found if one["category_origin"] == "rule"]
    assert {one["category_code"] for one in changed} == {"household_supplies"}
    assert [(one["description"], one["tags"]) for one in changed] == [("The shop", ["home"])] * 2
    assert changed[0]["category_reason"] == 'your rule "Billa"'
    assert data_of(client.get("/api/rules", headers=somebody))[0]["lines"] == 2
    assert client.delete(f"/api/rules/{rule}", headers=somebody).status_code == 200
    assert categories(client, somebody) == before


def test_a_rule_moves_the_plan_at_once(
    client: TestClient, somebody: dict[str, str], built: Warehouse, person: Person
) -> None:
    rule = RULE | {"actions": {"transfer": True}}
    assert client.post("/api/rules", json=rule, headers=somebody).status_code == 201
    with built.transaction() as connection:
        spent = connection.execute(
            text("""
                select p.category_code, sum(p.spent_minor) from app.users as u
                cross join lateral marts.served_daily_plan(u.user_id, :first, :last) as p
                where u.email = :email
                group by p.category_code
            """),
            {"email": person.email, "first": person.today - timedelta(days=40), "last": person.today},
        )
        by_category = {code: amount for code, amount in spent if amount}
    assert by_category == {"coffee": 300}


def test_rules_can_be_moved_and_turned_off(client: TestClient, somebody: dict[str, str]) -> None:
    first = added(client.post("/api/rules", json=RULE, headers=somebody))
    other = RULE | {"name": "second", "actions": {"category": "gifts"}}
    second = added(client.post("/api/rules", json=other, headers=somebody))
    assert client.put(f"/api/rules/{second}/place", json={"place": 1}, headers=somebody).status_code == 200
    assert ("gifts", "rule") in categories(client, somebody)
    assert (
        client.put(f"/api/rules/{second}/state", json={"is_on": False}, headers=somebody).status_code == 200
    )
    assert ("household_supplies", "rule") in categories(client, somebody)
    known = data_of(client.get("/api/rules", headers=somebody))
    assert [one["rule_id"] for one in known] == [second, first]


def test_nobody_sees_or_changes_anothers_rules(
    client: TestClient, somebody: dict[str, str], built: Warehouse
) -> None:
    rule = added(client.post("/api/rules", json=RULE, headers=somebody))
    stranger = Person(
        f"{uuid4()}@example.org", "EUR", "Europe/Sofia", 1, 1, (Line(0, -5, "gifts", "BILLA 9"),)
    )
    move_in(built, stranger)
    theirs = sign_in(client, stranger)
    assert data_of(client.get("/api/rules", headers=theirs)) == []
    assert categories(client, theirs) == [("gifts", "model")]
    for request in (
        client.delete(f"/api/rules/{rule}", headers=theirs),
        client.put(f"/api/rules/{rule}/place", json={"place": 2}, headers=theirs),
        client.put(f"/api/rules/{rule}/state", json={"is_on": False}, headers=theirs),
    ):
        error_of(request, 404)
    assert data_of(client.get("/api/rules", headers=somebody))[0]["is_on"]


@pytest.mark.parametrize(
    "changes",
    [
        {"conditions": [{"field": "text", "is": "regex", "value": "("}]},
        {"conditions": [{"field": "text", "is": "regex", "value": r"(a)\1"}]},
        {"conditions": [{"field": "moon"}]},
        {"actions": {"category": "no such leaf"}},
        {"actions": {}},
        {"conditions": []},
    ],
)
def test_a_rule_that_makes_no_sense_is_a_422(
    client: TestClient, somebody: dict[str, str], changes: dict[str, Any]
) -> None:
    error_of(client.post("/api/rules", json=RULE | changes, headers=somebody), 422)
    assert data_of(client.get("/api/rules", headers=somebody)) == []


def test_one_correction_teaches_the_next_line_and_is_offered_for_past_ones(
    client: TestClient, somebody: dict[str, str], built: Warehouse, person: Person
) -> None:
    found = data_of(client.get("/api/transactions/", params={"include": "all"}, headers=somebody))
    line = next(one for one in found if one["amount"] == 10)
    correction = {"amount": float(line["amount"]), "category": "gifts", "currency": line["currency"]}
    assert client.put(f"/api/transactions/{line['id']}", json=correction, headers=somebody).status_code == 200
    remembered = data_of(client.get("/api/memory", headers=somebody))
    assert [(one["merchant"], one["past_lines"]) for one in remembered] == [("billa", 1)]
    add_bank_line(built, person, "BILLA 99 VARNA")
    found = data_of(client.get("/api/transactions/", params={"include": "all"}, headers=somebody))
    added = next(one for one in found if one["description"] == "BILLA 99 VARNA")
    assert (added["category_code"], added["category_origin"]) == ("gifts", "memory")
    assert added["category_reason"] == "you put 1 of 1 earlier lines of this merchant here"
    offer = client.post("/api/memory/preview", json={"merchant": "billa"}, headers=somebody)
    assert len(data_of(offer)) == 1
    applied = data_of(client.post("/api/memory/apply", json={"merchant": "billa"}, headers=somebody))
    assert applied["lines"] == 1
    assert categories(client, somebody).count(("gifts", "memory")) == 2
    undone = client.delete(f"/api/memory/applications/{applied['application_id']}", headers=somebody)
    assert undone.status_code == 200
    assert categories(client, somebody).count(("gifts", "memory")) == 1


def test_a_series_is_confirmed_or_rejected_by_its_owner(
    client: TestClient, somebody: dict[str, str], built: Warehouse, person: Person
) -> None:
    series = uuid4()
    add_series(built, person, series)
    listed = data_of(client.get("/api/recurring", headers=somebody))
    assert [(one["name"], one["amount"], one["word"]) for one in listed] == [("BILLA", 10, None)]
    path = f"/api/recurring/{series}/word"
    assert client.put(path, json={"word": "rejected"}, headers=somebody).status_code == 200
    assert data_of(client.get("/api/recurring", headers=somebody))[0]["word"] == "rejected"
    stranger = Person(f"{uuid4()}@example.org", "EUR", "Europe/Sofia", 1, 1, ())
    move_in(built, stranger)
    error_of(client.put(path, json={"word": "confirmed"}, headers=sign_in(client, stranger)), 404)


def add_bank_line(warehouse: Warehouse, person: Person, description: str) -> None:
    """A line that a statement brings."""
    with warehouse.transaction() as connection:
        connection.execute(
            text("""
                insert into app.transactions (
                    user_id, transaction_id, account_id, booked_date, spent_date, amount_minor, currency,
                    status, description
                )
                select
                    user_id, gen_random_uuid(), account_id, :day, :day, -500, 'EUR', 'posted', :description
                from app.accounts inner join app.users using (user_id) where email = :email
            """),
            {"day": person.today, "description": description, "email": person.email},
        )


def add_series(warehouse: Warehouse, person: Person, series: UUID) -> None:
    """A series of the person's, made of one line."""
    with warehouse.transaction() as connection:
        connection.execute(
            text("""
                insert into ml.recurring_series (
                    user_id, series_id, account_id, payee, name, category_code, direction, cadence, anchor,
                    period_days, currency, is_fixed, expected_minor, low_minor, high_minor, yearly_minor,
                    first_date, last_date, next_date, due_dates, spread_days, times, missed, doubled, status,
                    is_subscription, is_income, probability
                )
                select
                    user_id, :series, account_id, 'billa', 'BILLA', 'groceries', 'out', 'monthly', 1, 30.44,
                    'EUR', true, -1000, -1000, -1000, -12000, :day, :day, :day,
                    array[cast(:day as date)], 1, 3,
                    0, 0, 'active', false, false, 0.9
                from app.accounts inner join app.users using (user_id) where email = :email
            """),
            {"series": series, "day": date(2026, 3, 1), "email": person.email},
        )
        connection.execute(
            text("""
                insert into ml.recurring_occurrences (user_id, series_id, transaction_id)
                select user_id, :series, transaction_id
                from app.transactions inner join app.users using (user_id) where email = :email
            """),
            {"series": series, "email": person.email},
        )
