"""What a week's advice may say: the best that holds now, and nothing that was said lately."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import insert

from tests.factories import make_user
from warehouse.repositories.insights import advised, keep_advice, replace_insights, unsaid
from warehouse.tables.meaning import insights

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from warehouse.engine import Warehouse
    from warehouse.repositories.users import User

MONDAY = date(2026, 3, 2)


def find(
    connection: Connection, user: User, key: str, kind: str, value: int, *, seen: date, rank: float = 1.0
) -> None:
    connection.execute(
        insert(insights).values(
            user_id=user.user_id, insight_key=key, kind=kind, found_on=seen, last_seen_on=seen, rank=rank,
            confidence=1.0, value_minor=value, currency="EUR", facts={"numbers": [1]}, sources=[],
            title_en=f"about {kind}", text_en=key, title_bg=kind, text_bg=key,
        )
    )  # fmt: skip


def told(connection: Connection, user: User, week: date) -> list[str]:
    """Say the best finding of a week."""
    keys = [row["insight_key"] for row in unsaid(connection, user.user_id, week, 4, 1)]
    keep_advice(connection, user.user_id, week, "en", " ".join(keys), "template", keys)
    return keys


def test_what_was_said_is_silent_for_four_weeks_and_the_next_best_is_heard(warehouse: Warehouse) -> None:
    user = make_user(warehouse)
    with warehouse.transaction() as connection:
        find(connection, user, "best", "over_budget", 900, seen=MONDAY, rank=2.0)
        find(connection, user, "next", "category_rise", 100, seen=MONDAY)
        weeks = [told(connection, user, MONDAY + timedelta(weeks=week)) for week in range(6)]
    assert weeks == [["best"], ["next"], [], [], [], ["best"]]


def test_what_stands_for_months_is_said_again_only_when_it_changed_or_a_quarter_later(
    warehouse: Warehouse,
) -> None:
    user = make_user(warehouse)
    # A subscription's cost over a year, found anew in each of these weeks; at last it has become dearer.
    costs = {0: 12_000, 4: 12_100, 8: 11_900, 14: 12_000, 18: 16_000}
    said = {}
    with warehouse.transaction() as connection:
        for number, cost in costs.items():
            week = MONDAY + timedelta(weeks=number)
            replace_insights(connection, [user.user_id], [])
            find(connection, user, f"week {number}", "subscriptions", cost, seen=week)
            said[number] = told(connection, user, week)
    assert said == {0: ["week 0"], 4: [], 8: [], 14: ["week 14"], 18: ["week 18"]}


def test_what_is_not_found_again_is_not_said_even_on_the_same_day(warehouse: Warehouse) -> None:
    user = make_user(warehouse)
    with warehouse.transaction() as connection:
        find(connection, user, "over", "over_budget", 900, seen=MONDAY)
        # The purchase was taken back: nothing at all is found any more.
        replace_insights(connection, [user.user_id], [])
        assert unsaid(connection, user.user_id, MONDAY, 4, 3) == []
        find_again = {
            "user_id": user.user_id, "insight_key": "over", "kind": "over_budget", "today": MONDAY,
            "rank": 2.0, "confidence": 1.0, "value_minor": 1, "currency": "EUR", "facts": {}, "sources": [],
            "title_en": "", "text_en": "", "title_bg": "", "text_bg": "",
        }  # fmt: skip
        replace_insights(connection, [user.user_id], [find_again])
        assert [row["rank"] for row in unsaid(connection, user.user_id, MONDAY, 4, 3)] == [2.0]


def test_who_was_told_something_this_week_is_known(warehouse: Warehouse) -> None:
    user, other = make_user(warehouse), make_user(warehouse)
    with warehouse.transaction() as connection:
        keep_advice(connection, user.user_id, MONDAY, "en", "text", "template", [])
        keep_advice(connection, other.user_id, MONDAY - timedelta(weeks=1), "en", "text", "template", [])
        weeks = {user.user_id: MONDAY, other.user_id: MONDAY}
        assert advised(connection, weeks) == {user.user_id}
