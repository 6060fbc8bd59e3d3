"""The API over HTTP, on marts that dbt itself built from facts: once a run, copied for each worker."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from typing import TYPE_CHECKING

import psycopg
import pytest
from fastapi import FastAPI
from psycopg import sql
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.app import create_app
from flows.dbt import run_dbt
from tests.api.people import EVERYBODY, KENJI, MARIA, PASSWORD, Person, move_in
from tests.conftest import TEMPLATE, administration
from warehouse.engine import Warehouse
from warehouse.repositories import freshness
from warehouse.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

BUILT_TEMPLATE = "mita_api_template"


@pytest.fixture(scope="session")
def api_settings(shared_settings: Settings) -> Settings:
    """The run's keys with a folder of its own, because dbt keeps files there."""
    secret = SecretStr(shared_settings.secret.decode())
    return Settings(home=shared_settings.root.parent / "mita-api", secret_key=secret, rate_limits=False)


@pytest.fixture(scope="session")
def built_template(server: URL, api_settings: Settings) -> str:
    """The name of a database with people's facts and the marts that dbt built from them."""
    with (api_settings.folder() / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with psycopg.connect(administration(server), autocommit=True) as connection:
            found = connection.execute("select 1 from pg_database where datname = %s", [BUILT_TEMPLATE])
            if found.fetchone() is None:
                copy_database(connection, TEMPLATE, draft := f"{BUILT_TEMPLATE}_draft")
                build(Warehouse(api_settings, server.set(database=draft)))
                connection.execute(
                    sql.SQL("alter database {} rename to {}").format(
                        sql.Identifier(draft), sql.Identifier(BUILT_TEMPLATE)
                    )
                )
    return BUILT_TEMPLATE


def build(warehouse: Warehouse) -> None:
    """Everybody's facts, and everything that dbt makes of them."""
    for person in EVERYBODY:
        move_in(warehouse, person)
    with warehouse.transaction() as connection:
        freshness.queue_all_users(connection)
    run_dbt(
        warehouse.settings,
        warehouse.server,
        ["build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"],
    )
    with warehouse.transaction() as connection:
        freshness.record_build(connection)


def copy_database(connection: psycopg.Connection, template: str, name: str) -> None:
    """Make a database anew from a template."""
    connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
    connection.execute(
        sql.SQL("create database {} template {} strategy file_copy").format(
            sql.Identifier(name), sql.Identifier(template)
        )
    )


@pytest.fixture(scope="session")
def built(server: URL, api_settings: Settings, built_template: str, worker_id: str) -> Warehouse:
    """A worker's copy of the built warehouse, as the pipeline sees it."""
    name = f"mita_api_{worker_id}"
    with psycopg.connect(administration(server), autocommit=True) as connection:
        copy_database(connection, built_template, name)
    return Warehouse(api_settings, server.set(database=name))


@pytest.fixture(scope="session")
def app(built: Warehouse) -> FastAPI:
    return create_app(built.settings, dsn(built.server))


@pytest.fixture(scope="session")
def client(app: FastAPI) -> Iterator[TestClient]:
    """Somebody who has not signed in."""
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


def dsn(server: URL) -> str:
    """The owner's address as libpq takes it."""
    return server.set(drivername="postgresql").render_as_string(hide_password=False)


def sign_in(client: TestClient, person: Person) -> dict[str, str]:
    """The headers of a signed-in person."""
    answer = client.post("/api/auth/login", json={"email": person.email, "password": PASSWORD})
    return {"authorization": f"Bearer {answer.json()['data']['access_token']}"}


@pytest.fixture(scope="session")
def maria(client: TestClient) -> dict[str, str]:
    return sign_in(client, MARIA)


@pytest.fixture(scope="session")
def kenji(client: TestClient) -> dict[str, str]:
    return sign_in(client, KENJI)
