"""The client's own expectations, written down as facts: which fields, of which JSON types."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httpx2 import Response

STRING, BOOLEAN, LIST, OBJECT = str, bool, list, dict
NUMBER = (int, Decimal)
OPTIONAL_STRING = (str, type(None))
OPTIONAL_NUMBER = (int, Decimal, type(None))

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
COLOR = re.compile(r"#[0-9A-F]{6}")
ICONS = {
    "restaurant",
    "directions_car",
    "movie",
    "shopping_bag",
    "local_hospital",
    "power",
    "category",
    "attach_money",
}
CATEGORIES = {
    "food",
    "dining",
    "groceries",
    "transportation",
    "gas",
    "public_transport",
    "entertainment",
    "shopping",
    "clothing",
    "healthcare",
    "insurance",
    "utilities",
    "rent",
    "mortgage",
    "education",
    "childcare",
    "pets",
    "travel",
    "subscriptions",
    "gifts",
    "charity",
    "other",
}

Shape = dict[str, Any]


def data_of(response: Response) -> Any:  # noqa: ANN401 - JSON
    """The data of a successful answer in the client's envelope; decimals as written."""
    assert response.status_code == 200, response.text
    envelope = json.loads(response.text, parse_float=Decimal)
    assert envelope["success"] is True
    assert isinstance(envelope["message"], str)
    assert INSTANT.fullmatch(envelope["timestamp"])
    assert re.fullmatch(r"req_[0-9a-f]{12}", envelope["request_id"])
    assert response.headers["content-type"] == "application/json"
    return envelope["data"]


def error_of(response: Response, status: int) -> dict[str, Any]:
    """The error of a failed answer in the client's envelope."""
    assert response.status_code == status, response.text
    envelope = response.json()
    assert envelope["success"] is False
    error: dict[str, Any] = envelope["error"]
    assert re.fullmatch(r"[A-Z_]+_[1-8]\d{3}", error["code"])
    assert re.fullmatch(r"mita_[0-9a-f]{12}", error["error_id"])
    assert INSTANT.fullmatch(error["timestamp"])
    assert (envelope["status"], envelope["detail"]) == (status, error["message"])
    return error


def assert_shape(value: dict[str, Any], shape: Shape) -> None:
    """Every field is there, with its type; a bool is no number."""
    for name, kind in shape.items():
        assert name in value, name
        assert isinstance(value[name], kind), (name, value[name])
        assert not (kind is NUMBER and isinstance(value[name], bool)), name
