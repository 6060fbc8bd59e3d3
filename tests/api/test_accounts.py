"""Accounts: registering, staying signed in, second factors, mailed links, and leaving without a trace."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import jwt
import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import text

from api.auth import google as google_sign_in
from api.auth.links import leads_to
from tests.api.conftest import sign_in
from tests.api.people import PASSWORD, Line, Person, move_in
from tests.api.shapes import data_of, error_of
from tests.api.software_key import SoftwareKey
from warehouse.repositories import users

if TYPE_CHECKING:
    from fastapi import FastAPI
    from httpx2 import Response
    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse

ME = "/api/users/me"


def register(client: TestClient, **changes: Any) -> Response:  # noqa: ANN401 - JSON
    body = {
        "email": f"{uuid4()}@example.org",
        "password": PASSWORD,
        "country": "BG",
        "timezone": "Europe/Sofia",
    }
    return client.post("/api/auth/register", json=body | changes)


def bearer(pair: dict[str, str]) -> dict[str, str]:
    return {"authorization": f"Bearer {pair['access_token']}"}


@pytest.fixture
def pair(client: TestClient) -> dict[str, str]:
    """The tokens of somebody who has just registered."""
    tokens: dict[str, str] = register(client).json()["data"]
    return tokens


def outbox(built: Warehouse, kind: str) -> list[Any]:
    with built.transaction() as connection:
        query = text("select recipient, payload from ops.outbox where kind = :kind order by created_at")
        return [tuple(row) for row in connection.execute(query, {"kind": kind})]


def token_in(payload: dict[str, str]) -> str:
    return payload["link"].partition("token=")[2]


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "too_short"),
        ("password1", "leaked"),
        ("PASSWORD1", "leaked"),
        ("aaaaaaaaaaaa", "guessable"),
        ("Mita!2026!2026", "guessable"),
        ("MyMoneyBudget-1", "guessable"),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(client: TestClient, password: str, reason: str) -> None:
    error = error_of(register(client, password=password), 400)
    assert (error["code"], error["details"]) == ("VALIDATION_2003", {"reason": reason})


def test_the_own_address_is_no_password(client: TestClient) -> None:
    email = f"{uuid4()}@example.org"
    assert error_of(register(client, email=email, password=email), 400)["details"]["reason"] == "guessable"


def test_an_address_belongs_to_one_account_however_it_is_written(client: TestClient) -> None:
    email = f"{uuid4()}@example.org"
    assert register(client, email=email).status_code == 201
    assert error_of(register(client, email=email.upper()), 409)["code"] == "RESOURCE_3003"


def test_registering_says_where_one_is_and_what_one_earns(client: TestClient) -> None:
    registered = register(client, country="JP", timezone="Asia/Tokyo", annual_income=6_000_000)
    me = data_of(client.get(ME, headers=bearer(registered.json()["data"])))
    assert (me["currency"], me["timezone"], me["income"]) == ("JPY", "Asia/Tokyo", 500_000)


def test_no_zone_no_account(client: TestClient) -> None:
    error = error_of(register(client, timezone="Mars/Olympus"), 422)
    assert error["details"]["validation_errors"][0]["field"] == "body.timezone"


def refreshed(client: TestClient, token: str) -> Response:
    return client.post("/api/auth/refresh-token", json={"refresh_token": token})


def test_a_lost_reply_can_be_asked_for_again(client: TestClient, pair: dict[str, str]) -> None:
    first = data_of(refreshed(client, pair["refresh_token"]))
    second = data_of(refreshed(client, pair["refresh_token"]))
    assert client.get(ME, headers=bearer(second)).status_code == 200
    assert refreshed(client, first["refresh_token"]).status_code == 200


def test_a_token_used_after_the_grace_ends_the_family(
    client: TestClient, built: Warehouse, pair: dict[str, str]
) -> None:
    newest = data_of(refreshed(client, pair["refresh_token"]))
    with built.transaction() as connection:
        connection.execute(text("update app.sessions set rotated_at = rotated_at - interval '1 hour'"))
    assert error_of(refreshed(client, pair["refresh_token"]), 401)["code"] == "AUTH_1008"
    assert error_of(refreshed(client, newest["refresh_token"]), 401)["code"] == "AUTH_1004"
    assert error_of(client.get(ME, headers=bearer(newest)), 401)["code"] == "AUTH_1004"


def test_a_session_ends_half_a_year_after_the_sign_in_however_often_it_is_renewed(
    client: TestClient, built: Warehouse, pair: dict[str, str]
) -> None:
    with built.transaction() as connection:
        connection.execute(
            text(
                "update app.sessions set created_at = created_at - interval '181 days' where session_id = :id"
            ),
            {"id": jwt.decode(pair["access_token"], options={"verify_signature": False})["sid"]},
        )
    last = data_of(refreshed(client, pair["refresh_token"]))
    assert error_of(refreshed(client, last["refresh_token"]), 401)["code"] == "AUTH_1004"


def test_sessions_are_listed_and_ended_one_by_one(client: TestClient) -> None:
    email = f"{uuid4()}@example.org"
    here = register(client, email=email).json()["data"]
    body = {"email": email, "password": PASSWORD}
    there = client.post("/api/auth/login", json=body, headers={"user-agent": "Phone"}).json()["data"]
    listed = data_of(client.get("/api/auth/sessions", headers=bearer(here)))
    assert [session["is_current"] for session in listed] == [False, True]
    assert listed[0]["device"] == "Phone"
    ended = client.delete(f"/api/auth/sessions/{listed[0]['id']}", headers=bearer(here))
    assert ended.status_code == 200
    assert error_of(client.get(ME, headers=bearer(there)), 401)["code"] == "AUTH_1004"
    assert client.get(ME, headers=bearer(here)).status_code == 200


def test_nobody_ends_anothers_session(client: TestClient, pair: dict[str, str]) -> None:
    mine = data_of(client.get("/api/auth/sessions", headers=bearer(pair)))[0]["id"]
    stranger = register(client).json()["data"]
    refused = client.delete(f"/api/auth/sessions/{mine}", headers=bearer(stranger))
    assert error_of(refused, 404)["code"] == "RESOURCE_3001"
    assert client.get(ME, headers=bearer(pair)).status_code == 200


def age_sessions(built: Warehouse) -> None:
    with built.transaction() as connection:
        connection.execute(text("update app.sessions set created_at = created_at - interval '16 minutes'"))


def test_an_operator_ends_every_session_of_a_user(client: TestClient, built: Warehouse) -> None:
    email = f"{uuid4()}@example.org"
    here = register(client, email=email).json()["data"]
    there = client.post("/api/auth/login", json={"email": email, "password": PASSWORD}).json()["data"]
    with built.as_role("owner").transaction() as connection:
        assert users.sign_out(connection, users.get_user(connection, email.upper())) == 2
    for pair in (here, there):
        assert error_of(client.get(ME, headers=bearer(pair)), 401)["code"] == "AUTH_1004"
        assert error_of(refreshed(client, pair["refresh_token"]), 401)["code"] == "AUTH_1004"
    again = client.post("/api/auth/login", json={"email": email, "password": PASSWORD}).json()["data"]
    told = data_of(client.get("/api/auth/security-status", headers=bearer(again)))["recent_events"]
    assert "signed_out_by_operator" in {event["event"] for event in told}
    with built.transaction() as connection:
        assert connection.execute(text("select count(*) from ops.audit_breaks()")).scalar_one() == 0


def test_what_signs_in_is_changed_soon_after_signing_in_only(client: TestClient, built: Warehouse) -> None:
    email = f"{uuid4()}@example.org"
    old = bearer(register(client, email=email).json()["data"])
    key = SoftwareKey("http://localhost:8000")
    asked = data_of(client.post("/api/auth/passkeys/options", headers=old))
    made = {"credential": key.create(asked["options"]), "challenge": asked["challenge"]}
    age_sessions(built)
    another = {"email": f"{uuid4()}@example.org"}
    fresh = bearer(client.post("/api/auth/login", json={"email": email, "password": PASSWORD}).json()["data"])
    for headers, expected in ((old, 403), (fresh, 200)):
        answers = (
            client.post("/api/auth/totp", headers=headers),
            client.post("/api/auth/passkeys", json=made, headers=headers),
            client.patch(ME, json=another, headers=headers),
        )
        assert [answer.status_code // 100 for answer in answers] == [expected // 100] * 3
        if expected == 403:
            assert {error_of(answer, 403)["code"] for answer in answers} == {"AUTH_1012"}
    assert client.patch(ME, json=another | {"name": "Maria"}, headers=old).status_code == 200


def test_a_device_not_seen_before_is_told_of_by_mail(client: TestClient, built: Warehouse) -> None:
    email = f"{uuid4()}@example.org"
    register(client, email=email)
    body = {"email": email, "password": PASSWORD}
    for device in ("testclient", "Strange phone", "Strange phone"):
        client.post("/api/auth/login", json=body, headers={"user-agent": device})
    told = [payload["device"] for recipient, payload in outbox(built, "new_device") if recipient == email]
    assert told == ["Strange phone"]


def test_a_changed_password_ends_the_other_sessions(client: TestClient) -> None:
    email = f"{uuid4()}@example.org"
    here = register(client, email=email).json()["data"]
    there = client.post("/api/auth/login", json={"email": email, "password": PASSWORD}).json()["data"]
    wrong = {"current_password": "not the password", "new_password": "a new and long passphrase"}
    changed = "/api/auth/change-password"
    assert error_of(client.post(changed, json=wrong, headers=bearer(here)), 401)["code"] == "AUTH_1001"
    right = wrong | {"current_password": PASSWORD}
    assert client.post(changed, json=right, headers=bearer(here)).json()["success"] is True
    assert client.get(ME, headers=bearer(here)).status_code == 200
    assert client.get(ME, headers=bearer(there)).status_code == 401


def test_a_forgotten_password_is_set_by_a_mailed_link_once(client: TestClient, built: Warehouse) -> None:
    email = f"{uuid4()}@example.org"
    old = register(client, email=email).json()["data"]
    asked = {"email": email, "client_id": "mita_flutter_app", "redirect_url": "https://evil.example/steal"}
    assert client.post("/api/auth/forgot-password", json=asked).status_code == 200
    [payload] = [payload for recipient, payload in outbox(built, "reset_password") if recipient == email]
    assert payload["link"].startswith("mita://app?")
    token = token_in(payload)
    assert client.get("/api/auth/verify-reset-token", params={"token": token}).status_code == 200
    new = {"token": token, "new_password": "a new and long passphrase"}
    assert client.post("/api/auth/reset-password", json=new).status_code == 200
    assert error_of(client.post("/api/auth/reset-password", json=new), 400)["code"] == "AUTH_1009"
    assert client.get(ME, headers=bearer(old)).status_code == 401
    login = {"email": email, "password": "a new and long passphrase"}
    assert client.post("/api/auth/login", json=login).status_code == 200


def test_a_new_password_or_address_voids_links_on_their_way(client: TestClient, built: Warehouse) -> None:
    email, moved = (f"{uuid4()}@example.org" for _ in range(2))
    headers = bearer(register(client, email=email).json()["data"])
    for _ in range(2):
        client.post("/api/auth/forgot-password", json={"email": email})
    first, second = (token_in(told) for to, told in outbox(built, "reset_password") if to == email)
    [verify] = [token_in(told) for to, told in outbox(built, "verify_email") if to == email]
    assert client.patch(ME, json={"email": moved}, headers=headers).status_code == 200
    assert error_of(client.post("/api/auth/verify-email", json={"token": verify}), 400)["code"] == "AUTH_1009"
    assert data_of(client.get(ME, headers=headers))["verified_email"] is False
    for token in (first, second):
        check = client.get("/api/auth/verify-reset-token", params={"token": token})
        assert error_of(check, 400)["code"] == "AUTH_1009"
    for _ in range(2):
        client.post("/api/auth/forgot-password", json={"email": moved})
    first, second = (token_in(told) for to, told in outbox(built, "reset_password") if to == moved)
    new = {"token": first, "new_password": "a new and long passphrase"}
    assert client.post("/api/auth/reset-password", json=new).status_code == 200
    assert client.post("/api/auth/reset-password", json=new | {"token": second}).status_code == 400


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://app.example.org", True),
        ("https://app.example.org/mita/reset?lang=bg", True),
        ("https://app.example.org.evil.example/mita", False),
        ("https://app.example.org@evil.example/mita", False),
        ("https://app.example.org:8443/mita", False),
        ("http://app.example.org/mita", False),
        ("https://[evil", False),
    ],
)
def test_a_mailed_link_leads_to_places_of_ours_only(url: str, leads: bool) -> None:  # noqa: FBT001
    assert leads_to(url, "https://app.example.org") is leads


@pytest.mark.parametrize("path", ["/mitaevil", "/mita/../evil", "/"])
def test_a_mailed_link_leads_below_the_path_that_is_named(path: str) -> None:
    assert leads_to("https://example.org/mita/reset", "https://example.org/mita/")
    assert not leads_to(f"https://example.org{path}", "https://example.org/mita")


def test_nobody_learns_who_has_an_account_by_forgetting(client: TestClient, built: Warehouse) -> None:
    before = len(outbox(built, "reset_password"))
    answer = client.post("/api/auth/forgot-password", json={"email": "nobody@example.org"})
    assert answer.status_code == 200
    assert len(outbox(built, "reset_password")) == before


def test_an_address_is_verified_by_a_mailed_link(client: TestClient, built: Warehouse) -> None:
    email = f"{uuid4()}@example.org"
    pair = register(client, email=email).json()["data"]
    assert data_of(client.get(ME, headers=bearer(pair)))["verified_email"] is False
    [payload] = [payload for recipient, payload in outbox(built, "verify_email") if recipient == email]
    assert client.post("/api/auth/verify-email", json={"token": token_in(payload)}).status_code == 200
    assert data_of(client.get(ME, headers=bearer(pair)))["verified_email"] is True


def test_a_link_of_one_purpose_serves_no_other(client: TestClient, built: Warehouse) -> None:
    email = f"{uuid4()}@example.org"
    register(client, email=email)
    [payload] = [payload for recipient, payload in outbox(built, "verify_email") if recipient == email]
    new = {"token": token_in(payload), "new_password": "a new and long passphrase"}
    assert error_of(client.post("/api/auth/reset-password", json=new), 400)["code"] == "AUTH_1009"


def test_a_second_factor_is_asked_for_and_each_code_counts_once(client: TestClient) -> None:
    email = f"{uuid4()}@example.org"
    headers = bearer(register(client, email=email).json()["data"])
    secret = data_of(client.post("/api/auth/totp", headers=headers))["secret"]
    totp = pyotp.TOTP(secret)
    wrong = client.post("/api/auth/totp/confirm", json={"code": "000000"}, headers=headers)
    assert error_of(wrong, 401)["code"] == "AUTH_1007"
    now = time.time()
    first = {"code": totp.at(now - 30)}
    recovery = data_of(client.post("/api/auth/totp/confirm", json=first, headers=headers))["recovery_codes"]
    body = {"email": email, "password": PASSWORD}
    needed = error_of(client.post("/api/auth/login", json=body), 401)
    assert (needed["code"], needed["details"]["methods"]) == ("AUTH_1006", ["totp", "recovery_code"])
    code = body | {"code": totp.at(now)}
    assert client.post("/api/auth/login", json=code).status_code == 200
    assert error_of(client.post("/api/auth/login", json=code), 401)["code"] == "AUTH_1007"
    lost = body | {"code": recovery[0]}
    assert client.post("/api/auth/login", json=lost).status_code == 200
    assert error_of(client.post("/api/auth/login", json=lost), 401)["code"] == "AUTH_1007"
    status = data_of(client.get("/api/auth/security-status", headers=headers))
    assert (status["two_factor_enabled"], status["recovery_codes_left"]) == (True, 9)
    off = client.post("/api/auth/totp/off", json={"code": recovery[1]}, headers=headers)
    assert off.status_code == 200
    assert client.post("/api/auth/login", json=body).status_code == 200


def turn_on_totp(client: TestClient, headers: dict[str, str]) -> list[str]:
    totp = pyotp.TOTP(data_of(client.post("/api/auth/totp", headers=headers))["secret"])
    confirmed = client.post("/api/auth/totp/confirm", json={"code": totp.now()}, headers=headers)
    codes: list[str] = data_of(confirmed)["recovery_codes"]
    return codes


def test_a_passkey_signs_in(client: TestClient) -> None:
    headers = bearer(register(client).json()["data"])
    key = SoftwareKey("http://localhost:8000")
    asked = data_of(client.post("/api/auth/passkeys/options", headers=headers))
    made = {"credential": key.create(asked["options"]), "challenge": asked["challenge"], "name": "Laptop"}
    assert client.post("/api/auth/passkeys", json=made, headers=headers).status_code == 201
    asked = data_of(client.post("/api/auth/passkeys/login/options"))
    signed = {"credential": key.sign(asked["options"]), "challenge": asked["challenge"]}
    pair = data_of(client.post("/api/auth/passkeys/login", json=signed))
    assert (
        data_of(client.get(ME, headers=bearer(pair)))["id"] == data_of(client.get(ME, headers=headers))["id"]
    )


def test_passkeys_are_listed_kept_once_and_removed(client: TestClient) -> None:
    headers, stranger = (bearer(register(client).json()["data"]) for _ in range(2))
    key = SoftwareKey("http://localhost:8000")
    asked = data_of(client.post("/api/auth/passkeys/options", headers=headers))
    made = {"credential": key.create(asked["options"]), "challenge": asked["challenge"], "name": "Phone"}
    assert client.post("/api/auth/passkeys", json=made, headers=headers).status_code == 201
    assert error_of(client.post("/api/auth/passkeys", json=made, headers=headers), 401)["code"] == "AUTH_1010"
    [listed] = data_of(client.get("/api/auth/passkeys", headers=headers))
    assert (listed["id"], listed["name"]) == (made["credential"]["id"], "Phone")
    address = f"/api/auth/passkeys/{listed['id']}"
    assert error_of(client.delete(address, headers=stranger), 404)["code"] == "RESOURCE_3001"
    assert client.delete(address, headers=headers).status_code == 200
    asked = data_of(client.post("/api/auth/passkeys/login/options"))
    signed = {"credential": key.sign(asked["options"]), "challenge": asked["challenge"]}
    assert error_of(client.post("/api/auth/passkeys/login", json=signed), 401)["code"] == "AUTH_1010"


def test_a_passkey_of_another_place_or_challenge_is_refused(client: TestClient) -> None:
    headers = bearer(register(client).json()["data"])
    key = SoftwareKey("http://localhost:8000")
    asked = data_of(client.post("/api/auth/passkeys/options", headers=headers))
    made = {"credential": key.create(asked["options"]), "challenge": asked["challenge"]}
    client.post("/api/auth/passkeys", json=made, headers=headers)
    asked, other = (data_of(client.post("/api/auth/passkeys/login/options")) for _ in range(2))
    swapped = {"credential": key.sign(asked["options"]), "challenge": other["challenge"]}
    assert error_of(client.post("/api/auth/passkeys/login", json=swapped), 401)["code"] == "AUTH_1010"
    key.origin = "https://evil.example"
    phished = {"credential": key.sign(asked["options"]), "challenge": asked["challenge"]}
    assert error_of(client.post("/api/auth/passkeys/login", json=phished), 401)["code"] == "AUTH_1010"
    unknown = {"credential": {"id": "AAAA"}, "challenge": asked["challenge"]}
    assert error_of(client.post("/api/auth/passkeys/login", json=unknown), 401)["code"] == "AUTH_1010"


GOOGLE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def google(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """Google's keys as a local set, and a client id."""
    public = jwt.algorithms.RSAAlgorithm.to_jwk(GOOGLE_KEY.public_key(), as_dict=True)
    keys = {"keys": [{**public, "kid": "k1", "use": "sig", "alg": "RS256"}]}
    monkeypatch.setattr(jwt.PyJWKClient, "fetch_data", lambda _: keys)
    configured = google_sign_in.GoogleSignIn(("our-client",), "http://127.0.0.1:9/keys")
    object.__setattr__(app.state.services.sign_in, "google", configured)


def id_token(key: rsa.RSAPrivateKey = GOOGLE_KEY, **changes: Any) -> str:  # noqa: ANN401
    now = datetime.now(tz=UTC)
    claims = {
        "iss": "https://accounts.google.com", "aud": "our-client", "sub": "1234", "iat": now,
        "exp": now + timedelta(hours=1), "email": "maria.g@example.org", "email_verified": True, "name": "M",
    }  # fmt: skip
    return jwt.encode(claims | changes, key, algorithm="RS256", headers={"kid": "k1"})


@pytest.mark.usefixtures("google")
def test_google_signs_in_and_the_same_person_again(client: TestClient) -> None:
    subject = uuid4().hex
    users = [
        data_of(client.get(ME, headers=bearer(data_of(answer))))
        for answer in (
            client.post("/api/auth/google", json={"id_token": id_token(sub=subject, email=email)})
            for email in (f"{subject}@example.org", "new@example.org")
        )
    ]
    assert users[0]["id"] == users[1]["id"]
    assert users[0]["verified_email"] is True


@pytest.mark.usefixtures("google")
def test_google_takes_over_an_address_that_was_never_verified(client: TestClient) -> None:
    email = f"{uuid4()}@example.org"
    squatter = register(client, email=email).json()["data"]
    key = SoftwareKey("http://localhost:8000")
    asked = data_of(client.post("/api/auth/passkeys/options", headers=bearer(squatter)))
    made = {"credential": key.create(asked["options"]), "challenge": asked["challenge"]}
    assert client.post("/api/auth/passkeys", json=made, headers=bearer(squatter)).status_code == 201
    turn_on_totp(client, bearer(squatter))
    answer = client.post("/api/auth/google", json={"id_token": id_token(sub=email, email=email)})
    assert answer.status_code == 200
    assert client.get(ME, headers=bearer(squatter)).status_code == 401
    assert client.get(ME, headers=bearer(data_of(answer))).status_code == 200
    login = client.post("/api/auth/login", json={"email": email, "password": PASSWORD})
    assert login.status_code == 401
    asked = data_of(client.post("/api/auth/passkeys/login/options"))
    signed = {"credential": key.sign(asked["options"]), "challenge": asked["challenge"]}
    assert client.post("/api/auth/passkeys/login", json=signed).status_code == 401


@pytest.mark.usefixtures("google")
def test_google_is_one_factor_where_somebody_set_up_a_second(client: TestClient) -> None:
    given = {"id_token": id_token(sub=uuid4().hex, email=f"{uuid4()}@example.org")}
    headers = bearer(data_of(client.post("/api/auth/google", json=given)))
    recovery = turn_on_totp(client, headers)
    assert error_of(client.post("/api/auth/google", json=given), 401)["code"] == "AUTH_1006"
    wrong = client.post("/api/auth/google", json=given | {"code": "no code"})
    assert error_of(wrong, 401)["code"] == "AUTH_1007"
    assert client.post("/api/auth/google", json=given | {"code": recovery[0]}).status_code == 200


@pytest.mark.usefixtures("google")
@pytest.mark.parametrize(
    "token",
    [
        id_token(STRANGER_KEY),
        id_token(aud="another-client"),
        id_token(iss="https://accounts.evil.example"),
        id_token(exp=datetime.now(tz=UTC) - timedelta(minutes=5)),
        id_token(email_verified=False),
        "nonsense",
        jwt.encode({"aud": "our-client"}, "x" * 40, algorithm="HS256", headers={"kid": "k1"}),
    ],
    ids=["key", "audience", "issuer", "expired", "unverified", "nonsense", "symmetric"],
)
def test_what_google_did_not_say_is_refused(client: TestClient, token: str) -> None:
    assert error_of(client.post("/api/auth/google", json={"id_token": token}), 401)["code"] == "AUTH_1010"


def test_without_a_client_id_there_is_no_google(client: TestClient, app: FastAPI) -> None:
    none = google_sign_in.GoogleSignIn((), "")
    object.__setattr__(app.state.services.sign_in, "google", none)
    error = error_of(client.post("/api/auth/google", json={"id_token": id_token()}), 503)
    assert error["code"] == "EXTERNAL_7001"


def everything_about(built: Warehouse, needles: tuple[str, ...]) -> set[str]:
    """The tables, of every schema, in which some text of a row contains one of the words."""
    found = set()
    with built.as_role("owner").transaction() as connection:
        tables = connection.execute(
            text("""
                select format('%I.%I', nspname, relname) from pg_class
                inner join pg_namespace on relnamespace = pg_namespace.oid
                where relkind in ('r', 'p', 'm')
                    and nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
            """)
        ).scalars()
        for table in tables:
            rows = connection.execute(
                text(f"select 1 from {table} as kept where to_jsonb(kept)::text ~ :words limit 1"),  # noqa: S608
                {"words": "|".join(needles)},
            )
            if rows.first():
                found.add(table)
    return found


def test_an_erased_account_is_found_nowhere(client: TestClient, built: Warehouse) -> None:
    lines = (Line(0, -1234, "coffee", "UNMISTAKABLE BAR"),)
    person = Person(f"{uuid4()}@example.org", "EUR", "Europe/Sofia", 100_000, 5, lines)
    user = move_in(built, person)
    headers = sign_in(client, person)
    client.post("/api/transactions/", json={"amount": 1, "category": "dining"}, headers=headers)
    with built.transaction() as connection:  # a mart, which no foreign key reaches
        connection.execute(
            text("insert into ops.mart_versions (user_id, version, today) values (:id, 1, current_date)"),
            {"id": user.user_id},
        )
        connection.execute(
            text("insert into marts.fct_plan_gaps select :id, reason, currency, transactions, "
                 "money_in_minor, money_out_minor, first_spent_date, last_spent_date "
                 "from marts.fct_plan_gaps limit 1"),
            {"id": user.user_id},
        )  # fmt: skip
    needles = (str(user.user_id), person.email, "UNMISTAKABLE")
    assert {"app.users", "app.transactions", "ops.audit_log"} <= everything_about(built, needles)
    client.request("DELETE", "/api/auth/delete-account", json={"confirmation": True}, headers=headers)
    assert everything_about(built, needles) == set()


def test_everything_of_a_user_can_be_taken_along_and_no_secret(client: TestClient, built: Warehouse) -> None:
    lines = (Line(0, -1234, "coffee", "UNMISTAKABLE BAR"),)
    person = Person(f"{uuid4()}@example.org", "EUR", "Europe/Sofia", 100_000, 5, lines)
    user = move_in(built, person)
    answer = client.get("/api/users/me/export", headers=sign_in(client, person))
    exported = data_of(answer)["tables"]
    assert exported["app.transactions"][0]["description"] == "UNMISTAKABLE BAR"
    assert exported["raw.import_batches"]
    owners = {row["user_id"] for rows in exported.values() for row in rows}
    assert owners == {str(user.user_id)}
    assert "$argon2" not in answer.text
    assert data_of(answer)["left_out"]["app.users"] == ["password_hash"]
    assert "attachment" in answer.headers["content-disposition"]


def test_the_audit_chain_shows_a_changed_a_missing_and_a_cut_off_row(
    client: TestClient, built: Warehouse
) -> None:
    def breaks(user_id: UUID) -> list[int]:
        with built.transaction() as connection:
            query = text("select sequence from ops.audit_breaks() where user_id = :id order by 1")
            return list(connection.execute(query, {"id": user_id}).scalars())

    def tampered(statement: str) -> list[int]:
        pair = register(client).json()["data"]
        user_id = UUID(data_of(client.get(ME, headers=bearer(pair)))["id"])
        for _ in range(3):
            client.post("/api/transactions/", json={"amount": 1, "category": "dining"}, headers=bearer(pair))
        assert breaks(user_id) == []
        with built.transaction() as connection:
            connection.execute(text(statement), {"id": user_id})
        return breaks(user_id)

    assert tampered(
        """update ops.audit_log set details = '{"transaction": "x"}' where user_id = :id and sequence = 4"""
    ) == [4]
    assert tampered("delete from ops.audit_log where user_id = :id and sequence = 4") == [5]
    assert tampered(
        "delete from ops.audit_log where user_id = :id and sequence = "
        "(select max(sequence) from ops.audit_log where user_id = :id)"
    ) == [6]


def test_the_api_cannot_rewrite_what_happened(built: Warehouse) -> None:
    with built.as_role("api").transaction() as connection:
        for right in ("insert", "update", "delete"):
            query = text("select has_table_privilege('ops.audit_log', :right)")
            assert connection.execute(query, {"right": right}).scalar_one() is False


def test_a_password_hash_of_weaker_times_is_made_anew(client: TestClient, built: Warehouse) -> None:
    from argon2 import PasswordHasher

    person = Person(f"{uuid4()}@example.org", "EUR", "UTC", None, None, ())
    user = move_in(built, person)
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    with built.transaction() as connection:
        connection.execute(
            text("update app.users set password_hash = :hash where user_id = :id"),
            {"hash": weak, "id": user.user_id},
        )
    sign_in(client, person)
    with built.transaction() as connection:
        stored = connection.execute(
            text("select password_hash from app.users where user_id = :id"), {"id": user.user_id}
        ).scalar_one()
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    sign_in(client, person)
