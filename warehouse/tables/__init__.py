"""The tables that Alembic owns, one module per schema; marts belong to dbt."""

from warehouse.tables import app, choices, feeds, links, ml, ops, raw, sign_in
from warehouse.tables.base import SCHEMAS, metadata

__all__ = ["SCHEMAS", "app", "choices", "feeds", "links", "metadata", "ml", "ops", "raw", "sign_in"]
