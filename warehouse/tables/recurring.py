"""Recurring series as found, the lines that each is made of, and what users said of them."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    Index,
    Integer,
    Table,
    Uuid,
    text,
)

from warehouse.tables.base import amount, belongs_to, belongs_to_user, instant, metadata, string, user_id

#: One row per series, of active, late and ended ones; amounts are signed.
recurring_series = Table(
    "recurring_series",
    metadata,
    user_id(),
    Column("series_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    string("payee"),
    string("name"),
    string("category_code"),
    string("direction"),
    string("cadence"),
    Column("anchor", Integer, nullable=False),
    Column("period_days", Double, nullable=False),
    string("currency"),
    Column("is_fixed", Boolean, nullable=False),
    amount("expected_minor"),
    amount("low_minor"),
    amount("high_minor"),
    amount("yearly_minor"),
    amount("price_before_minor", nullable=True),
    Column("price_changed_on", Date, nullable=True),
    Column("first_date", Date, nullable=False),
    Column("last_date", Date, nullable=False),
    Column("next_date", Date, nullable=True),
    Column("due_dates", ARRAY(Date), nullable=False),
    Column("spread_days", Integer, nullable=False),
    Column("times", Integer, nullable=False),
    Column("missed", Integer, nullable=False),
    Column("doubled", Integer, nullable=False),
    string("status"),
    Column("is_subscription", Boolean, nullable=False),
    Column("is_income", Boolean, nullable=False),
    Column("probability", Double, nullable=False),
    belongs_to_user(),
    CheckConstraint("direction in ('in', 'out')", name="direction"),
    CheckConstraint("status in ('active', 'late', 'ended')", name="status"),
    CheckConstraint("low_minor <= high_minor", name="range"),
    schema="ml",
)

recurring_occurrences = Table(
    "recurring_occurrences",
    metadata,
    user_id(),
    Column("series_id", Uuid, primary_key=True),
    Column("transaction_id", Uuid, primary_key=True),
    belongs_to("ml.recurring_series", "series_id"),
    Index(None, "user_id", "transaction_id"),
    schema="ml",
)

#: The user's word on a series, kept with the entries that it was made of: the series is known again by them
#: after files were undone, imported again, or more of them came; by payee and rhythm if none of them is left.
recurring_decisions = Table(
    "recurring_decisions",
    metadata,
    user_id(),
    Column("decision_id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    string("word"),
    Column("entry_ids", ARRAY(Uuid), nullable=False),
    string("payee"),
    string("direction"),
    string("currency"),
    string("cadence"),
    instant("decided_at", default_now=True),
    belongs_to_user(),
    CheckConstraint("word in ('confirmed', 'rejected')", name="word"),
    schema="app",
)

#: The version of a user's facts that series were last looked for in.
recurring_versions = Table(
    "recurring_versions",
    metadata,
    user_id(),
    Column("version", BigInteger, nullable=False),
    string("model_version"),
    instant("found_at", default_now=True),
    belongs_to_user(),
    schema="ops",
)
