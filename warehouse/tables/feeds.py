"""Connections to banks, and what their feeds said: a feed is one statement that never ends."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from warehouse.tables.base import amount, belongs_to, belongs_to_user, instant, metadata, string, user_id

#: A bank that the user let us read. The cursor says what of its feed is stored, and moves in the transaction
#: that stores it; ``wanted_at`` is set when there are news, and cleared when they have been fetched.
bank_connections = Table(
    "bank_connections",
    metadata,
    user_id(),
    Column("connection_id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    string("item_id"),
    Column("access_token", LargeBinary, nullable=False),  # sealed, see warehouse.sealing
    string("institution_id", default=""),
    string("institution", default=""),
    string("status", default="active"),
    string("error_code", nullable=True),
    string("feed_cursor", default=""),
    Column("last_line", BigInteger, nullable=False, server_default=text("0")),
    instant("created_at", default_now=True),
    instant("wanted_at", nullable=True),
    instant("synced_at", nullable=True),
    belongs_to_user(),
    UniqueConstraint("user_id", "item_id"),
    Index(None, "item_id", unique=True),
    CheckConstraint("status in ('active', 'needs_sign_in', 'failing')", name="status"),
    schema="app",
)

#: The accounts of a connection as the bank last described them.
bank_accounts = Table(
    "bank_accounts",
    metadata,
    user_id(),
    Column("connection_id", Uuid, primary_key=True),
    Column("account_ref", Text, primary_key=True),
    string("currency"),
    string("kind", default="unknown"),
    string("name", default=""),
    string("mask", default=""),  # the last digits of the account's number
    amount("balance_minor", nullable=True),
    instant("updated_at", default_now=True),
    belongs_to("app.bank_connections", "connection_id"),
    schema="app",
)

#: Which batches a feed brought, and from which cursor on, so that the last one can be taken back.
feed_batches = Table(
    "feed_batches",
    metadata,
    user_id(),
    Column("batch_id", Uuid, primary_key=True),
    Column("connection_id", Uuid, nullable=False),
    string("cursor_before"),
    Column("line_before", BigInteger, nullable=False),
    belongs_to("raw.import_batches", "batch_id"),
    Index(None, "user_id", "connection_id"),
    schema="raw",
)

#: Everything that a feed said, in its order: ``line_number`` runs through all batches of a connection.
#: Added and modified lines stand in statement_lines too; of a removed one ``raw`` is all there is.
feed_lines = Table(
    "feed_lines",
    metadata,
    user_id(),
    Column("batch_id", Uuid, primary_key=True),
    Column("line_number", BigInteger, primary_key=True),
    Column("connection_id", Uuid, nullable=False),
    string("change"),
    string("bank_line_id"),
    string("pending_line_id", nullable=True),
    Column("content_key", Uuid, nullable=False),
    string("raw", nullable=True),
    belongs_to("raw.import_batches", "batch_id"),
    Index(None, "user_id", "connection_id", "bank_line_id"),
    CheckConstraint("change in ('added', 'modified', 'removed')", name="change"),
    schema="raw",
)

#: Lines of a feed that count no longer, because a later line of it changed, removed or posted them.
superseded_lines = Table(
    "superseded_lines",
    metadata,
    user_id(),
    Column("batch_id", Uuid, primary_key=True),
    Column("line_number", BigInteger, primary_key=True),
    Column("superseded_by", Uuid, nullable=False),
    belongs_to("raw.import_batches", "batch_id"),
    schema="raw",
)
