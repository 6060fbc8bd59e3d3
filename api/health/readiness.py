"""What the service lacks, if anything."""

from __future__ import annotations

from psycopg.errors import InsufficientPrivilege

from api.database import Database, Statement
from api.errors import NotBuiltError, TemporaryError
from api.health.schemas import Part, Readiness
from warehouse.versions import newest_migration

_STATE = Statement.of("""
select
    (select max(version_num) from ops.alembic_version),
    to_regclass('marts.fct_daily_totals') is not null and to_regclass('marts.fct_transactions') is not null
""")


async def readiness(database: Database) -> Readiness:
    """Ask the database; whatever it lacks comes with a remedy."""
    missing = await _missing(database)
    return Readiness(status="not ready" if missing else "ready", missing=missing)


async def _missing(database: Database) -> dict[Part, str]:
    try:
        migrated_to, has_marts = await database.read(_STATE, {}) or (None, False)
    except (NotBuiltError, InsufficientPrivilege):
        return {"migrations": "run 'mita up'"}
    except TemporaryError as error:
        return {"database": error.message}
    missing: dict[Part, str] = {}
    if migrated_to != newest_migration():
        missing["migrations"] = f"at {migrated_to}, {newest_migration()} is needed: run 'mita up'"
    if not has_marts:
        missing["marts"] = "run 'mita build' or ingest a statement"
    return missing
