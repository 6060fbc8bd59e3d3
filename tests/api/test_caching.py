"""An unchanged answer is not sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.api.conftest import sign_in
from tests.api.people import Line, Person, move_in

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse

PATHS = ["/api/users/me", "/api/dashboard", "/api/transactions/", "/api/calendar/saved/2026/3"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("form", ["{}", '"other", {}', '{} , W/"other"'])
def test_an_unchanged_answer_is_a_304_without_a_body(
    client: TestClient, maria: dict[str, str], path: str, form: str
) -> None:
    tag = client.get(path, headers=maria).headers["etag"]
    again = client.get(path, headers=maria | {"if-none-match": form.format(tag)})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


def test_answers_are_kept_by_their_user_only_and_asked_for_again(
    client: TestClient, maria: dict[str, str]
) -> None:
    headers = client.get("/api/dashboard", headers=maria).headers
    assert (headers["cache-control"], headers["vary"]) == (
        "private, no-cache",
        "Authorization, Accept-Encoding",
    )


def test_another_version_is_sent(client: TestClient, maria: dict[str, str]) -> None:
    for tag in ('"x"', 'W/"x"', "", ",", "*junk*"):
        assert client.get("/api/dashboard", headers=maria | {"if-none-match": tag}).status_code == 200


def test_one_users_version_is_not_anothers(
    client: TestClient, maria: dict[str, str], kenji: dict[str, str]
) -> None:
    tag = client.get("/api/dashboard", headers=maria).headers["etag"]
    assert client.get("/api/dashboard", headers=kenji | {"if-none-match": tag}).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        "update app.transactions set status = 'posted' where user_id = :id",
        "update app.users set display_name = 'Ivan' where user_id = :id",
        """
        insert into ops.mart_versions (user_id, version, today) values (:id, 0, current_date)
        on conflict (user_id) do update set built_at = clock_timestamp()
        """,
    ],
    ids=["fact", "profile", "build"],
)
def test_a_changed_fact_or_a_new_build_is_a_new_version(
    client: TestClient, built: Warehouse, change: str
) -> None:
    email = f"{uuid4()}@example.org"
    user = move_in(built, Person(email, "EUR", "UTC", None, None, (Line(0, -1, "coffee"),)))
    headers = sign_in(client, Person(email, "EUR", "UTC", None, None, ()))
    before = client.get("/api/dashboard", headers=headers).headers["etag"]
    with built.transaction() as connection:
        connection.execute(text(change), {"id": user.user_id})
    after = client.get("/api/dashboard", headers=headers | {"if-none-match": before})
    assert after.status_code == 200
    assert after.headers["etag"] != before
