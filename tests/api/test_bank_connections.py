"""Connections to banks: allowed, kept sealed, renewed and ended; news are believed if Plaid signed them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jwt
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from starlette.testclient import TestClient

from api.app import create_app
from tests.api.conftest import dsn, sign_in
from tests.api.people import Line, Person, move_in
from tests.api.shapes import data_of
from tests.plaid_server import FakePlaid, serving
from warehouse.plaid import TOKENS
from warehouse.sealing import Vault

if TYPE_CHECKING:
    from httpx2 import Response

    from warehouse.engine import Warehouse

CONNECTIONS = "/api/bank-connections/"
WEBHOOK = "/api/bank-connections/webhook"
PUBLIC = {"public_token": "public-sandbox-1"}
NEWS = {"webhook_type": "TRANSACTIONS", "webhook_code": "SYNC_UPDATES_AVAILABLE"}


@pytest.fixture
def bank() -> FakePlaid:
    name = uuid4().hex
    return FakePlaid(item_id=f"item-{name}", access_token=f"access-sandbox-{name}", key_id=f"key-{name}")


@pytest.fixture
def banking(built: Warehouse, bank: FakePlaid) -> Iterator[TestClient]:
    """The API with a bank behind it."""
    with serving(bank) as address:
        update = {
            "plaid_client_id": "id",
            "plaid_secret": SecretStr("secret"),
            "plaid_url": address,
            "plaid_webhook_url": "https://mita.example.org/api/bank-connections/webhook",
        }
        app = create_app(built.settings.model_copy(update=update), dsn(built.server))
        with TestClient(app) as client:
            yield client


@pytest.fixture
def me(built: Warehouse, banking: TestClient) -> dict[str, str]:
    return somebody(built, banking)


def somebody(built: Warehouse, client: TestClient) -> dict[str, str]:
    lines = (Line(0, -999, "coffee"),)
    person = Person(f"{uuid4()}@example.org", "EUR", "Europe/Sofia", 200_000, 1_000, lines)
    move_in(built, person)
    return sign_in(client, person)


def tell(client: TestClient, bank: FakePlaid, said: dict[str, Any], **signing: Any) -> Response:  # noqa: ANN401
    body = json.dumps({"item_id": bank.item_id, **said}).encode()
    return client.post(WEBHOOK, content=body, headers={"plaid-verification": bank.signed(body, **signing)})


def stored(built: Warehouse, bank: FakePlaid) -> Any:  # noqa: ANN401
    query = text("select * from app.bank_connections where item_id = :id")
    with built.transaction() as connection:
        return connection.execute(query, {"id": bank.item_id}).one_or_none()


def read_by_the_pipeline(built: Warehouse, bank: FakePlaid) -> None:
    with built.transaction() as connection:
        query = text(
            "update app.bank_connections set wanted_at = null, synced_at = now() where item_id = :id"
        )
        connection.execute(query, {"id": bank.item_id})


def test_a_bank_is_connected_once_and_its_token_is_kept_sealed(
    built: Warehouse, banking: TestClient, bank: FakePlaid, me: dict[str, str]
) -> None:
    link = data_of(banking.post(f"{CONNECTIONS}link-token", json={}, headers=me))
    assert link["link_token"].startswith("link-sandbox-")
    asked = bank.calls[-1][1]
    assert (asked["products"], asked["country_codes"]) == (["transactions"], ["BG"])
    assert asked["webhook"].startswith("https://mita.example.org/")
    keyed = {**me, "idempotency-key": uuid4().hex}
    first = banking.post(CONNECTIONS, json=PUBLIC, headers=keyed)
    again = banking.post(CONNECTIONS, json=PUBLIC, headers=keyed)
    assert first.status_code == 201
    assert first.content == again.content
    assert [path for path, _ in bank.calls].count("/item/public_token/exchange") == 1
    connection = first.json()["data"]
    assert connection["institution"] == "First Platypus Bank"
    assert (connection["status"], connection["is_waiting"], connection["accounts"]) == ("active", True, [])
    assert data_of(banking.get(CONNECTIONS, headers=me)) == [connection]
    row = stored(built, bank)
    assert bank.access_token.encode() not in bytes(row.access_token)
    assert Vault(built.settings.derived_key(TOKENS)).unseal(row.access_token) == bank.access_token


def test_a_token_is_in_no_answer_and_no_export(
    banking: TestClient, bank: FakePlaid, me: dict[str, str], built: Warehouse
) -> None:
    banking.post(CONNECTIONS, json=PUBLIC, headers=me)
    sealed = bytes(stored(built, bank).access_token)
    for path in (CONNECTIONS, "/api/users/me/export"):
        answer = banking.get(path, headers=me).text
        assert bank.item_id in answer or path == CONNECTIONS
        assert bank.access_token not in answer
        assert sealed.hex() not in answer
        assert sealed.decode() not in answer


def test_a_connection_is_renewed_with_its_own_token_and_ended_at_plaid_too(
    built: Warehouse, banking: TestClient, bank: FakePlaid, me: dict[str, str]
) -> None:
    id_ = banking.post(CONNECTIONS, json=PUBLIC, headers=me).json()["data"]["id"]
    tell(banking, bank, {"webhook_code": "ERROR", "error": {"error_code": "ITEM_LOGIN_REQUIRED"}})
    (shown,) = data_of(banking.get(CONNECTIONS, headers=me))
    assert (shown["status"], shown["problem_code"]) == ("needs_sign_in", "ITEM_LOGIN_REQUIRED")
    assert "sign in again" in shown["problem"]
    banking.post(f"{CONNECTIONS}link-token", json={"connection_id": id_}, headers=me)
    asked = bank.calls[-1][1]
    assert asked["access_token"] == bank.access_token
    assert "products" not in asked
    assert banking.post(f"{CONNECTIONS}{id_}/sync", headers=me).status_code == 200
    (shown,) = data_of(banking.get(CONNECTIONS, headers=me))
    assert (shown["status"], shown["problem"], shown["is_waiting"]) == ("active", None, True)
    assert banking.delete(f"{CONNECTIONS}{id_}", headers=me).status_code == 200
    assert bank.removed
    assert stored(built, bank) is None
    assert banking.delete(f"{CONNECTIONS}{id_}", headers=me).status_code == 404


def test_nobody_reaches_somebody_elses_connection(
    built: Warehouse, banking: TestClient, bank: FakePlaid, me: dict[str, str]
) -> None:
    id_ = banking.post(CONNECTIONS, json=PUBLIC, headers=me).json()["data"]["id"]
    stranger = somebody(built, banking)
    assert data_of(banking.get(CONNECTIONS, headers=stranger)) == []
    answers = [
        banking.post(f"{CONNECTIONS}link-token", json={"connection_id": id_}, headers=stranger),
        banking.post(f"{CONNECTIONS}{id_}/sync", headers=stranger),
        banking.delete(f"{CONNECTIONS}{id_}", headers=stranger),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert not bank.removed


def test_signed_news_make_a_connection_wait_for_the_pipeline(
    built: Warehouse, banking: TestClient, bank: FakePlaid, me: dict[str, str]
) -> None:
    banking.post(CONNECTIONS, json=PUBLIC, headers=me)
    read_by_the_pipeline(built, bank)
    assert tell(banking, bank, NEWS).status_code == 200
    assert stored(built, bank).wanted_at is not None
    asked = [path for path, _ in bank.calls]
    assert tell(banking, bank, NEWS).status_code == 200
    assert [path for path, _ in bank.calls] == asked, "the key is kept"


def test_a_consent_that_ends_soon_is_shown_and_reading_goes_on(
    banking: TestClient, bank: FakePlaid, me: dict[str, str]
) -> None:
    banking.post(CONNECTIONS, json=PUBLIC, headers=me)
    tell(banking, bank, {"webhook_code": "PENDING_EXPIRATION"})
    (shown,) = data_of(banking.get(CONNECTIONS, headers=me))
    assert (shown["status"], shown["problem_code"]) == ("active", "PENDING_EXPIRATION")


def forged(bank: FakePlaid) -> dict[str, Any]:
    """News that nobody should believe."""
    body = json.dumps({"item_id": bank.item_id, **NEWS}).encode()
    other = FakePlaid(key_id=bank.key_id)
    claims = jwt.decode(bank.signed(body), options={"verify_signature": False})
    header = {"kid": bank.key_id}
    return {
        "none": (body, ""),
        "no token": (body, "x.y.z"),
        "old": (body, bank.signed(body, age=301)),
        "from the future": (body, bank.signed(body, age=-600)),
        "another body": (body + b" ", bank.signed(body)),
        "another key": (body, other.signed(body)),
        "no algorithm": (body, jwt.encode(claims, "", algorithm="none", headers=header)),
        "a shared secret": (body, jwt.encode(claims, "k" * 64, algorithm="HS256", headers=header)),
        "no key named": (body, jwt.encode(claims, bank.key, algorithm="ES256")),
    }


def test_news_that_plaid_did_not_sign_are_refused(
    built: Warehouse, banking: TestClient, bank: FakePlaid, me: dict[str, str]
) -> None:
    banking.post(CONNECTIONS, json=PUBLIC, headers=me)
    read_by_the_pipeline(built, bank)
    for name, (body, signature) in forged(bank).items():
        answer = banking.post(WEBHOOK, content=body, headers={"plaid-verification": signature})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "AUTH_1011"), name
    assert stored(built, bank).wanted_at is None


def test_what_plaid_refuses_is_told_with_what_helps(
    banking: TestClient, bank: FakePlaid, me: dict[str, str]
) -> None:
    bank.fail("/item/public_token/exchange", "INVALID_PUBLIC_TOKEN", "INVALID_INPUT")
    answer = banking.post(CONNECTIONS, json=PUBLIC, headers=me)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "EXTERNAL_7002")
    assert "open it again" in answer.json()["error"]["details"]["advice"]


def test_without_keys_of_plaid_the_platform_says_what_is_missing(
    client: TestClient, maria: dict[str, str]
) -> None:
    answer = client.post(f"{CONNECTIONS}link-token", json={}, headers=maria)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "EXTERNAL_7001")
    assert answer.json()["error"]["details"]["needs"] == ["MITA_PLAID_CLIENT_ID", "MITA_PLAID_SECRET"]


def test_who_leaves_takes_their_bank_connections_along(
    built: Warehouse, banking: TestClient, bank: FakePlaid, me: dict[str, str]
) -> None:
    banking.post(CONNECTIONS, json=PUBLIC, headers=me)
    answer = banking.request("DELETE", "/api/auth/delete-account", json={"confirmation": True}, headers=me)
    assert answer.status_code == 200, answer.text
    assert bank.removed
    assert stored(built, bank) is None
