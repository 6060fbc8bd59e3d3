"""HEAD, OPTIONS and callers from other origins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from tests.api.conftest import dsn

if TYPE_CHECKING:
    from warehouse.engine import Warehouse

ORIGIN = "https://app.example.org"


@pytest.mark.parametrize("path", ["/health", "/api/dashboard", "/api/transactions/"])
def test_head_answers_as_get_does_without_a_body(
    client: TestClient, maria: dict[str, str], path: str
) -> None:
    asked = maria | {"accept-encoding": "identity"}
    whole, head = client.get(path, headers=asked), client.head(path, headers=asked)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers.get("etag") == whole.headers.get("etag")
    assert head.headers["content-length"] == whole.headers["content-length"]


def test_head_of_what_only_takes_writes_is_refused(client: TestClient) -> None:
    assert client.head("/api/auth/login").status_code == 405


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/transactions/", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("/api/transactions/0190a5c1-7c3e-7e2a-9d3b-0f6f0d1c2b3a",
         {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}),
        ("/api/auth/login", {"POST", "OPTIONS"}),
    ],
)  # fmt: skip
def test_options_says_what_an_address_takes(client: TestClient, path: str, allowed: set[str]) -> None:
    answer = client.options(path)
    assert answer.status_code == 204
    assert set(answer.headers["allow"].split(", ")) == allowed


def test_an_address_that_leads_nowhere_has_no_options(client: TestClient) -> None:
    assert client.options("/api/nowhere").status_code == 404


def test_other_origins_are_let_in_only_where_they_are_named(client: TestClient, built: Warehouse) -> None:
    asked = {"origin": ORIGIN, "access-control-request-method": "GET"}
    assert "access-control-allow-origin" not in client.get("/health", headers=asked).headers
    assert "access-control-allow-origin" not in client.options("/api/dashboard", headers=asked).headers
    settings = built.settings.model_copy(update={"cors_origins": ORIGIN})
    with TestClient(create_app(settings, dsn(built.server))) as opened:
        allowed = opened.options("/api/dashboard", headers=asked).headers
        assert allowed["access-control-allow-origin"] == ORIGIN
        assert "access-control-allow-credentials" not in allowed
        stranger = opened.get("/health", headers=asked | {"origin": "https://evil.example.org"})
        assert "access-control-allow-origin" not in stranger.headers
