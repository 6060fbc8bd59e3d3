"""How Alembic reaches the database: the URL that the caller put into the configuration."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from warehouse.tables import SCHEMAS, metadata

#: An arbitrary number that all migrations of this platform lock, so that two never run at once.
MIGRATION_LOCK = 7_264_821

#: What dbt derived hangs on the tables that change, and is built anew by the next build.
_FORGET_DERIVED = """
do $$
declare
    statement text;
begin
    for statement in
        select format(
            'drop %s if exists %I.%I cascade',
            case relation.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end,
            place.nspname, relation.relname
        )
        from pg_class as relation
        join pg_namespace as place on place.oid = relation.relnamespace
        where place.nspname in ('staging', 'intermediate', 'marts')
        and relation.relkind in ('v', 'm', 'r', 'p')
        union all
        select format('drop routine if exists %s cascade', routine.oid::regprocedure)
        from pg_proc as routine
        join pg_namespace as place on place.oid = routine.pronamespace
        where place.nspname in ('staging', 'intermediate', 'marts')
    loop
        execute statement;
    end loop;
end
$$
"""


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
            if set(context.get_context().get_current_heads()) != set(context.script.get_heads()):
                connection.execute(text(_FORGET_DERIVED))
            context.run_migrations()


_migrate()
