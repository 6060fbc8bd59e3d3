"""The list of transactions, as the client reads and filters it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from tests.api.people import MARIA
from tests.api.shapes import (
    BOOLEAN,
    CATEGORIES,
    INSTANT,
    LIST,
    NUMBER,
    OPTIONAL_NUMBER,
    OPTIONAL_STRING,
    STRING,
    assert_shape,
    data_of,
    error_of,
)

if TYPE_CHECKING:
    from starlette.testclient import TestClient


class Listing:
    """Maria's transactions by some query."""

    def __init__(self, client: TestClient, headers: dict[str, str]) -> None:
        self.client, self.headers = client, headers

    def __call__(self, **query: str | int) -> list[dict[str, Any]]:
        response = self.client.get("/api/transactions/", params=query, headers=self.headers)
        return list(data_of(response))


@pytest.fixture
def listing(client: TestClient, maria: dict[str, str]) -> Listing:
    return Listing(client, maria)


def amounts(items: list[dict[str, Any]]) -> list[Decimal]:
    return sorted(item["amount"] for item in items)


def test_a_transaction_has_what_the_client_reads(listing: Listing) -> None:
    for item in listing():
        assert_shape(
            item,
            {
                "id": STRING,
                "category": STRING,
                "amount": NUMBER,
                "currency": STRING,
                "description": OPTIONAL_STRING,
                "merchant": OPTIONAL_STRING,
                "location": OPTIONAL_STRING,
                "tags": LIST,
                "is_recurring": BOOLEAN,
                "confidence_score": OPTIONAL_NUMBER,
                "receipt_url": OPTIONAL_STRING,
                "notes": OPTIONAL_STRING,
                "spent_at": STRING,
                "created_at": STRING,
                "updated_at": STRING,
            },
        )
        assert item["category"] in CATEGORIES
        assert all(INSTANT.fullmatch(item[name]) for name in ("spent_at", "created_at", "updated_at"))


@pytest.mark.parametrize("path", ["/api/transactions", "/api/transactions/"])
def test_both_spellings_answer_without_a_redirect(
    client: TestClient, maria: dict[str, str], path: str
) -> None:
    assert client.get(path, headers=maria).status_code == 200


def test_spending_is_positive_and_a_refund_negative(listing: Listing) -> None:
    groceries = listing(category="groceries")
    assert amounts(groceries) == [Decimal("-5.00"), Decimal("12.50"), Decimal("20.00")]


def test_two_equal_coffees_stay_two(listing: Listing) -> None:
    assert amounts(listing(category="coffee")) == [Decimal("3.10"), Decimal("3.10")]


def test_income_and_own_transfers_are_no_spending(listing: Listing) -> None:
    everything = {item["description"] for item in listing(include="all")}
    spending = {item["description"] for item in listing()}
    assert everything - spending == {"SALARY", "TO SAVINGS"}


def test_an_amount_keeps_its_own_currency(listing: Listing) -> None:
    [foreign] = listing(category="subscriptions")
    assert (foreign["amount"], foreign["currency"]) == (Decimal("9.99"), "USD")


def test_the_users_word_has_no_confidence_and_what_follows_from_it_has(listing: Listing) -> None:
    found = {item["category_origin"]: item["confidence_score"] for item in listing(category="coffee")}
    assert {origin: str(score) for origin, score in found.items()} == {"user": "None", "memory": "0.870"}


def test_the_latest_come_first(listing: Listing) -> None:
    spent = [item["spent_at"] for item in listing()]
    assert spent == sorted(spent, reverse=True)


def test_a_day_is_the_same_day_in_utc_and_where_the_user_is(listing: Listing) -> None:
    noon = datetime.combine(MARIA.today, time(12), ZoneInfo(MARIA.timezone))
    latest = datetime.fromisoformat(listing()[0]["spent_at"])
    assert latest == noon


def test_pages_cover_the_list_without_overlap(listing: Listing) -> None:
    pages = [listing(skip=skip, limit=3) for skip in (0, 3, 6)]
    assert [item["id"] for page in pages for item in page] == [item["id"] for item in listing()]


@pytest.mark.parametrize("hour", [0, 12, 23])
def test_an_instant_means_its_whole_day_in_the_users_zone(listing: Listing, hour: int) -> None:
    local = datetime.combine(MARIA.today - timedelta(days=1), time(hour, 30), ZoneInfo(MARIA.timezone))
    instant = local.astimezone(ZoneInfo("UTC")).isoformat().replace("+00:00", "Z")
    assert amounts(listing(start_date=instant, end_date=instant)) == [Decimal("9.99"), Decimal("42.00")]


def test_a_plain_date_means_that_day(listing: Listing) -> None:
    today = MARIA.today.isoformat()
    assert len(listing(start_date=today)) == 4
    assert len(listing(end_date=today)) == len(listing())


def test_a_category_that_nobody_has_is_an_empty_list(listing: Listing) -> None:
    assert listing(category="unheard_of") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"skip": -1}, "skip"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"start_date": "2026-02-30"}, "start_date"),
        ({"category": "a b'; --"}, "category"),
        ({"category": "nul\x00"}, "category"),
        ({"include": "nothing"}, "include"),
    ],
)
def test_a_malformed_question_names_the_field(
    client: TestClient, maria: dict[str, str], query: dict[str, Any], field: str
) -> None:
    error = error_of(client.get("/api/transactions/", params=query, headers=maria), 422)
    assert error["code"] == "VALIDATION_2002"
    assert all(
        invalid["field"].startswith(f"query.{field}") for invalid in error["details"]["validation_errors"]
    )
