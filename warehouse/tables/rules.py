"""Schema ``app``: a user's rules, the lines that they hold for, and what corrections taught."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Double, Index, Integer, Table, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from warehouse.tables.base import belongs_to, belongs_to_user, instant, metadata, string, user_id

#: Conditions and what is done where they hold; of several rules the one with the lower place goes first.
#: ``since`` is null for a rule that holds for the past too.
category_rules = Table(
    "category_rules",
    metadata,
    user_id(),
    Column("rule_id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    Column("place", Integer, nullable=False),
    string("name"),
    string("match", default="all"),
    Column("conditions", JSONB, nullable=False),
    Column("actions", JSONB, nullable=False),
    instant("since", nullable=True),
    Column("is_on", Boolean, nullable=False, server_default=text("true")),
    instant("created_at", default_now=True),
    instant("updated_at", default_now=True),
    belongs_to_user(),
    CheckConstraint("match in ('all', 'any')", name="match"),
    CheckConstraint("jsonb_array_length(conditions) > 0", name="conditions"),
    schema="app",
)

#: The lines that each rule holds for; kept by triggers, whoever writes the line or the rule.
rule_matches = Table(
    "rule_matches",
    metadata,
    user_id(),
    Column("transaction_id", Uuid, primary_key=True),
    Column("rule_id", Uuid, primary_key=True),
    belongs_to("app.transactions", "transaction_id"),
    belongs_to("app.category_rules", "rule_id"),
    Index(None, "user_id", "rule_id"),
    schema="app",
)

#: Lines whose category follows from earlier corrections: new ones by a trigger (application zero), past ones
#: by an application that the user asked for and can take back.
memory_matches = Table(
    "memory_matches",
    metadata,
    user_id(),
    Column("transaction_id", Uuid, primary_key=True),
    Column(
        "application_id",
        Uuid,
        primary_key=True,
        server_default=text("'00000000-0000-0000-0000-000000000000'"),
    ),
    string("category_code"),
    Column("probability", Double, nullable=False),
    Column("times", Integer, nullable=False),
    Column("of_times", Integer, nullable=False),
    Column("is_same_name", Boolean, nullable=False, server_default=text("true")),
    instant("remembered_at", default_now=True),
    belongs_to("app.transactions", "transaction_id"),
    CheckConstraint("probability between 0 and 1", name="probability"),
    schema="app",
)
