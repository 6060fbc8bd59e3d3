"""Whether answers that were given still hold, for many readers in one round trip"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Requests of many users are asked for together, hence with the owner's rights. It tells whoever knows a
# session by its id, its user and the tokens' version how many changes that user has seen, and nothing else.
READING_STATES = """
create function ops.reading_states(users uuid[], sessions uuid[], token_versions integer[]) returns text[]
language sql stable security definer set search_path = ''
begin atomic
    select array_agg((
        select concat_ws(
            '-', facts.version, marts.version, extract(epoch from marts.built_at),
            (now() at time zone users.timezone)::date
        )
        from app.sessions as session
        inner join app.users as users on session.user_id = users.user_id
        left join ops.user_versions as facts on session.user_id = facts.user_id
        left join ops.mart_versions as marts on session.user_id = marts.user_id
        where session.user_id = asked.user_id
            and session.session_id = asked.session_id
            and session.ended_at is null
            and users.token_version = asked.token_version
    ) order by asked.place)
    from unnest(users, sessions, token_versions)
        with ordinality as asked (user_id, session_id, token_version, place);
end
"""
SIGNATURE = "ops.reading_states(uuid[], uuid[], integer[])"


def upgrade() -> None:
    op.execute(READING_STATES)
    op.execute(f"revoke all on function {SIGNATURE} from public")
    op.execute(f"grant execute on function {SIGNATURE} to mita_api")


def downgrade() -> None:
    op.execute(f"drop function {SIGNATURE}")
