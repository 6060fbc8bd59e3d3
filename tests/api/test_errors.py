"""Every failure leaves in the envelope, tells what the caller can do, and nothing more."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from starlette.testclient import TestClient

from api.app import create_app
from api.logs import JsonFormatter
from tests.api.conftest import copy_database, dsn, sign_in
from tests.api.people import MARIA, PASSWORD, Person, move_in
from tests.api.shapes import error_of
from tests.conftest import TEMPLATE, administration
from warehouse.engine import Warehouse

if TYPE_CHECKING:
    from fastapi import FastAPI
    from sqlalchemy.engine import URL

SECRET = "IBAN BG80BNBG96611020345678"  # noqa: S105


@contextmanager
def outage(warehouse: Warehouse) -> Iterator[None]:
    """The database throws everybody out and lets nobody in."""
    name = warehouse.server.database or ""
    allow = sql.SQL("alter database {} allow_connections {}")
    with psycopg.connect(administration(warehouse.server), autocommit=True) as connection:
        connection.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        disconnect_all(connection, name)
        try:
            yield
        finally:
            connection.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


def disconnect_all(connection: psycopg.Connection, name: str) -> None:
    connection.execute(
        "select pg_terminate_backend(pid, 2000) from pg_stat_activity where datname = %s", [name]
    )


def test_an_address_that_leads_nowhere(client: TestClient) -> None:
    assert error_of(client.get("/api/nothing"), 404)["code"] == "RESOURCE_3001"


def test_a_method_that_is_not_offered(client: TestClient) -> None:
    response = client.delete("/api/dashboard")
    assert error_of(response, 405)["code"] == "RESOURCE_3002"
    assert "GET" in response.headers["allow"]


def test_every_answer_has_an_id_and_security_headers(client: TestClient) -> None:
    for path in ("/health", "/api/dashboard", "/nothing"):
        headers = client.get(path).headers
        assert headers["x-request-id"].startswith("req_")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "max-age" in headers["strict-transport-security"]


@pytest.fixture
def broken(built: Warehouse) -> Iterator[TestClient]:
    """An application with a defect."""
    app: FastAPI = create_app(built.settings, dsn(built.server))

    @app.get("/broken/{secret}")
    async def broken_endpoint(secret: str) -> None:
        raise ValueError(secret + SECRET)

    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_a_defect_tells_its_id_and_nothing_else(broken: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="mita.api"):
        response = broken.get("/broken/account-4711")
    error = error_of(response, 500)
    assert error["code"] == "SYSTEM_8001"
    assert SECRET not in response.text
    lines = [json.loads(JsonFormatter().format(record)) for record in caplog.records]
    [defect] = [line for line in lines if line["event"] == "defect"]
    assert (defect["error_id"], defect["error"]) == (error["error_id"], "ValueError")
    assert any("test_errors.py" in frame for frame in defect["frames"])
    assert SECRET not in json.dumps(lines)
    assert "4711" not in json.dumps(lines)


def test_a_request_is_logged_by_its_route_without_whose_it_was(
    client: TestClient, maria: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="mita.api"):
        response = client.get("/api/calendar/saved/2026/3?email=maria@example.org", headers=maria)
    [line] = [json.loads(JsonFormatter().format(record)) for record in caplog.records]
    assert line.pop("milliseconds") >= 0
    assert line.pop("time")
    assert len(line.pop("trace_id")) == 32
    assert line == {
        "level": "info",
        "event": "request",
        "method": "GET",
        "route": "/api/calendar/saved/{year}/{month}",
        "status": 200,
        "request_id": response.headers["x-request-id"],
    }


def test_an_outage_is_temporary_and_the_service_recovers(
    client: TestClient, built: Warehouse, maria: dict[str, str]
) -> None:
    assert client.get("/api/dashboard", headers=maria).status_code == 200
    with outage(built):
        response = client.get("/api/dashboard", headers=maria)
        assert error_of(response, 503)["code"] == "DATABASE_5004"
        assert response.headers["retry-after"]
        login = client.post("/api/auth/login", json={"email": MARIA.email, "password": PASSWORD})
        assert error_of(login, 503)["code"] == "DATABASE_5004"
        assert client.get("/health").status_code == 200
        assert client.get("/ready").json()["missing"].keys() == {"database"}
    assert client.get("/api/dashboard", headers=maria).status_code == 200


def test_a_restart_of_the_database_costs_no_reader_an_error(
    client: TestClient, built: Warehouse, maria: dict[str, str]
) -> None:
    assert client.get("/api/dashboard", headers=maria).status_code == 200
    with psycopg.connect(administration(built.server), autocommit=True) as connection:
        disconnect_all(connection, built.server.database or "")
    assert client.get("/api/dashboard", headers=maria).status_code == 200


@pytest.fixture
def unbuilt(server: URL, built: Warehouse, worker_id: str) -> Iterator[TestClient]:
    """The API over a database that dbt has not seen yet."""
    name = f"mita_api_unbuilt_{worker_id}"
    with psycopg.connect(administration(server), autocommit=True) as connection:
        copy_database(connection, TEMPLATE, name)
    warehouse = Warehouse(built.settings, server.set(database=name))
    move_in(warehouse, Person(MARIA.email, "EUR", "UTC", None, None, ()))
    with TestClient(create_app(warehouse.settings, dsn(warehouse.server))) as client:
        yield client


def test_without_marts_readers_are_told_to_come_back(unbuilt: TestClient) -> None:
    headers = sign_in(unbuilt, MARIA)
    for path in ("/api/dashboard", "/api/transactions/", "/api/calendar/saved/2026/3"):
        assert error_of(unbuilt.get(path, headers=headers), 503)["code"] == "DATABASE_5006"
    assert unbuilt.get("/api/users/me", headers=headers).status_code == 200
    ready = unbuilt.get("/ready")
    assert (ready.status_code, list(ready.json()["missing"])) == (503, ["marts"])
