"""Erasure goes through every table that names a user, also those without a foreign key to the user"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_LOOP = """
    for kept in
        select class.oid::regclass
        from pg_catalog.pg_class as class
        inner join pg_catalog.pg_namespace as place on class.relnamespace = place.oid
        inner join pg_catalog.pg_attribute as attribute on class.oid = attribute.attrelid
        where place.nspname in ({schemas})
            and class.relkind in ('r', 'p') and attribute.attname = 'user_id' and not attribute.attisdropped
        order by place.nspname = 'ops'
    loop
        execute format('delete from %s where user_id = $1', kept) using owner;
    end loop;
"""
_ERASE = """
create or replace function app.erase_current_user() returns void
language plpgsql security definer set search_path = ''
as $$
declare
    owner uuid := app.current_user_id();
    kept regclass;
begin
    {derived}
    delete from app.users as gone where gone.user_id = owner;
    {rest}
    delete from ops.user_versions as gone where gone.user_id = owner;
end
$$
"""
_DERIVED = _LOOP.format(schemas="'raw', 'ml', 'ops', 'seeds', 'staging', 'intermediate', 'marts'")


def upgrade() -> None:
    # What hangs on the user's row goes with it; after that no reference is in the way of the rest.
    op.execute(_ERASE.format(derived=_DERIVED, rest=_LOOP.format(schemas="'app'")))


def downgrade() -> None:
    op.execute(_ERASE.format(derived=_DERIVED, rest=""))
