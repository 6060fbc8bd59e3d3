"""The tables that Alembic owns, one module per schema; marts belong to dbt."""

from warehouse.tables import app, choices, links, meaning, ml, ops, raw, sign_in
from warehouse.tables.base import SCHEMAS, metadata

__all__ = ["SCHEMAS", "app", "choices", "links", "meaning", "metadata", "ml", "ops", "raw", "sign_in"]
