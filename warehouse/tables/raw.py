"""Schema ``raw``: what came in, exactly as received; rows are added and never changed."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from warehouse.tables.base import amount, belongs_to, belongs_to_user, instant, metadata, string, user_id

#: One row per statement file that a user gave; a file is known by its content.
import_batches = Table(
    "import_batches",
    metadata,
    user_id(),
    Column("batch_id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    string("file_name"),
    string("file_sha256"),
    Column("file_bytes", BigInteger, nullable=False),
    string("source_format", nullable=True),
    string("status", default="loading"),
    Column("lines_read", BigInteger, nullable=False, server_default=text("0")),
    Column("lines_loaded", BigInteger, nullable=False, server_default=text("0")),
    Column("lines_quarantined", BigInteger, nullable=False, server_default=text("0")),
    Column("transactions_added", BigInteger, nullable=False, server_default=text("0")),
    Column("notes", JSONB, nullable=False, server_default=text("'[]'")),
    string("refusal", nullable=True),
    instant("started_at", default_now=True),
    instant("finished_at", nullable=True),
    belongs_to_user(),
    UniqueConstraint("user_id", "file_sha256"),
    CheckConstraint("status in ('loading', 'loaded', 'refused', 'undone')", name="status"),
    schema="raw",
)

#: One row per account that a file describes, with what it states and the days that its lines cover.
statement_accounts = Table(
    "statement_accounts",
    metadata,
    user_id(),
    Column("batch_id", Uuid, primary_key=True),
    Column("account_ref", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    string("kind", default="unknown"),
    string("institution", default=""),
    string("name", default=""),
    Column("first_date", Date, nullable=True),
    Column("last_date", Date, nullable=True),
    amount("opening_balance_minor", nullable=True),
    amount("closing_balance_minor", nullable=True),
    belongs_to("raw.import_batches", "batch_id"),
    schema="raw",
)

#: One row per line of a statement that the gate let in; ``content_key`` says what it says, and which of the
#: equal lines of its file it is.
statement_lines = Table(
    "statement_lines",
    metadata,
    user_id(),
    Column("batch_id", Uuid, primary_key=True),
    Column("line_number", BigInteger, primary_key=True),
    string("account_ref"),
    Column("booked_date", Date, nullable=False),
    Column("value_date", Date, nullable=True),
    amount(),
    string("currency"),
    string("status"),
    string("description"),
    string("counterparty", nullable=True),
    string("bank_reference", nullable=True),
    string("bank_kind", nullable=True),
    string("mcc", nullable=True),
    amount("balance_minor", nullable=True),
    Column("content_key", Uuid, nullable=False),
    string("raw"),
    belongs_to("raw.import_batches", "batch_id"),
    schema="raw",
)

#: One row per line that the gate kept out, with its reason and the line as received.
quarantined_lines = Table(
    "quarantined_lines",
    metadata,
    user_id(),
    Column("batch_id", Uuid, primary_key=True),
    Column("line_number", BigInteger, primary_key=True),
    string("reason"),
    string("raw"),
    instant("quarantined_at", default_now=True),
    belongs_to("raw.import_batches", "batch_id"),
    schema="raw",
)
