"""What the existing client sends and reads, read from its own description, which the project does not ship.

The description speaks in words ("string uuid", "number", "{a,b,c}"); this module turns them into requests
and into checks of answers.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt

REPOSITORY = Path(__file__).resolve().parents[2]
IN_SCOPE = (
    "/api/auth/", "/api/users/", "/api/onboarding/", "/api/dashboard", "/api/calendar/",
    "/api/transactions/", "/api/budget/", "/api/analytics/", "/api/insights/",
    "/api/ai/", "/api/behavior/", "/api/cohort/", "/api/ocr/",
)  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One call of the client."""

    method: str
    path: str
    auth: bool
    query: dict[str, str]
    request: dict[str, Any]
    encoding: str | None
    reads: dict[str, Any]
    envelope: str
    is_core: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def contract_file() -> Path:
    """Where the description lies, if anywhere."""
    folder = os.environ.get("MITA_CONTRACT", REPOSITORY.parent / "shared" / "contract")
    return Path(folder) / "mobile_client.json"


def calls() -> list[Call]:
    """Every call in scope; none where the description is not there."""
    if not contract_file().exists():
        return []
    described = json.loads(contract_file().read_text())["endpoints"]
    return [
        Call(
            method=entry["method"],
            path=entry["path"],
            auth=bool(entry.get("auth")),
            query={name: str(kind) for name, kind in (entry.get("query") or {}).items()},
            request=entry.get("request") or {},
            encoding=entry.get("request_encoding"),
            reads=entry.get("client_reads") or {},
            envelope=entry.get("response_envelope") or "data",
            is_core=entry["importance"] == "core",
        )
        for entry in described
        if entry["path"].startswith(IN_SCOPE)
    ]


def values_at(body: Any, path: str) -> list[Any]:  # noqa: ANN401 - JSON
    """What stands at a path such as ``data.week[].day`` or ``data[0]``; fails where it leads nowhere."""
    found = [body]
    for part in filter(None, re.split(r"\.|(?=\[)", path)):
        if part == "[]":
            assert all(isinstance(value, list) for value in found), path
            found = [item for value in found for item in value]
        elif part == "[0]":
            assert all(isinstance(value, list) for value in found), path
            found = [item for value in found for item in value[:1]]
        else:
            for value in found:
                assert isinstance(value, dict), (path, value)
                assert part in value, (path, part)
            found = [value[part] for value in found]
    return found


def matches(value: object, kind: str) -> bool:
    """Whether a JSON value is what the description calls so."""
    words = kind.lower()
    if value is None:
        return "null" in words or "?" in words or words.startswith("map|")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if words.startswith(("number", "int")):
        return is_number
    if words.startswith("bool"):
        return isinstance(value, bool)
    if words.startswith("string[]"):
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    is_text = words.startswith(("string", "iso", "uuid", "iana", "safe|"))
    return isinstance(value, str if is_text else dict if words.startswith(("map", "{")) else object)


def fields_in(kind: str) -> list[str]:
    """The fields that ``{a, b:type, c[]}`` lists; an optional one (``c?``) need not be there."""
    flat = kind.strip()
    while (nested := re.sub(r"(?<=.)(\[[^\[\]{}]*\]|\{[^\[\]{}]*\})", "", flat, flags=re.DOTALL)) != flat:
        flat = nested
    if not (inner := re.fullmatch(r"\{(.*?)\}.*", flat, re.DOTALL)):
        return []
    flat = inner[1]
    names = (part.split(":")[0].strip() for part in flat.split(","))
    return [
        alternative
        for name in names
        if not name.endswith("?") and (alternative := name.split("|")[0])
        if re.fullmatch(r"\w+", alternative)
    ]


def own_id(headers: dict[str, str]) -> str:
    """Whom the token speaks for."""
    token = headers.get("authorization", "").removeprefix("Bearer ")
    return str(jwt.decode(token, options={"verify_signature": False})["sub"])
