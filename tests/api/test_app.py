"""The application as a whole: light, documented, and answering as it documents."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, TypeAdapter

import api.auth.schemas
import api.calendar.schemas
import api.dashboard.schemas
import api.transactions.schemas
import api.users.schemas
from api.amounts import minor_unit, unusual_units
from api.auth.schemas import TokenAnswer
from api.calendar.schemas import CalendarMonth
from api.dashboard.schemas import Dashboard
from api.envelope import Envelope
from api.transactions.schemas import Transaction
from api.users.schemas import Me
from tests.api.people import MARIA
from warehouse.money import exponent
from warehouse.versions import newest_migration

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI
    from starlette.testclient import TestClient

HEAVY = {
    "prefect",
    "mlflow",
    "polars",
    "pandas",
    "numpy",
    "sklearn",
    "great_expectations",
    "dbt",
    "sqlalchemy",
    "alembic",
    "flows",
    "expectations",
}
MAX_MEGABYTES = 150


def test_importing_the_api_loads_nothing_heavy_and_does_no_work(tmp_path: Path) -> None:
    program = "import sys, json, api.main; print(json.dumps([m for m in sys.modules if '.' not in m]))"
    home = tmp_path / "home"
    run = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "MITA_HOME": str(home)},
    )
    assert HEAVY.isdisjoint(json.loads(run.stdout))
    assert not home.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="getrusage counts what the parent held before exec")
def test_the_application_fits_in_memory() -> None:
    program = (
        "from api.app import create_app;"
        "from warehouse.settings import Settings;"
        "create_app(Settings(secret_key='x'), 'postgresql://localhost/mita').openapi();"
        "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    )
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert int(run.stdout) / 1024 < MAX_MEGABYTES


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/api/users/me", Me),
        ("/api/dashboard", Dashboard),
        ("/api/calendar/saved/{}/{}", CalendarMonth),
        ("/api/transactions/?include=all", list[Transaction]),
    ],
)
def test_answers_are_what_openapi_says(
    client: TestClient, maria: dict[str, str], path: str, model: type[Any]
) -> None:
    today = MARIA.today
    response = client.get(path.format(today.year, today.month), headers=maria)
    envelope: BaseModel = Envelope[model].model_validate_json(response.content)  # type: ignore[valid-type]
    said = json.loads(response.content, parse_float=Decimal)
    assert fields_of(envelope.model_dump(mode="json")) == fields_of(said)


def fields_of(value: Any) -> Any:  # noqa: ANN401 - JSON
    """The names in a JSON document, without its values."""
    if isinstance(value, dict):
        return {name: fields_of(part) for name, part in value.items()}
    return [fields_of(part) for part in value] if isinstance(value, list) else None


def test_every_documented_operation_has_an_example_and_its_errors(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    for path, operations in paths.items():
        for operation in operations.values():
            answers = operation["responses"]
            if path.startswith("/api"):
                assert {"422", "503"} <= set(answers), path
                assert {"200", "201"} & set(answers), path
                assert operation["tags"], path
            if path.startswith("/api") and "/auth/" not in path and not path.endswith("/webhook"):
                assert operation["security"] == [{"HTTPBearer": []}]
                assert answers["401"]["content"]["application/json"]["examples"]


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (Me, api.users.schemas.EXAMPLE),
        (Dashboard, api.dashboard.schemas.EXAMPLE),
        (CalendarMonth, api.calendar.schemas.EXAMPLE),
        (list[Transaction], api.transactions.schemas.EXAMPLE),
        (TokenAnswer, api.auth.schemas.EXAMPLE),
    ],
)
def test_documented_examples_are_valid_answers(model: Any, example: object) -> None:  # noqa: ANN401
    TypeAdapter(model).validate_json(json.dumps(example))


def test_docs_are_served(client: TestClient) -> None:
    assert client.get("/docs").status_code == 200
    assert client.get("/openapi.json").json()["info"]["title"] == "MITA"


def test_minor_units_are_exact_and_have_the_currencys_decimals() -> None:
    assert {minor_unit(places) for places in (0, 2, 3, 4)} == {"1", "0.01", "0.001", "0.0001"}
    assert (unusual_units()["JPY"], unusual_units()["KWD"], unusual_units()["BHD"]) == ("1", "0.001", "0.001")
    assert "EUR" not in unusual_units()
    for currency, unit in unusual_units().items():
        assert Decimal(unit) == Decimal(1).scaleb(-exponent(currency))


def test_the_newest_migration_is_known_without_alembic() -> None:
    assert newest_migration() >= "0002"
