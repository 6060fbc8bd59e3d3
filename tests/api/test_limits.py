"""How much one may ask, send and claim; and news for those who wait."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from email import message_from_bytes
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from starlette.testclient import TestClient

from api.app import create_app
from api.auth.tokens import Principal
from flows.clients.mail import SmtpMailer
from flows.mail import send_all
from tests.api.conftest import dsn, sign_in
from tests.api.people import MARIA, PASSWORD, Line, Person, move_in, principal_of
from tests.api.shapes import data_of, error_of
from warehouse.server import free_port

if TYPE_CHECKING:
    from fastapi import FastAPI

    from warehouse.engine import Warehouse


def limited_client(built: Warehouse, **settings: Any) -> TestClient:  # noqa: ANN401
    strict = built.settings.model_copy(update={"rate_limits": True, **settings})
    return TestClient(create_app(strict, dsn(built.server)), raise_server_exceptions=False)


def test_a_sixth_sign_in_within_a_minute_waits(built: Warehouse) -> None:
    with limited_client(built) as client:
        body = {"email": MARIA.email, "password": "wrong password"}
        answers = [client.post("/api/auth/login", json=body) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    error = error_of(answers[5], 429)
    assert error["code"] == "RATE_LIMIT_6001"
    assert 0 < int(answers[5].headers["retry-after"]) <= 60


def test_one_account_is_not_guessed_at_from_many_addresses(built: Warehouse) -> None:
    with limited_client(built, trusted_proxies="testclient") as client:
        body = {"email": MARIA.email, "password": "wrong password"}
        statuses = [
            client.post("/api/auth/login", json=body, headers={"x-forwarded-for": f"10.0.0.{n}"}).status_code
            for n in range(6)
        ]
    assert statuses == [401] * 5 + [429]


def test_an_address_that_the_caller_makes_up_counts_for_nothing(built: Warehouse) -> None:
    with limited_client(built) as client:
        statuses = [
            client.post(
                "/api/auth/login",
                json={"email": f"{n}@example.org", "password": "wrong password"},
                headers={"x-forwarded-for": f"10.0.0.{n}"},
            ).status_code
            for n in range(6)
        ]
    assert statuses == [401] * 5 + [429]


def test_a_process_counts_alone_while_redis_is_away(built: Warehouse) -> None:
    with limited_client(built, rate_limit_storage=f"async+redis://127.0.0.1:{free_port()}") as client:
        body = {"email": "nobody", "password": "wrong password"}
        statuses = [client.post("/api/auth/login", json=body).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_premium_may_ask_more_often(built: Warehouse) -> None:
    user = move_in(built, Person(f"{uuid4()}@example.org", "EUR", "UTC", None, None, ()))
    plain = principal_of(built, user.user_id)
    premium = Principal(plain.user_id, 1, plain.session_id, ("user", "premium"))
    with limited_client(built) as client:
        tokens = client.app.state.services.sign_in.tokens  # type: ignore[attr-defined]
        statuses = {
            who.scopes: [
                client.get(
                    "/api/budget/mode",
                    headers={"authorization": f"Bearer {tokens.pair(who, uuid4()).access_token}"},
                ).status_code
                for _ in range(102)
            ]
            for who in (plain, premium)
        }
    assert statuses[plain.scopes].count(429) == 2
    assert statuses[premium.scopes].count(429) == 0


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_the_limit_is_refused(client: TestClient, maria: dict[str, str], chunked: bool) -> None:  # noqa: FBT001
    big = b'{"amount": 1, "category": "dining", "notes": "' + b"a" * 1_100_000 + b'"}'
    content: Any = (big[n : n + 10_000] for n in range(0, len(big), 10_000)) if chunked else big
    answer = client.post(
        "/api/transactions/", content=content, headers=maria | {"content-type": "application/json"}
    )
    assert error_of(answer, 413)["code"] == "VALIDATION_2004"


def test_large_answers_are_compressed_for_those_who_ask(client: TestClient, maria: dict[str, str]) -> None:
    path = f"/api/calendar/saved/{MARIA.today.year}/{MARIA.today.month}"
    squeezed = client.get(path, headers=maria | {"accept-encoding": "gzip"})
    plain = client.get(path, headers=maria | {"accept-encoding": "identity"})
    assert squeezed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert data_of(squeezed) == data_of(plain)


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/health", "/api/users/me", "/nowhere", "/docs"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        for part in ("frame-ancestors 'none'", "base-uri 'none'"):
            assert part in headers["content-security-policy"]
        assert headers["strict-transport-security"]


def test_the_documentation_asks_no_other_host(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "http" not in page.replace("http-equiv", "")
    assert client.get("/static-offline-docs/swagger-ui-bundle.js").status_code == 200


def test_metrics_count_by_route_and_name_nobody(client: TestClient, maria: dict[str, str]) -> None:
    client.get("/api/users/me", headers=maria)
    client.get("/api/no/such/maria@example.org")
    scraped = client.get("/metrics").text
    assert 'mita_requests_total{method="GET",route="/api/users/me",status="200"}' in scraped
    assert "maria" not in scraped


@pytest.fixture
def inbox() -> Iterator[tuple[str, list[Any]]]:
    """A mail server and what it took."""
    received: list[Any] = []

    class Handler:
        async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: ANN401, N802
            received.append(message_from_bytes(envelope.content))
            return "250 taken"

    port = free_port()
    controller = Controller(Handler(), hostname="127.0.0.1", port=port)
    controller.start()
    yield f"smtp://127.0.0.1:{port}", received
    controller.stop()


def test_mail_is_sent_once_and_its_link_forgotten(
    client: TestClient, built: Warehouse, inbox: tuple[str, list[Any]]
) -> None:
    url, received = inbox
    send_all(built, SmtpMailer(url), "MITA <mita@example.org>")
    received.clear()
    email = f"{uuid4()}@example.org"
    client.post("/api/auth/register", json={"email": email, "password": PASSWORD})
    assert send_all(built, SmtpMailer(url), "MITA <mita@example.org>") == 1
    assert send_all(built, SmtpMailer(url), "MITA <mita@example.org>") == 0
    [mail] = received
    assert (mail["To"], mail["Subject"]) == (email, "MITA: Verify your address")
    token = mail.get_payload(decode=True).decode().partition("token=")[2].split()[0]
    assert client.post("/api/auth/verify-email", json={"token": token}).status_code == 200


def test_mail_that_is_not_taken_waits_and_the_api_does_not(client: TestClient, built: Warehouse) -> None:
    answer = client.post("/api/auth/register", json={"email": f"{uuid4()}@example.org", "password": PASSWORD})
    assert answer.status_code == 201
    nobody_there = SmtpMailer("smtp://127.0.0.1:9")
    assert send_all(built, nobody_there, "MITA <mita@example.org>") == 0


def test_a_purchase_is_news_over_the_websocket(client: TestClient, built: Warehouse) -> None:
    person = Person(f"{uuid4()}@example.org", "EUR", "UTC", 100_000, None, (Line(0, -100, "coffee"),))
    move_in(built, person)
    headers = sign_in(client, person)
    with client.websocket_connect("/api/live/ws") as socket:
        socket.send_json({"access_token": headers["authorization"].removeprefix("Bearer ")})
        settled = threading.Event()
        settled.wait(0.3)  # the server has read the token
        client.post("/api/transactions/", json={"amount": 2, "category": "dining"}, headers=headers)
        news = socket.receive_json()
    assert (news["what"], news["version"] > 0) == ("facts", True)


def test_a_websocket_without_a_token_is_closed(client: TestClient) -> None:
    from starlette.websockets import WebSocketDisconnect

    for first in ('{"access_token": "nonsense"}', "[]", "nonsense"):
        with client.websocket_connect("/api/live/ws") as socket:
            socket.send_text(first)
            with pytest.raises(WebSocketDisconnect) as closed:
                socket.receive_json()
        assert closed.value.code == 4401


def test_news_of_one_user_is_not_anothers(app: FastAPI) -> None:
    changes = app.state.services.changes
    mine, theirs = uuid4(), uuid4()
    with changes.of(mine) as my_queue, changes.of(theirs) as their_queue:
        changes._pass_on({"user_id": str(mine), "what": "facts", "version": 1})  # noqa: SLF001
        assert (my_queue.qsize(), their_queue.qsize()) == (1, 0)
        for version in range(40):
            changes._pass_on({"user_id": str(mine), "what": "facts", "version": version})  # noqa: SLF001
        assert my_queue.qsize() == 16
    assert json.dumps(sorted(changes._queues)) == "[]"  # noqa: SLF001
