"""What is listed is what the marts reckon with: links, splits, moves, and why a category stands."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from tests.api.conftest import sign_in
from tests.api.people import Line, Person, move_in
from tests.api.shapes import data_of

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse

LINES = (
    Line(1, -5_000, "clothing", "SHOP", "Shop"),
    Line(0, 2_000, "uncategorised", "SHOP REFUND", "Shop"),
    Line(2, -10_000, "groceries", "TO SAVINGS"),
    Line(2, 10_000, "groceries", "FROM CHECKING"),
    Line(3, -6_000, "groceries", "MARKET", decided=True),
    Line(4, 1_500, "uncategorised", "UNEXPLAINED"),
)
_LINK = """
insert into app.transaction_links (
    user_id, link_id, kind, source_transaction_id, target_transaction_id, probability, band, origin
)
select made.user_id, uuidv7(), :kind, made.transaction_id, other.transaction_id, 0.99, 'paired', 'matcher'
from app.transactions as made
inner join app.transactions as other on made.user_id = other.user_id
where made.user_id = :user_id and made.description = :source and other.description = :target
"""
_SPLIT = """
insert into app.split_lines (user_id, transaction_id, line_number, category_code, amount_minor, note)
select made.user_id, made.transaction_id, part.number, part.code, part.minor, 'part ' || part.number
from app.transactions as made
cross join (values (1, 'groceries', -2000), (2, 'clothing', -4000)) as part (number, code, minor)
where made.user_id = :user_id and made.description = 'MARKET'
"""


@pytest.fixture
def somebody(client: TestClient, built: Warehouse) -> tuple[UUID, dict[str, str]]:
    person = Person(f"{uuid4()}@example.org", "EUR", "Europe/Sofia", 200_000, 1_000, LINES)
    user_id = move_in(built, person).user_id
    with built.transaction() as connection:
        for kind, source, target in (
            ("refund", "SHOP REFUND", "SHOP"),
            ("transfer", "TO SAVINGS", "FROM CHECKING"),
        ):
            connection.execute(
                text(_LINK), {"user_id": user_id, "kind": kind, "source": source, "target": target}
            )
        connection.execute(text(_SPLIT), {"user_id": user_id})
    return user_id, sign_in(client, person)


def listed(client: TestClient, headers: dict[str, str], query: str = "") -> dict[str, Any]:
    rows = data_of(client.get(f"/api/transactions/{query}", headers=headers))
    return {row["description"]: row for row in rows}


def test_transfers_are_no_spending_and_name_their_other_end(
    client: TestClient, somebody: tuple[UUID, dict[str, str]]
) -> None:
    _, headers = somebody
    everything = listed(client, headers, "?include=all")
    sent, received = everything["TO SAVINGS"], everything["FROM CHECKING"]
    assert (sent["category_code"], sent["category_origin"]) == ("internal_transfer", "link")
    assert (sent["link_kind"], sent["linked_transaction_id"]) == ("transfer", received["id"])
    assert received["linked_transaction_id"] == sent["id"]
    assert {"TO SAVINGS", "FROM CHECKING"}.isdisjoint(listed(client, headers))


def test_a_refund_goes_where_its_purchase_went(
    client: TestClient, somebody: tuple[UUID, dict[str, str]]
) -> None:
    _, headers = somebody
    spending = listed(client, headers)
    refund = spending["SHOP REFUND"]
    assert (refund["category_code"], refund["amount"]) == ("clothing", -20.0)
    assert refund["linked_transaction_id"] == spending["SHOP"]["id"]
    assert "UNEXPLAINED" not in spending


def test_a_split_tells_its_parts(client: TestClient, somebody: tuple[UUID, dict[str, str]]) -> None:
    _, headers = somebody
    market = listed(client, headers)["MARKET"]
    assert [(part["category_code"], part["amount"]) for part in market["splits"]] == [
        ("groceries", 20.0),
        ("clothing", 40.0),
    ]
    assert (market["category_code"], market["category_origin"]) == ("clothing", "user")
    assert sum(part["amount"] for part in market["splits"]) == market["amount"]


def test_every_category_says_why(client: TestClient, somebody: tuple[UUID, dict[str, str]]) -> None:
    _, headers = somebody
    everything = listed(client, headers, "?include=all")
    assert everything["SHOP"]["category_reason"] == "the model reads it in the text with 88 %"
    assert everything["MARKET"]["category_reason"] == "you split it"
    assert everything["SHOP"]["confidence_score"] == 0.875
    assert everything["MARKET"]["confidence_score"] is None


def test_the_list_and_the_mart_say_the_same_of_everybody(built: Warehouse, client: TestClient) -> None:
    from tests.api.people import EVERYBODY

    for person in EVERYBODY:
        headers = sign_in(client, person)
        rows: list[dict[str, Any]] = []
        pages = "/api/transactions/?include=all&limit=100&skip="
        while page := data_of(client.get(f"{pages}{len(rows)}", headers=headers)):
            rows += page
        with built.transaction() as connection:
            mart = connection.execute(
                text("""
                    select made.transaction_id, made.category_code, made.category_origin, made.is_spending
                    from marts.fct_transactions as made inner join app.users using (user_id)
                    where users.email = :email and made.line_number = 0
                """),
                {"email": person.email},
            ).all()
        told = {(UUID(row["id"]), row["category_code"], row["category_origin"]) for row in rows}
        assert told == {tuple(row[:3]) for row in mart}


def move_money(built: Warehouse, user_id: UUID, minor: int, lacking: int) -> None:
    """What a build leaves when redistribution covered the purchase of yesterday."""
    with built.transaction() as connection:
        connection.execute(
            text("""
                insert into marts.fct_budget_moves (
                    user_id, period_start, moved_on, from_category, to_category, amount_minor, reason, source,
                    is_applied, from_available_minor, from_need_minor, to_available_minor, currency
                )
                select user_id, current_date - 20, made.spent_date + 1, 'hotels', 'clothing', :minor,
                    'overspent', 'surplus', true, 9000, 0, -:lacking, 'EUR'
                from app.transactions as made
                where made.user_id = :user_id and made.description = 'SHOP'
            """),
            {"user_id": user_id, "minor": minor, "lacking": lacking},
        )


@pytest.mark.parametrize(("minor", "covered", "is_full"), [(3_000, 30.0, True), (1_000, 10.0, False)])
def test_a_purchase_says_that_the_plan_moved_money_for_it(
    client: TestClient,
    built: Warehouse,
    somebody: tuple[UUID, dict[str, str]],
    minor: int,
    covered: float,
    is_full: bool,  # noqa: FBT001
) -> None:
    user_id, headers = somebody
    assert listed(client, headers)["SHOP"]["rebalanced"] is False
    move_money(built, user_id, minor, 3_000)
    shop = listed(client, headers, "?limit=99")["SHOP"]
    told = (shop["rebalanced"], shop["rebalance_covered"], shop["rebalance_fully_covered"])
    assert told == (True, covered, is_full)
    assert listed(client, headers, "?limit=99")["MARKET"]["rebalanced"] is False


def test_the_users_own_moves_are_in_the_history(
    client: TestClient, somebody: tuple[UUID, dict[str, str]]
) -> None:
    _, headers = somebody
    move = {"from_category": "groceries", "to_category": "clothing", "amount": 12.5}
    assert client.post("/api/budget/adjust", json=move, headers=headers).status_code == 201
    history = data_of(client.get("/api/budget/redistribution_history", headers=headers))
    own = [one for one in history if one["reason"] == "user"]
    assert [(one["from"], one["to"], one["amount"]) for one in own] == [("groceries", "clothing", 12.5)]


def test_what_was_moved_today_is_given_and_suggestions_come_into_force(
    client: TestClient, built: Warehouse, somebody: tuple[UUID, dict[str, str]]
) -> None:
    user_id, headers = somebody
    given = data_of(client.post("/api/budget/redistribute", headers=headers))
    assert all(move["amount"] > 0 and move["from"] and move["to"] for move in given)
    with built.transaction() as connection:
        own = connection.execute(
            text("select count(*) from app.budget_moves where user_id = :id"), {"id": user_id}
        ).scalar_one()
    assert own == 0  # they are applied by themselves unless the user wants to be asked


def test_the_days_budget_moves_with_the_next_request(
    client: TestClient, somebody: tuple[UUID, dict[str, str]]
) -> None:
    _, headers = somebody
    paths = ("/api/budget/live_status", "/api/budget/spent", "/api/analytics/monthly", "/api/budget/daily")
    before = [data_of(client.get(path, headers=headers)) for path in paths]
    bought = {"amount": 7.25, "category": "dining"}
    assert client.post("/api/transactions/", json=bought, headers=headers).status_code == 201
    after = [data_of(client.get(path, headers=headers)) for path in paths]
    cost = Decimal("7.25")
    assert after[0]["spent_today"] == before[0]["spent_today"] + cost
    assert after[1].get("dining", 0) == before[1].get("dining", 0) + cost
    assert after[2]["total"] == before[2]["total"] + cost
    assert sum(day["spent"] for day in after[3]) == sum(day["spent"] for day in before[3]) + cost
    screen = data_of(client.get("/api/dashboard", headers=headers))
    assert cost in [row["amount"] for row in screen["transactions"]]
