"""Who gets in, and with which tokens."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jwt
import pytest
from sqlalchemy import text

from api.auth.tokens import Principal, Tokens
from api.errors import ExpiredTokenError
from tests.api.people import MARIA, PASSWORD, Person, move_in
from tests.api.shapes import STRING, assert_shape, data_of, error_of
from tests.factories import make_user
from warehouse.passwords import NOBODYS_HASH, hash_password, verify_password

if TYPE_CHECKING:
    from httpx2 import Response
    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse

ME = "/api/users/me"


def log_in(client: TestClient, email: str = MARIA.email, password: str = PASSWORD) -> Response:
    return client.post("/api/auth/login", json={"email": email, "password": password})


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def key(built: Warehouse) -> str:
    return built.settings.derived_key("jwt")


@pytest.fixture
def claims(client: TestClient, key: str) -> dict[str, Any]:
    """The claims of a good access token of Maria's."""
    token = log_in(client).json()["data"]["access_token"]
    return dict(jwt.decode(token, key, algorithms=["HS256"], audience="mita-api"))


def test_login_gives_what_the_client_reads(client: TestClient) -> None:
    response = log_in(client)
    data = data_of(response)
    assert_shape(data, {"access_token": STRING, "refresh_token": STRING})
    assert response.headers["cache-control"] == "no-store"


def test_the_client_finds_the_users_id_in_the_token(client: TestClient) -> None:
    token = log_in(client).json()["data"]["access_token"]
    payload = token.split(".")[1]
    subject = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"]
    assert subject == data_of(client.get(ME, headers=bearer(token)))["id"]


def test_an_address_counts_however_it_is_written(client: TestClient) -> None:
    assert log_in(client, f"  {MARIA.email.upper()} ").status_code == 200


@pytest.mark.parametrize(
    ("email", "password"),
    [(MARIA.email, "wrong"), ("nobody@example.org", PASSWORD), ("%@example.org", PASSWORD)],
)
def test_wrong_credentials_do_not_tell_which_part_was_wrong(
    client: TestClient, email: str, password: str
) -> None:
    error = error_of(log_in(client, email, password), 401)
    assert (error["code"], error["message"]) == (
        "AUTH_1001",
        "The e-mail address or the password is wrong.",
    )


def test_somebody_without_a_password_cannot_sign_in_with_one(client: TestClient, built: Warehouse) -> None:
    user = make_user(built)
    assert error_of(log_in(client, user.email, "x"), 401)["code"] == "AUTH_1001"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "maria@example.org"}, "body.password"),
        ({"email": "not an address", "password": "x"}, "body.email"),
        ({"email": "nul\x00@example.org", "password": "x"}, "body.email"),
        ({"email": "a@b", "password": "x" * 1025}, "body.password"),
        ({"email": 7, "password": "x"}, "body.email"),
        ({"email": "a@b", "password": ""}, "body.password"),
    ],
)
def test_a_malformed_login_names_the_field(client: TestClient, body: dict[str, Any], field: str) -> None:
    error = error_of(client.post("/api/auth/login", json=body), 422)
    assert error["code"] == "VALIDATION_2002"
    assert [invalid["field"] for invalid in error["details"]["validation_errors"]] == [field]


def test_what_is_no_json_is_refused(client: TestClient) -> None:
    for content in (b"{", b"[]", b'{"email": "\\ud800@b", "password": "x"}', b"\xff"):
        response = client.post(
            "/api/auth/login", content=content, headers={"content-type": "application/json"}
        )
        assert error_of(response, 422)["code"] == "VALIDATION_2002"


def test_a_refused_password_is_not_repeated(client: TestClient) -> None:
    response = client.post("/api/auth/login", json={"email": "x", "password": "hunter2hunter2"})
    assert response.status_code == 422
    assert "hunter2" not in response.text


def test_no_token_no_answer(client: TestClient) -> None:
    response = client.get(ME)
    assert error_of(response, 401)["code"] == "AUTH_1002"
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "somebody-else"},
        {"aud": ["mita-api", "somebody-else"]},
        {"iss": "somebody-else"},
        {"typ": "refresh"},
        {"sub": "not-an-id"},
        {"ver": "1"},
        {"ver": True},
        {"iat": 4_102_444_800},
        *(
            {claim: None}
            for claim in ("iss", "aud", "sub", "iat", "exp", "jti", "typ", "ver", "sid", "scope")
        ),
    ],
    ids=str,
)
def test_a_token_with_another_claim_is_refused(
    client: TestClient, key: str, claims: dict[str, Any], change: dict[str, Any]
) -> None:
    changed = {name: value for name, value in (claims | change).items() if value is not None}
    token = jwt.encode(changed, key, algorithm="HS256")
    assert error_of(client.get(ME, headers=bearer(token)), 401)["code"] == "AUTH_1002"


def test_an_unchanged_token_is_taken(client: TestClient, key: str, claims: dict[str, Any]) -> None:
    assert client.get(ME, headers=bearer(jwt.encode(claims, key, algorithm="HS256"))).status_code == 200


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
def test_no_other_algorithm_is_taken(
    client: TestClient, key: str, claims: dict[str, Any], algorithm: str
) -> None:
    token = jwt.encode(claims, "" if algorithm == "none" else key, algorithm=algorithm)
    assert error_of(client.get(ME, headers=bearer(token)), 401)["code"] == "AUTH_1002"


def test_a_token_of_another_key_is_refused(client: TestClient, claims: dict[str, Any]) -> None:
    token = jwt.encode(claims, "another key, just as long as the real one", algorithm="HS256")
    assert error_of(client.get(ME, headers=bearer(token)), 401)["code"] == "AUTH_1002"


@pytest.mark.parametrize("header", ["Bearer", "Bearer x.y.z", "Basic bWFyaWE6eA==", "Bearer " + "a" * 9000])
def test_what_is_no_token_is_refused(client: TestClient, header: str) -> None:
    assert error_of(client.get(ME, headers={"authorization": header}), 401)["code"] == "AUTH_1002"


def test_an_expired_token_says_so(client: TestClient, key: str, claims: dict[str, Any]) -> None:
    token = jwt.encode(claims | {"exp": datetime.now(tz=UTC) - timedelta(seconds=1)}, key, algorithm="HS256")
    assert error_of(client.get(ME, headers=bearer(token)), 401)["code"] == "AUTH_1003"


def test_a_token_lives_as_long_as_the_settings_say() -> None:
    tokens = Tokens("k" * 64, timedelta(minutes=-1))
    pair = tokens.pair(Principal(uuid4(), 1, uuid4()), uuid4())
    with pytest.raises(ExpiredTokenError):
        tokens.read(pair.access_token)


def test_tokens_from_before_a_revocation_are_refused(client: TestClient, built: Warehouse) -> None:
    user = move_in(built, Person("revoked@example.org", "EUR", "UTC", None, None, ()))
    pair = log_in(client, user.email).json()["data"]
    with built.transaction() as connection:
        connection.execute(
            text("update app.users set token_version = token_version + 1 where user_id = :id"),
            {"id": user.user_id},
        )
    assert error_of(client.get(ME, headers=bearer(pair["access_token"])), 401)["code"] == "AUTH_1004"
    refreshed = client.post("/api/auth/refresh-token", json={"refresh_token": pair["refresh_token"]})
    assert error_of(refreshed, 401)["code"] == "AUTH_1004"
    assert log_in(client, user.email).status_code == 200


def test_tokens_of_a_deleted_user_are_refused(client: TestClient, built: Warehouse) -> None:
    user = move_in(built, Person("gone@example.org", "EUR", "UTC", None, None, ()))
    token = log_in(client, user.email).json()["data"]["access_token"]
    with built.transaction() as connection:
        connection.execute(text("delete from app.users where user_id = :id"), {"id": user.user_id})
    assert error_of(client.get(ME, headers=bearer(token)), 401)["code"] == "AUTH_1004"


@pytest.mark.parametrize("path", ["/api/auth/refresh-token", "/api/auth/refresh"])
def test_a_refresh_token_gives_both_tokens_anew(client: TestClient, path: str) -> None:
    pair = log_in(client).json()["data"]
    # The client sends the refresh token as its bearer token, too.
    response = client.post(
        path, json={"refresh_token": pair["refresh_token"]}, headers=bearer(pair["refresh_token"])
    )
    renewed = data_of(response)
    assert renewed["refresh_token"] != pair["refresh_token"]
    assert client.get(ME, headers=bearer(renewed["access_token"])).status_code == 200


def test_an_access_token_refreshes_nothing(client: TestClient) -> None:
    pair = log_in(client).json()["data"]
    response = client.post("/api/auth/refresh-token", json={"refresh_token": pair["access_token"]})
    assert error_of(response, 401)["code"] == "AUTH_1002"


def test_a_password_is_one_however_its_accents_are_composed() -> None:
    assert verify_password(hash_password("caf\u00e9"), "cafe\u0301")
    assert not verify_password(hash_password("caf\u00e9"), "cafe")


def test_a_hash_says_how_hard_it_was_and_never_repeats() -> None:
    first, second = hash_password("x"), hash_password("x")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second


def test_nobodys_hash_costs_as_much_as_a_users_and_is_nobodys() -> None:
    assert NOBODYS_HASH.rsplit("$", 2)[0] == hash_password("x").rsplit("$", 2)[0]
    assert not verify_password(None, "")
    assert not verify_password("not a hash", "x")
