"""Schema ``app``: how users prove who they are, and where they are signed in."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, LargeBinary, Table, Text, Uuid, text

from warehouse.tables.base import belongs_to_user, instant, metadata, string, user_id

#: One row per sign-in. The refresh token that counts is the one with ``refresh_id``; the one before it
#: counts for a short grace, because its answer may have been lost. Any other one ends the session.
sessions = Table(
    "sessions",
    metadata,
    user_id(),
    Column("session_id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    Column("refresh_id", Uuid, nullable=False),
    Column("previous_refresh_id", Uuid, nullable=True),
    string("device", default=""),
    string("address", default=""),
    instant("created_at", default_now=True),
    instant("rotated_at", default_now=True),
    instant("expires_at"),
    instant("ended_at", nullable=True),
    belongs_to_user(),
    schema="app",
)

#: Secrets sent by mail, by their hash: each works once, for one purpose, for a while.
one_time_tokens = Table(
    "one_time_tokens",
    metadata,
    user_id(),
    Column("token_hash", LargeBinary, primary_key=True),
    string("purpose"),
    instant("expires_at"),
    instant("used_at", nullable=True),
    belongs_to_user(),
    Index(None, "token_hash", unique=True),
    CheckConstraint("purpose in ('reset_password', 'verify_email')", name="purpose"),
    schema="app",
)

#: The shared secret of an authenticator app, encrypted; it counts once a code has confirmed it.
totp_secrets = Table(
    "totp_secrets",
    metadata,
    user_id(),
    Column("secret", LargeBinary, nullable=False),
    Column("last_step", BigInteger, nullable=False, server_default=text("0")),
    instant("confirmed_at", nullable=True),
    belongs_to_user(),
    schema="app",
)

#: One-time codes for the day the authenticator is lost, by their hash.
recovery_codes = Table(
    "recovery_codes",
    metadata,
    user_id(),
    Column("code_hash", LargeBinary, primary_key=True),
    instant("used_at", nullable=True),
    belongs_to_user(),
    schema="app",
)

#: WebAuthn credentials; the public key is all that we hold.
passkeys = Table(
    "passkeys",
    metadata,
    user_id(),
    Column("credential_id", LargeBinary, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    string("name", default=""),
    instant("created_at", default_now=True),
    instant("last_used_at", nullable=True),
    belongs_to_user(),
    Index(None, "credential_id", unique=True),
    schema="app",
)

#: Who a user is at somebody else's sign-in, e.g. Google.
external_identities = Table(
    "external_identities",
    metadata,
    user_id(),
    Column("issuer", Text, primary_key=True),
    string("subject"),
    instant("created_at", default_now=True),
    belongs_to_user(),
    Index(None, "issuer", "subject", unique=True),
    schema="app",
)
