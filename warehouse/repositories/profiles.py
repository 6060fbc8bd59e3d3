"""What was spent on each day, and the rhythms that were learned of it."""

from __future__ import annotations

from datetime import date

import polars as pl
from psycopg import sql
from sqlalchemy import Connection, text

from warehouse.repositories.copying import copy_frame, read_frame

_DAILY = sql.SQL("""
    select
        spending.user_id::text,
        coalesce(users.country, '') as cluster,
        spending.category_code,
        spending.spent_date,
        (-sum(spending.amount_plan_minor))::bigint as spent_minor
    from marts.fct_transactions as spending
    inner join app.users using (user_id)
    where spending.is_spending
        and spending.amount_plan_minor is not null
        and spending.spent_date >= {since}
        and spending.spent_date < {until}
    group by 1, 2, 3, 4
    having sum(spending.amount_plan_minor) < 0
""")


def daily_spending(connection: Connection, since: date, until: date, schema: pl.Schema) -> pl.DataFrame:
    """Everybody's net spending by category and day of a window, its last day excluded."""
    return read_frame(connection, _DAILY.format(since=since, until=until), schema)


def replace_profiles(connection: Connection, profiles: pl.DataFrame, learned_on: date) -> int:
    """Make these everybody's profiles, touching only rows that differ; how many those were.

    An untouched row does not make its user's marts stale.
    """
    connection.execute(
        text("create temporary table learned (like ml.spending_profiles including defaults) on commit drop")
    )
    weights = [column for column in profiles.columns if column.endswith("_weights")]
    rows = profiles.with_columns(
        *(
            pl.concat_str(
                pl.lit("{"), pl.col(each).cast(pl.List(pl.String)).list.join(","), pl.lit("}")
            ).alias(each)
            for each in weights
        ),
        learned_on=pl.lit(learned_on),
    )
    copy_frame(connection, "learned", rows)
    connection.execute(text("analyze learned"))
    gone = connection.execute(
        text("""
            delete from ml.spending_profiles as old
            where not exists (
                select 1 from learned
                where learned.user_id = old.user_id and learned.category_code = old.category_code
            )
        """)
    ).rowcount
    changed = connection.execute(
        text("""
            insert into ml.spending_profiles as old (
                user_id, category_code, learned_on, expected_minor,
                weekday_weights, day_weights, season_weights, periods_seen, own_share
            )
            select learned.user_id, learned.category_code, learned.learned_on, learned.expected_minor,
                learned.weekday_weights, learned.day_weights, learned.season_weights,
                learned.periods_seen, learned.own_share
            from learned
            inner join app.users using (user_id)
            on conflict (user_id, category_code) do update
            set learned_on = excluded.learned_on, expected_minor = excluded.expected_minor,
                weekday_weights = excluded.weekday_weights, day_weights = excluded.day_weights,
                season_weights = excluded.season_weights, periods_seen = excluded.periods_seen,
                own_share = excluded.own_share
            where (old.expected_minor, old.weekday_weights, old.day_weights, old.season_weights)
                is distinct from (excluded.expected_minor, excluded.weekday_weights,
                    excluded.day_weights, excluded.season_weights)
        """)
    ).rowcount
    return gone + changed
