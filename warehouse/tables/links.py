"""What belongs together, in which parts, and at which rates money is converted."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from warehouse.tables.base import amount, belongs_to_user, instant, metadata, string, user_id


def _end(column: str) -> ForeignKeyConstraint:
    """Two references to one table need names of their own."""
    return ForeignKeyConstraint(
        ["user_id", column],
        ["app.transactions.user_id", "app.transactions.transaction_id"],
        name=f"fk_transaction_links__transactions__{column}",
        ondelete="CASCADE",
    )


#: One row per two transactions that are one transfer, or money that came back and what it was for; also what
#: the user said is none. The target of a transfer is null where its other account was not added.
transaction_links = Table(
    "transaction_links",
    metadata,
    user_id(),
    Column("link_id", Uuid, primary_key=True),
    string("kind"),
    Column("source_transaction_id", Uuid, nullable=False),
    Column("target_transaction_id", Uuid, nullable=True),
    Column("probability", Double, nullable=False),
    string("band"),
    string("origin"),
    Column("reasons", JSONB, nullable=False, server_default=text("'{}'")),
    instant("decided_at", default_now=True),
    *(_end("source_transaction_id"), _end("target_transaction_id")),
    CheckConstraint("kind in ('transfer', 'refund', 'reimbursement')", name="kind"),
    CheckConstraint("band in ('paired', 'suggested', 'no')", name="band"),
    CheckConstraint("origin in ('matcher', 'user')", name="origin"),
    CheckConstraint("probability between 0 and 1", name="probability"),
    CheckConstraint("source_transaction_id <> target_transaction_id", name="two_ends"),
    CheckConstraint("target_transaction_id is not null or kind = 'transfer'", name="target"),
    # A transaction is one end of one transfer, and came back from one purchase.
    Index(
        "uq_transaction_links__paired_source",
        "user_id",
        "source_transaction_id",
        unique=True,
        postgresql_where=text("band = 'paired'"),
    ),
    Index(
        "uq_transaction_links__paired_target",
        "user_id",
        "target_transaction_id",
        unique=True,
        postgresql_where=text("band = 'paired' and kind = 'transfer'"),
    ),
    Index(None, "user_id", "target_transaction_id"),
    schema="app",
)

#: What the user said of a link, by the entries that were its ends, so that the word stays with them whichever
#: transactions they are part of. Without a target it is about the transfer to an account that was not added.
link_decisions = Table(
    "link_decisions",
    metadata,
    user_id(),
    Column("link_id", Uuid, primary_key=True),
    string("kind"),
    Column("source_entry", Uuid, nullable=False),
    Column("target_entry", Uuid, nullable=True),
    Column("is_link", Boolean, nullable=False),
    Column("probability", Double, nullable=False),
    Column("reasons", JSONB, nullable=False, server_default=text("'{}'")),
    instant("decided_at", default_now=True),
    belongs_to_user(),
    CheckConstraint("kind in ('transfer', 'refund', 'reimbursement')", name="kind"),
    CheckConstraint("probability between 0 and 1", name="probability"),
    schema="app",
)

#: The parts of a transaction that the user gave categories of their own; they sum to it when they are said.
#: The id is an entry's, so that they stay with it; ``app.own_parts`` has them by transaction.
split_lines = Table(
    "split_lines",
    metadata,
    user_id(),
    Column("transaction_id", Uuid, primary_key=True),
    Column("line_number", Integer, primary_key=True),
    string("category_code"),
    amount(),
    string("note", default=""),
    instant("decided_at", default_now=True),
    belongs_to_user(),
    CheckConstraint("line_number > 0", name="line_number"),
    schema="app",
)

#: One row per currency and day on which a rate was published: units of the currency for one euro.
exchange_rates = Table(
    "exchange_rates",
    metadata,
    Column("currency", Text, primary_key=True),
    Column("rate_date", Date, primary_key=True),
    Column("units_per_euro", Numeric, nullable=False),
    string("source"),
    instant("loaded_at", default_now=True),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint("units_per_euro > 0", name="units_per_euro"),
    schema="raw",
)

#: The version of a user's facts that links were last looked for in.
link_versions = Table(
    "link_versions",
    metadata,
    user_id(),
    Column("version", BigInteger, nullable=False),
    string("model_version"),
    instant("linked_at", default_now=True),
    belongs_to_user(),
    schema="ops",
)
