"""Whatever OpenAPI allows, and much that it forbids, is answered as OpenAPI says and never with a 5xx."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy, one_of
from pydantic import SecretStr
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from tests.api.conftest import dsn, sign_in
from tests.api.people import Line, Person, move_in
from tests.plaid_server import FakePlaid, serving
from warehouse.server import free_port

if TYPE_CHECKING:
    from fastapi import FastAPI
    from schemathesis.schemas import BaseSchema
    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse

EXAMPLES = int(os.environ.get("MITA_SCHEMA_EXAMPLES", "6"))
#: Ends the session or the account of the caller, streams without end, or belongs to a table to come.
APART = r"/logout$|/delete-account$|/live/|/budget/adjust$|^/ready$"


TAGS = [
    "health", "auth", "users", "onboarding", "dashboard", "calendar", "transactions", "budget", "analytics",
    "insights", "ai", "ocr", "behavior", "cohort", "sync", "bank connections", "rules", "recurring",
    "receipts",
]  # fmt: skip
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]


def either(operation: Any) -> SearchStrategy[Any]:  # noqa: ANN401 - schemathesis has no simple types
    """Requests as the schema allows them, and as it does not."""
    modes = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
    return one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))


@pytest.fixture(scope="module")
def address(built: Warehouse) -> Iterator[str]:
    """The API on a port of its own."""
    # A client id, so that a sign-in with Google is refused for what it is rather than not offered.
    update = {"google_client_ids": "ours", "google_keys_url": "http://127.0.0.1:9/keys"}
    with serving(FakePlaid()) as bank:
        banking = {"plaid_client_id": "id", "plaid_secret": SecretStr("secret"), "plaid_url": bank}
        application = create_app(built.settings.model_copy(update=update | banking), dsn(built.server))
        port = free_port()
        server = uvicorn.Server(uvicorn.Config(application, port=port, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def api_schema(address: str) -> BaseSchema:
    return schemathesis.openapi.from_url(f"{address}/openapi.json").exclude(path_regex=APART)


@pytest.fixture(scope="module")
def caller(client: TestClient, built: Warehouse) -> dict[str, str]:
    lines = (Line(0, -999, "coffee"),)
    person = Person(f"{uuid4()}@example.org", "EUR", "Europe/Sofia", 200_000, 1_000, lines)
    move_in(built, person)
    return sign_in(client, person)


@pytest.mark.parametrize("tag", TAGS)
def test_every_operation_keeps_its_word(api_schema: BaseSchema, caller: dict[str, str], tag: str) -> None:
    for found in api_schema.include(tag=tag).get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=either(operation))
        def keeps_its_word(case: Any) -> None:  # noqa: ANN401
            case.call_and_validate(headers=caller, checks=CHECKS)

        keeps_its_word()


def test_every_tag_is_tried_above(app: FastAPI) -> None:
    said = {
        tag
        for operations in app.openapi()["paths"].values()
        for operation in operations.values()
        for tag in operation["tags"]
    }
    assert said - {"live"} == set(TAGS)
