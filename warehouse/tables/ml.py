"""Schema ``ml``: what models said, with their confidence and version."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Double, Table, Uuid

from warehouse.tables.base import belongs_to, instant, metadata, string, user_id

category_predictions = Table(
    "category_predictions",
    metadata,
    user_id(),
    Column("transaction_id", Uuid, primary_key=True),
    string("category_code"),  # what stands: 'uncategorised' where the model is not sure
    string("suggested_code"),  # its best guess all the same
    Column("probability", Double, nullable=False),
    string("model_name"),
    string("model_version"),
    instant("predicted_at", default_now=True),
    belongs_to("app.transactions", "transaction_id"),
    CheckConstraint("probability between 0 and 1", name="probability"),
    schema="ml",
)
