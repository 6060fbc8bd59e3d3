"""How Alembic reaches the database: the URL that the caller put into the configuration."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from warehouse.tables import SCHEMAS, metadata

#: An arbitrary number that all migrations of this platform lock, so that two never run at once.
MIGRATION_LOCK = 7_264_821


def _is_ours(name: str | None, type_: str, _parents: object) -> bool:
    return name in SCHEMAS if type_ == "schema" else True


def _migrate() -> None:
    engine = create_engine(context.config.attributes["url"], poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.execute(text("create schema if not exists ops"))
        context.configure(
            connection=connection,
            target_metadata=metadata,
            include_schemas=True,
            include_name=_is_ours,
            version_table_schema="ops",
        )
        with context.begin_transaction():
            context.run_migrations()


_migrate()
