"""Schema ``ops``: how fresh things are, keys of requests, mail to send, the audit chain."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from warehouse.tables.base import belongs_to_user, instant, metadata, string, user_id

#: A counter per user, bumped by triggers whenever one of the user's facts changes.
user_versions = Table(
    "user_versions",
    metadata,
    user_id(),
    Column("version", BigInteger, nullable=False),
    instant("changed_at", default_now=True),
    belongs_to_user(),
    schema="ops",
)

#: The users whose marts a build is about to renew, with the version and the day that it sees.
build_queue = Table(
    "build_queue",
    metadata,
    user_id(),
    Column("version", BigInteger, nullable=False),
    Column("today", Date, nullable=False),
    belongs_to_user(),
    schema="ops",
)

#: The version and the day that a user's marts were last built for.
mart_versions = Table(
    "mart_versions",
    metadata,
    user_id(),
    Column("version", BigInteger, nullable=False),
    Column("today", Date, nullable=False),
    instant("built_at", default_now=True),
    belongs_to_user(),
    schema="ops",
)

#: Answers of writes by the key that the client chose: written with their effect, or not at all.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    user_id(),
    Column("idempotency_key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),  # SHA-256 of method, path and body
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    instant("created_at", default_now=True),
    belongs_to_user(),
    schema="ops",
)

#: Mail that is to be sent, written with what it tells of; the deliver flow sends it.
outbox = Table(
    "outbox",
    metadata,
    user_id(),
    Column("message_id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    string("kind"),
    string("recipient"),
    Column("payload", JSONB, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    instant("created_at", default_now=True),
    instant("due_at", default_now=True),
    instant("sent_at", nullable=True),
    string("failure", nullable=True),
    belongs_to_user(),
    Index(None, "due_at", postgresql_where=text("sent_at is null")),
    schema="ops",
)

#: Security and money events of a user. Each row's hash covers the one before it, so that a changed or
#: missing row shows; rows are added by ``ops.add_audit_event`` only.
audit_log = Table(
    "audit_log",
    metadata,
    user_id(),
    Column("sequence", BigInteger, primary_key=True),
    instant("happened_at"),
    string("event"),
    Column("details", JSONB, nullable=False),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    belongs_to_user(),
    schema="ops",
)

#: Where each chain ends, so that rows cut off its end show as well.
audit_heads = Table(
    "audit_heads",
    metadata,
    user_id(),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    belongs_to_user(),
    schema="ops",
)
