"""The layout of an account export, as JSON Schema: written beside every export."""

from __future__ import annotations

from typing import Any

from warehouse.repositories.exports import LAYOUT

_STRINGS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
_FILE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "table": {"type": "string", "description": "The table with its schema, e.g. app.transactions."},
        "file": {
            "type": "string",
            "description": "Beside this manifest: one row a line, each a JSON object by column. Money is in "
            "minor units (columns that end in _minor), instants are ISO 8601 with offset, bytes are \\x "
            "and hexadecimal digits.",
        },
        "rows": {"type": "integer", "minimum": 0},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "Of the file."},
        "left_out": {**_STRINGS, "description": "Columns that are not exported: what lets somebody in."},
    },
    "required": ["table", "file", "rows", "sha256", "left_out"],
    "additionalProperties": False,
}
MANIFEST_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Everything that MITA keeps of a user",
    "type": "object",
    "properties": {
        "layout": {"const": LAYOUT},
        "exported_at": {"type": "string", "format": "date-time"},
        "user_id": {"type": "string", "format": "uuid"},
        "email": {"type": "string"},
        "tables": {"type": "array", "items": _FILE},
    },
    "required": ["layout", "exported_at", "user_id", "email", "tables"],
    "additionalProperties": False,
}
