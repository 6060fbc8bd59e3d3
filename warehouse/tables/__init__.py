"""The tables that Alembic owns, one module per schema; marts belong to dbt."""

from warehouse.tables import app, choices, links, ml, ops, raw, receipts, sign_in
from warehouse.tables.base import SCHEMAS, metadata

__all__ = ["SCHEMAS", "app", "choices", "links", "metadata", "ml", "ops", "raw", "receipts", "sign_in"]
