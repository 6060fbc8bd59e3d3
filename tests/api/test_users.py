"""Who is signed in, as the client reads it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tests.api.conftest import sign_in
from tests.api.people import MARIA, NEWCOMER
from tests.api.shapes import BOOLEAN, INSTANT, NUMBER, OPTIONAL_STRING, STRING, assert_shape, data_of

if TYPE_CHECKING:
    from starlette.testclient import TestClient


def test_the_user_has_what_the_client_reads(client: TestClient, maria: dict[str, str]) -> None:
    me = data_of(client.get("/api/users/me", headers=maria))
    assert_shape(
        me,
        {
            "id": STRING,
            "email": STRING,
            "name": STRING,
            "income": NUMBER,
            "savings_goal": NUMBER,
            "budget_method": STRING,
            "currency": STRING,
            "region": OPTIONAL_STRING,
            "country": STRING,
            "timezone": STRING,
            "has_onboarded": BOOLEAN,
            "notifications_enabled": BOOLEAN,
            "dark_mode_enabled": BOOLEAN,
            "member_since": STRING,
            "profile_completion": int,
            "verified_email": BOOLEAN,
        },
    )
    assert INSTANT.fullmatch(me["member_since"])
    assert (me["email"], me["timezone"]) == (MARIA.email, MARIA.timezone)
    assert (me["income"], me["has_onboarded"]) == (Decimal("2000.00"), True)


def test_a_newcomer_has_not_onboarded(client: TestClient) -> None:
    assert data_of(client.get("/api/users/me", headers=sign_in(client, NEWCOMER)))["has_onboarded"] is False


def test_no_hash_leaves_the_database(client: TestClient, maria: dict[str, str]) -> None:
    assert "argon2" not in client.get("/api/users/me", headers=maria).text
