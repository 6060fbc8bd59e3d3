"""How new the marts are against the facts, and whose marts the next build renews."""

from __future__ import annotations

from sqlalchemy import Connection, text

_CANDIDATES = """
select u.user_id, coalesce(v.version, 0) as version, (now() at time zone u.timezone)::date as today
from app.users as u
left join ops.user_versions as v using (user_id)
"""
_IS_STALE = """
where not ops.marts_are_current(u.user_id)
"""


def queue_stale_users(connection: Connection) -> int:
    """Queue the users whose facts or day have moved on since their marts were built."""
    return _queue(connection, _CANDIDATES + _IS_STALE)


def queue_all_users(connection: Connection) -> int:
    """Queue everybody, for a rebuild from scratch."""
    return _queue(connection, _CANDIDATES)


def _queue(connection: Connection, candidates: str) -> int:
    connection.execute(text("delete from ops.build_queue"))
    return connection.execute(
        text(f"insert into ops.build_queue (user_id, version, today) {candidates}")
    ).rowcount


#: Facts that dbt joins; without fresh statistics the planner takes a full table for an empty one.
_JOINED = (
    "app.users, app.budget_settings, app.category_budgets, app.budget_moves, app.commitments, app.accounts, "
    "app.transactions, app.category_decisions, app.transaction_links, app.split_lines, raw.exchange_rates, "
    "ml.spending_profiles, ml.category_predictions, app.rule_matches, app.memory_matches, ops.build_queue"
)


def renew_statistics(connection: Connection) -> None:
    """Let the planner know how large the facts are now."""
    connection.execute(text(f"analyze {_JOINED}"))


def record_build(connection: Connection) -> int:
    """Note that the queued users' marts are as new as the queue said, and empty the queue."""
    connection.execute(
        text("""
            insert into ops.mart_versions (user_id, version, today)
            select user_id, version, today from ops.build_queue
            on conflict (user_id) do update
            set version = excluded.version, today = excluded.today, built_at = now()
        """)
    )
    return connection.execute(text("delete from ops.build_queue")).rowcount


def note_new_meaning(connection: Connection) -> None:
    """Let readers ask anew: what stands beside the plan (safe to spend) has changed, though no fact has."""
    connection.execute(text("update ops.mart_versions set built_at = now()"))


def nothing_built(connection: Connection) -> bool:
    """Whether no marts exist yet."""
    return bool(connection.execute(text("select to_regclass('marts.fct_daily_plan') is null")).scalar_one())
