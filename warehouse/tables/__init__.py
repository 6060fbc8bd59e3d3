"""The tables that Alembic owns, one module per schema; marts belong to dbt."""

from warehouse.tables import app, links, ml, ops, raw
from warehouse.tables.base import SCHEMAS, metadata

__all__ = ["SCHEMAS", "app", "links", "metadata", "ml", "ops", "raw"]
