"""Every route that OpenAPI lists, tried by those who must not: new ones are in these tests by themselves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import jwt
import pytest
from sqlalchemy import text

from api.auth.tokens import ALGORITHM, AUDIENCE, ISSUER, Tokens
from tests.api.conftest import sign_in
from tests.api.people import KENJI, MARIA, Line, Person, move_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI
    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse

METHODS = ("get", "post", "put", "patch", "delete")
#: Whom the client asks for by id in the path, although it may only ask for itself.
OF_A_USER = "user_id"


def operations(app: FastAPI) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every operation."""
    paths: dict[str, Any] = app.openapi()["paths"]
    return [
        (method.upper(), path, told)
        for path, methods in paths.items()
        for method, told in methods.items()
        if method in METHODS
    ]


def protected(app: FastAPI) -> list[tuple[str, str, dict[str, Any]]]:
    """Those that ask for a token."""
    return [one for one in operations(app) if one[2].get("security")]


def filled(path: str, values: dict[str, str] | None = None) -> str:
    """The path with something in each place."""
    usual = {"year": "2026", "month": "3", "date": "2026-03-14", "feature": "calendar", "category": "dining"}
    usual |= values or {}
    if path.endswith("/budget/calendar/{month}"):
        usual["month"] = "2026-03"
    return re.sub(r"\{(\w+)\}", lambda name: usual.get(name[1], str(uuid4())), path)


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def claims(maria: dict[str, str]) -> dict[str, Any]:
    token = maria["authorization"].removeprefix("Bearer ")
    told: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return told


@pytest.fixture(scope="module")
def key(built: Warehouse) -> str:
    return Tokens.of(built.settings).key


def bad_tokens(claims: dict[str, Any], key: str) -> dict[str, str]:
    """What an attacker may hold, by what is wrong with it."""
    now = datetime.now(tz=UTC)
    without_key = f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(claims)}."
    header, payload = encoded({"alg": "HS256", "typ": "JWT"}), encoded(claims)
    # Key confusion: signed with what is public, the names of issuer and audience.
    confused = hmac.new(f"{ISSUER}{AUDIENCE}".encode(), f"{header}.{payload}".encode(), hashlib.sha256)
    signature = base64.urlsafe_b64encode(confused.digest()).rstrip(b"=").decode()
    signed = {
        "expired": claims | {"iat": now - timedelta(hours=3), "exp": now - timedelta(hours=1)},
        "refresh": claims | {"typ": "refresh"},
        "challenge": claims | {"typ": "challenge"},
        "other audience": claims | {"aud": "another"},
        "other issuer": claims | {"iss": "another"},
        "other session": claims | {"sid": str(uuid4())},
        "revoked version": claims | {"ver": claims["ver"] + 1},
        "nobody": claims | {"sub": str(uuid4())},
    }
    return {
        "none": "",
        "no token": "nonsense",
        "alg none": without_key,
        "alg nOnE": f"{encoded({'alg': 'nOnE', 'typ': 'JWT'})}.{encoded(claims)}.",
        "confused key": f"{header}.{payload}.{signature}",
        "empty key": jwt.encode(claims, "\0" * 32, algorithm=ALGORITHM),
        "other algorithm": jwt.encode(claims, key, algorithm="HS512"),
        **{name: jwt.encode(told, key, algorithm=ALGORITHM) for name, told in signed.items()},
    }


def answered(client: TestClient, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
    """Status and body of a request whose body may be nothing."""
    response = client.request(method, path, headers=headers, json={} if method != "GET" else None)
    return response.status_code, response.text


def test_what_is_not_protected_is_known(app: FastAPI) -> None:
    open_to_all = {path for _, path, told in operations(app) if not told.get("security")}
    assert all(path.startswith(("/api/auth/", "/health", "/ready", SIGNED)) for path in open_to_all)


#: Not signed in to, but signed by who sends it.
SIGNED = "/api/bank-connections/webhook"
NAMES = [
    "none", "no token", "alg none", "alg nOnE", "confused key", "empty key", "other algorithm", "expired",
    "refresh", "challenge", "other audience", "other issuer",
]  # fmt: skip
#: Genuine tokens which Postgres says no longer count: a body that makes no sense may be told of before.
LOOKED_UP = ["other session", "revoked version", "nobody"]


@pytest.mark.parametrize("name", NAMES)
def test_no_route_takes_such_a_token(
    client: TestClient, app: FastAPI, claims: dict[str, Any], key: str, name: str
) -> None:
    headers = {"authorization": f"Bearer {bad_tokens(claims, key)[name]}"} if name != "none" else {}
    found = {
        f"{method} {path}": status
        for method, path, _ in protected(app)
        if (status := answered(client, method, filled(path), headers)[0]) != 401
    }
    assert found == {}


@pytest.mark.parametrize("name", LOOKED_UP)
def test_no_route_takes_a_token_that_was_revoked(
    client: TestClient, app: FastAPI, claims: dict[str, Any], key: str, name: str
) -> None:
    headers = {"authorization": f"Bearer {bad_tokens(claims, key)[name]}"}
    found = {
        f"{method} {path}": status
        for method, path, _ in protected(app)
        if (status := answered(client, method, filled(path), headers)[0]) not in {401, 422}
    }
    assert found == {}


def test_a_token_that_names_scopes_it_was_not_given_is_no_token(
    client: TestClient, app: FastAPI, claims: dict[str, Any], key: str
) -> None:
    token, body, _ = jwt.encode(claims, key, algorithm=ALGORITHM).split(".")
    told = encoded(claims | {"scope": "user premium admin"})
    for method, path, _ in protected(app):
        forged = {"authorization": f"Bearer {token}.{told}.{body[:43]}"}
        assert answered(client, method, filled(path), forged)[0] == 401


def test_scopes_are_asked_for_where_openapi_says_so(
    client: TestClient, app: FastAPI, maria: dict[str, str]
) -> None:
    for method, path, told in protected(app):
        wanted = {scope for entry in told["security"] for scopes in entry.values() for scope in scopes}
        if wanted - {"user"}:
            assert answered(client, method, filled(path), maria)[0] == 403, path


@pytest.fixture(scope="module")
def theirs(built: Warehouse) -> dict[str, list[str]]:
    """Every id of Maria's that stands in a table of hers, by its column."""
    with built.transaction() as connection:
        columns = connection.execute(
            text("""
                select format('%I.%I', key.table_schema, key.table_name), key.column_name
                from information_schema.columns as key
                inner join information_schema.tables using (table_schema, table_name)
                where key.table_schema in ('app', 'raw', 'ops', 'ml') and key.data_type = 'uuid'
                    and tables.table_type = 'BASE TABLE' and key.column_name like '%_id'
                    and exists (
                        select from information_schema.columns as owner
                        where owner.table_schema = key.table_schema and owner.table_name = key.table_name
                            and owner.column_name = 'user_id'
                    )
            """)
        ).all()
        owner = connection.execute(
            text("select user_id from app.users where email = :email"), {"email": MARIA.email}
        ).scalar_one()
        found: dict[str, list[str]] = {}
        for table, column in columns:
            query = text(f"select {column} from {table} where user_id = :owner limit 3")  # noqa: S608
            rows = connection.execute(query, {"owner": owner}).scalars()
            found.setdefault(column, []).extend(str(row) for row in rows if isinstance(row, UUID))
    return found


def test_no_route_gives_or_changes_anything_of_anothers_by_its_id(
    client: TestClient, app: FastAPI, built: Warehouse, theirs: dict[str, list[str]]
) -> None:
    stranger = Person(f"{uuid4()}@example.org", "EUR", "UTC", 1_000, 1_000, (Line(0, -1, "coffee"),))
    move_in(built, stranger)
    headers = sign_in(client, stranger)
    before = facts_of(built)
    ids = sorted({one for values in theirs.values() for one in values})
    for method, path, _ in protected(app):
        if "{" not in path or path.endswith("/logout"):
            continue
        for other in ids[:12] + theirs["transaction_id"][:2] + theirs["account_id"][:1]:
            names = dict.fromkeys(re.findall(r"\{(\w+_?id|id)\}", path), other)
            if not names:
                continue
            status, body = answered(client, method, filled(path, names), headers)
            assert status < 500, path
            assert not any(word in body for word in ("LIDL", "Lidl", MARIA.email, "Вавилон")), path
            if OF_A_USER not in names:
                assert status in {400, 401, 403, 404, 405, 409, 422}, (method, path, status)
    assert facts_of(built) == before


def facts_of(built: Warehouse) -> list[Any]:
    """What others have; a sign-in of theirs is none of it."""
    with built.transaction() as connection:
        return list(
            connection.execute(
                text("""
                    select users.email, facts.version, (
                        select count(*) from app.transactions as made
                        where made.user_id = users.user_id and made.deleted_at is null
                    )
                    from app.users as users inner join ops.user_versions as facts using (user_id)
                    where users.email in (:maria, :kenji) order by 1
                """),
                {"maria": MARIA.email, "kenji": KENJI.email},
            ).all()
        )


def test_every_route_tells_what_it_answers(app: FastAPI) -> None:
    for method, path, told in operations(app):
        assert told["summary"], (method, path)
        assert told["description"], (method, path)
        assert told["tags"], (method, path)
        if not path.startswith("/api/"):
            continue
        errors = {status for status in told["responses"] if status.startswith(("4", "5"))}
        assert "503" in errors, (method, path)
        assert not told.get("security") or "401" in errors, (method, path)


def test_the_roots_of_collections_answer_with_and_without_the_slash(
    client: TestClient, app: FastAPI, maria: dict[str, str]
) -> None:
    for method, path, _ in operations(app):
        if method != "GET" or not path.endswith("/"):
            continue
        answers = [client.get(one, headers=maria, follow_redirects=False) for one in (path, path[:-1])]
        assert [answer.status_code for answer in answers] == [200, 200], path


def test_every_place_in_a_path_is_a_parameter(app: FastAPI) -> None:
    for method, path, told in operations(app):
        declared = {one["name"] for one in told.get("parameters", []) if one["in"] == "path"}
        assert declared == set(re.findall(r"\{(\w+)\}", path)), (method, path)


def test_every_schema_has_a_name_of_its_own(app: FastAPI) -> None:
    schemas = app.openapi()["components"]["schemas"]
    assert [name for name in schemas if name.startswith("api__")] == []  # two of one name in two modules


def test_no_enumeration_mixes_types(app: FastAPI) -> None:
    def enumerations(node: Any) -> Iterator[list[Any]]:  # noqa: ANN401 - JSON
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if key == "enum":
                yield value
            elif isinstance(value, dict | list):
                yield from enumerations(value)

    assert all(
        len({type(one) for one in values} - {type(None)}) == 1 for values in enumerations(app.openapi())
    )


def test_a_typed_client_can_be_generated(app: FastAPI, tmp_path: Path) -> None:
    generator = Path(__file__).resolve().parents[2] / ".venv-client" / "bin" / "openapi-python-client"
    if not generator.exists():
        pytest.skip("'make test' installs the generator, which wants another Typer than Prefect's")
    (tmp_path / "openapi.json").write_text(json.dumps(app.openapi()))
    (tmp_path / "config.yml").write_text("content_type_overrides: {image/jpeg: application/octet-stream}")
    ruff = Path(sys.executable).parent  # which the generator formats with
    run = subprocess.run(
        [generator, "generate", "--path", "openapi.json", "--output-path", "client", "--meta", "none",
         "--config", "config.yml"],
        check=True, capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "PATH": f"{ruff}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert "WARNING" not in run.stdout + run.stderr
    names = {told["operationId"] for _, _, told in operations(app)}
    made = {file.stem for file in (tmp_path / "client" / "api").rglob("*.py")}
    assert names <= made
    compiled = subprocess.run([sys.executable, "-m", "compileall", "-q", "client"], check=False, cwd=tmp_path)
    assert compiled.returncode == 0
