"""The tables that Alembic owns, one module per schema; marts belong to dbt."""

from warehouse.tables import (
    app,
    choices,
    feeds,
    links,
    llm,
    meaning,
    ml,
    ops,
    raw,
    receipts,
    recurring,
    rules,
    sign_in,
)
from warehouse.tables.base import SCHEMAS, metadata

__all__ = [
    "SCHEMAS",
    "app",
    "choices",
    "feeds",
    "links",
    "llm",
    "meaning",
    "metadata",
    "ml",
    "ops",
    "raw",
    "receipts",
    "recurring",
    "rules",
    "sign_in",
]
