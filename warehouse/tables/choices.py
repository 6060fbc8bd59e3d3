"""Schema ``app``: what users tell about themselves and about a purchase."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from warehouse.tables.base import amount, belongs_to_user, instant, metadata, string, user_id

#: Settings of a user; ``settings`` holds those that only the client gives a meaning to.
preferences = Table(
    "preferences",
    metadata,
    user_id(),
    string("region", nullable=True),
    amount("savings_goal_minor", nullable=True),
    string("budget_mode", default="default"),
    Column("settings", JSONB, nullable=False, server_default=text("'{}'")),
    Column("automation", JSONB, nullable=False, server_default=text("'{}'")),
    instant("updated_at", default_now=True),
    belongs_to_user(),
    CheckConstraint(
        "budget_mode in ('default', 'flexible', 'strict', 'behavioral', 'goal')", name="budget_mode"
    ),
    schema="app",
)

#: What a user answered when they began: income, fixed expenses, habits, goals, exactly as sent.
onboarding_answers = Table(
    "onboarding_answers",
    metadata,
    user_id(),
    Column("answers", JSONB, nullable=False),
    amount("monthly_income_minor"),
    amount("additional_income_minor"),
    amount("savings_goal_minor"),
    Column("fixed_expenses_minor", JSONB, nullable=False),  # category -> minor units
    instant("submitted_at", default_now=True),
    belongs_to_user(),
    schema="app",
)

#: What the user says of a transaction beside its category; a hand-entered one has all of it from here.
transaction_details = Table(
    "transaction_details",
    metadata,
    user_id(),
    Column("transaction_id", Uuid, primary_key=True),
    instant("spent_at", nullable=True),  # hand-entered purchases know the minute
    string("merchant", nullable=True),
    string("location", nullable=True),
    Column("tags", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("is_recurring", Boolean, nullable=False, server_default=text("false")),
    string("receipt_url", nullable=True),
    string("notes", nullable=True),
    instant("updated_at", default_now=True),
    belongs_to_user(),
    schema="app",
)
