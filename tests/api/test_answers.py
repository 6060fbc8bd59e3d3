"""An answer is given again from memory only while it is true, and only to whom it was given."""

from __future__ import annotations

import asyncio
import gzip
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from api.answers import ENTRY_BYTES, LARGEST, Kept, KeptAnswers, ReadingStates
from api.auth.tokens import Principal
from api.documents import FOLLOWED, Document
from api.errors import DatabaseUnavailableError
from tests.api.conftest import sign_in
from tests.api.people import Line, Person, move_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse

PATHS = ["/api/users/me", "/api/dashboard", "/api/transactions/", "/api/calendar/saved/2026/3"]
PURCHASE = {"amount": 3.10, "category": "dining", "merchant": "Kept"}


@pytest.fixture
def person(built: Warehouse) -> Person:
    somebody = Person(f"{uuid4()}@example.org", "EUR", "UTC", 200_000, 1_000, (Line(0, -999, "coffee"),))
    move_in(built, somebody)
    return somebody


@pytest.fixture
def somebody(client: TestClient, person: Person) -> dict[str, str]:
    return sign_in(client, person)


def kept_by(app: FastAPI) -> KeptAnswers:
    answers: KeptAnswers = app.state.services.answers
    return answers


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_the_second_answer_is_the_first_with_an_id_of_its_own(
    client: TestClient, app: FastAPI, somebody: dict[str, str], path: str, coding: str
) -> None:
    asked = somebody | {"accept-encoding": coding}
    first, second = (client.get(path, headers=asked) for _ in range(2))
    assert any(key[1] == path and kept.data for key, kept in kept_by(app).entries.items())
    assert first.json()["data"] == second.json()["data"]
    assert list(first.json()) == list(second.json())
    assert first.json()["request_id"] != second.json()["request_id"] == second.headers["x-request-id"]
    changing = {"x-request-id", "content-length", "date"}
    assert {*first.headers} - changing == {*second.headers} - changing
    assert all(first.headers[name] == second.headers[name] for name in {*first.headers} - changing)


def test_what_is_compressed_once_is_a_whole_stream_for_every_end(
    client: TestClient, somebody: dict[str, str]
) -> None:
    for _ in range(30):
        client.post("/api/transactions/", json=PURCHASE, headers=somebody)
    bodies = []
    for _ in range(3):
        with client.stream("GET", "/api/transactions/", headers=somebody) as answer:
            assert answer.headers["content-encoding"] == "gzip"
            bodies.append(gzip.decompress(b"".join(answer.iter_raw())))
    assert len(set(bodies)) == 3
    assert all(body.startswith(b'{"success":true') and body.endswith(b'"}') for body in bodies)


@pytest.mark.parametrize("path", PATHS)
def test_an_ended_session_is_not_answered_from_memory(
    client: TestClient, somebody: dict[str, str], path: str
) -> None:
    assert [client.get(path, headers=somebody).status_code for _ in range(2)] == [200, 200]
    client.post("/api/auth/logout", json={}, headers=somebody)
    assert client.get(path, headers=somebody).status_code == 401


def test_an_answer_is_new_right_after_a_purchase(client: TestClient, somebody: dict[str, str]) -> None:
    for count in range(1, 5):
        ids = [row["id"] for row in client.get("/api/transactions/", headers=somebody).json()["data"]]
        assert len(ids) == count
        client.post("/api/transactions/", json=PURCHASE, headers=somebody)


def test_what_is_kept_counts_against_the_limit(built: Warehouse, person: Person) -> None:
    from starlette.testclient import TestClient

    from api.app import create_app
    from tests.api.conftest import dsn

    settings = built.settings.model_copy(update={"rate_limits": True})
    with TestClient(create_app(settings, dsn(built.server))) as limited:
        headers = sign_in(limited, person)
        statuses = [limited.get("/api/dashboard", headers=headers).status_code for _ in range(101)]
    assert statuses == [200] * 100 + [429]


def test_each_question_keeps_its_own_answer(client: TestClient, somebody: dict[str, str]) -> None:
    paths = ["/api/transactions/?limit=1", "/api/transactions/?category=rent", "/api/transactions/"]
    before = [client.get(path, headers=somebody).json()["data"] for path in paths]
    assert [client.get(path, headers=somebody).json()["data"] for path in paths] == before
    assert before[1] == []


def test_every_table_that_is_followed_tells_of_its_changes(built: Warehouse) -> None:
    with built.transaction() as connection:
        watched = set(
            connection.execute(
                text("""
                    select tgrelid::regclass::text from pg_trigger
                    where tgname like 'bump_user_version_on_%'
                    group by 1 having count(*) = 3
                """)
            ).scalars()
        )
    of_facts = {name for name in FOLLOWED if not name.startswith("marts.")}
    # Views of the user's words, whose tables are watched themselves.
    views = {"app.decided_categories", "app.standing_categories", "app.rule_effects", "app.parts"}
    # What belongs to a series changes with the series: its number of times, its last day.
    views |= {"app.recurring_words", "ml.recurring_occurrences"}
    assert of_facts - views <= watched
    assert {"app.category_rules", "app.rule_matches", "app.memory_matches"} <= watched


def test_what_reads_something_else_is_never_kept() -> None:
    assert Document("select 1 as document from reader join app.transactions on true").follows_facts
    assert not Document("select 1 as document from reader join app.sessions on true").follows_facts
    assert not Document("select 1 as document from reader cross join lateral ops.new(1)").follows_facts


def test_memory_stays_within_its_bounds() -> None:
    answers = KeptAnswers(capacity=10 * (ENTRY_BYTES + 1001))
    keys = [(Principal(uuid4(), 1, uuid4()), "/", b"") for _ in range(25)]
    for key in keys:
        answers.keep(key, Kept("1", "v", b"x" * 1000, None))
        answers.find(keys[0])
    assert list(answers.entries) == [*keys[-9:], keys[0]]
    assert answers.size == sum(kept.size for kept in answers.entries.values()) <= answers.capacity
    answers.keep(keys[-1], Kept("1", "v", b"x" * LARGEST, None))
    assert keys[-1] not in answers.entries


class Counting:
    """A database that says of each reader who it is, slowly."""

    def __init__(self) -> None:
        self.statements: list[int] = []

    async def read(self, _: object, parameters: Mapping[str, str]) -> tuple[list[str]]:
        users = parameters["users"].strip("{}").split(",")
        self.statements.append(len(users))
        await asyncio.sleep(0.01)
        return (users,)


def test_those_who_wait_are_asked_for_together() -> None:
    database: Any = Counting()
    states = ReadingStates(database)
    readers = [Principal(uuid4(), 1, uuid4()) for _ in range(300)]

    async def ask() -> list[str | None]:
        return await asyncio.gather(*(states.of(reader) for reader in readers))

    assert asyncio.run(ask()) == [str(reader.user_id) for reader in readers]
    assert database.statements == [128, 128, 44]


def test_everybody_who_waits_hears_of_an_outage() -> None:
    async def read(*_: object) -> None:
        raise DatabaseUnavailableError

    async def ask() -> list[Any]:
        states = ReadingStates(SimpleNamespace(read=read))  # type: ignore[arg-type]
        readers = [Principal(uuid4(), 1, uuid4()) for _ in range(3)]
        return await asyncio.gather(*(states.of(reader) for reader in readers), return_exceptions=True)

    assert [type(error) for error in asyncio.run(ask())] == [DatabaseUnavailableError] * 3
