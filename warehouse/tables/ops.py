"""Schema ``ops``: how fresh things are; later jobs, keys and the audit chain."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Table

from warehouse.tables.base import belongs_to_user, instant, metadata, user_id

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
