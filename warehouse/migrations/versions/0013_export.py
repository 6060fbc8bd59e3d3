"""Everything that is kept of a user, table by table and row by row, so that it can be streamed"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# What lets somebody in is in no export: by name wherever it stands, and in tables where the name alone does
# not tell. Tables of tomorrow are exported as they come.
TABLES = """
create function app.exported_tables() returns table (name text, left_out text[])
language sql stable set search_path = ''
begin atomic
    select
        format('%I.%I', place.nspname, class.relname),
        coalesce(array_agg(attribute.attname::text order by attribute.attname) filter (
            where attribute.attname in (
                'password_hash', 'token_hash', 'code_hash', 'secret', 'public_key', 'refresh_id',
                'previous_refresh_id', 'access_token'
            )
            or (place.nspname, class.relname, attribute.attname) in (
                ('ops', 'idempotency_keys', 'body'), ('ops', 'idempotency_keys', 'fingerprint'),
                ('ops', 'outbox', 'payload')
            )
        ), '{}')
    from pg_catalog.pg_class as class
    inner join pg_catalog.pg_namespace as place on class.relnamespace = place.oid
    inner join pg_catalog.pg_attribute as attribute
        on class.oid = attribute.attrelid and attribute.attnum > 0 and not attribute.attisdropped
    where place.nspname in ('raw', 'app', 'ml', 'ops', 'marts') and class.relkind in ('r', 'p')
    group by place.nspname, class.relname
    having bool_or(attribute.attname = 'user_id')
    order by 1;
end
"""
# With the owner's rights, and only ever of the current user.
ROWS = """
create function app.export_rows(given_name text) returns setof jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
    owner uuid := app.current_user_id();
    hidden text[];
begin
    select known.left_out into strict hidden
    from app.exported_tables() as known where known.name = given_name;
    return query execute format('select to_jsonb(kept) - $2 from %s as kept where user_id = $1', given_name)
        using owner, hidden;
end
$$
"""
# As 0006 made it: one document, which has to fit into a gigabyte.
EARLIER = """
create function app.export_current_user() returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
    owner uuid := app.current_user_id();
    kept regclass;
    rows jsonb;
    everything jsonb := '{}';
begin
    for kept in
        select class.oid::regclass
        from pg_catalog.pg_class as class
        inner join pg_catalog.pg_namespace as place on class.relnamespace = place.oid
        inner join pg_catalog.pg_attribute as attribute on class.oid = attribute.attrelid
        where place.nspname in ('raw', 'app', 'ml', 'ops', 'marts')
            and class.relkind in ('r', 'p') and attribute.attname = 'user_id' and not attribute.attisdropped
        order by 1
    loop
        execute format(
            'select coalesce(jsonb_agg(to_jsonb(kept) - $2), ''[]'') from %s as kept where user_id = $1', kept
        ) into rows using owner, array[
            'password_hash', 'token_hash', 'secret', 'code_hash', 'public_key', 'refresh_id',
            'previous_refresh_id', 'body', 'fingerprint', 'payload'
        ];
        everything := everything || jsonb_build_object(kept::text, rows);
    end loop;
    return everything;
end
$$
"""
FUNCTIONS = ("app.exported_tables()", "app.export_rows(text)")


def upgrade() -> None:
    op.execute("drop function app.export_current_user()")
    for function in (TABLES, ROWS):
        op.execute(function)
    for function in FUNCTIONS:
        op.execute(f"revoke all on function {function} from public")
        op.execute(f"grant execute on function {function} to mita_api, mita_pipeline")


def downgrade() -> None:
    for function in reversed(FUNCTIONS):
        op.execute(f"drop function {function}")
    op.execute(EARLIER)
    op.execute("revoke all on function app.export_current_user() from public")
    op.execute("grant execute on function app.export_current_user() to mita_api")
