"""Months of users as clusters see them, who is in which, and figures of cohorts that were released."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl
from psycopg import sql
from sqlalchemy import Connection, text

from warehouse.repositories.copying import insert_frame, read_frame

#: The same as models_ml.clusters.features.MONTH_SCHEMA, which this layer may not import; a test holds them
#: equal.
MONTH_COLUMNS = pl.Schema(
    {
        "user": pl.String,
        "currency": pl.String,
        "month": pl.Date,
        "category": pl.String,
        "group": pl.String,
        "spent": pl.Int64,
        "income": pl.Int64,
        "fixed": pl.Int64,
        "weekend": pl.Int64,
        "purchases": pl.Int64,
    }
)
_PERSON_COLUMNS = pl.Schema(
    {
        "user": pl.String,
        "currency": pl.String,
        "country": pl.String,
        "signup_month": pl.String,
        "spent": pl.Int64,
        "income": pl.Int64,
        "plan_kept": pl.Float64,
        "cluster": pl.Int64,
        "is_active": pl.Int64,
    }
)


def user_months(connection: Connection, first: date, until: date) -> pl.DataFrame:
    """What users spent and earned by month and category in [first, until), as MONTH_COLUMNS."""
    query = sql.SQL("""
        select
            t.user_id as "user", u.currency, date_trunc('month', t.spent_date)::date as month,
            t.category_code as category, t.group_code as "group",
            coalesce(-sum(t.amount_plan_minor) filter (where t.is_spending), 0)::bigint as spent,
            coalesce(sum(t.amount_plan_minor) filter (where t.group_code = 'income'), 0)::bigint as income,
            coalesce(-sum(t.amount_plan_minor) filter (where t.is_spending and c.pattern = 'fixed'),
                0)::bigint
                as fixed,
            coalesce(-sum(t.amount_plan_minor) filter (
                where t.is_spending and c.pattern <> 'fixed' and extract(isodow from t.spent_date) >= 6
            ), 0)::bigint as weekend,
            count(*) filter (where t.is_spending) as purchases
        from marts.fct_transactions as t
        inner join app.users as u using (user_id)
        inner join seeds.categories as c on t.category_code = c.code
        where t.spent_date >= {first} and t.spent_date < {until} and t.amount_plan_minor is not null
            and t.group_code in ('need', 'want', 'income')
        group by 1, 2, 3, 4, 5
    """).format(first=sql.Literal(first), until=sql.Literal(until))
    return read_frame(connection, query, MONTH_COLUMNS)


def replace_members(connection: Connection, month: date, members: pl.DataFrame, version: str) -> int:
    """Put the members of a month in place of what was found before."""
    connection.execute(text("delete from ml.cluster_members where month = :month"), {"month": month})
    rows = members.with_columns(month=pl.lit(month), model_version=pl.lit(version))
    return insert_frame(connection, "ml.cluster_members", rows)


def drift_by_month(connection: Connection, most: int) -> list[tuple[date, int, float | None, float]]:
    """The last months, oldest first: month, people, how far they moved on average, the share that changed.

    Who changed is in another cluster of the same model than the month before.
    """
    rows = connection.execute(
        text("""
            with placed as (
                select month, drift, cluster, model_version,
                    lag(cluster) over (partition by user_id, model_version order by month) as before
                from ml.cluster_members
            )
            select month, count(*) as people, avg(drift) as drift,
                coalesce(avg((cluster <> before)::integer::float8), 0) as changed
            from placed group by month order by month desc limit :most
        """),
        {"most": most},
    )
    return [(row.month, row.people, row.drift, row.changed) for row in rows][::-1]


def consenting_people(connection: Connection, month: date) -> pl.DataFrame:
    """Who agreed to be counted, with what they are grouped by and their figures of a month."""
    query = sql.SQL("""
        select
            u.user_id as "user", u.currency, u.country, to_char(u.created_at, 'YYYY-MM') as signup_month,
            coalesce(-sum(t.amount_plan_minor) filter (where t.is_spending), 0)::bigint as spent,
            coalesce(sum(t.amount_plan_minor) filter (where t.group_code = 'income'), 0)::bigint as income,
            max(h.plan_kept) as plan_kept, max(m.cluster) as cluster,
            (count(t.transaction_id) > 0)::integer as is_active
        from app.cohort_consents as agreed
        inner join app.users as u using (user_id)
        left join marts.fct_transactions as t
            on u.user_id = t.user_id and t.amount_plan_minor is not null
            and t.spent_date >= {month} and t.spent_date < {month} + interval '1 month'
        left join marts.fct_financial_health as h on u.user_id = h.user_id
        left join ml.cluster_members as m on u.user_id = m.user_id and m.month = {month}
        where agreed.is_in
        group by u.user_id
        order by u.user_id
    """).format(month=sql.SQL("{}::date").format(sql.Literal(month)))
    return read_frame(connection, query, _PERSON_COLUMNS)


def is_released(connection: Connection, month: date) -> bool:
    """Whether figures of a month were released; they never change then."""
    found = connection.execute(
        text("select exists (select from ml.cohort_releases where month = :month)"), {"month": month}
    )
    return bool(found.scalar_one())


def add_release(connection: Connection, month: date, figures: pl.DataFrame) -> int:
    """Release a month's figures, once."""
    return insert_frame(
        connection,
        "ml.cohort_releases",
        figures.with_columns(month=pl.lit(month)),
        "on conflict (month, cohort, measure) do nothing",
    )


def add_members(connection: Connection, month: date, members: pl.DataFrame) -> int:
    """Keep who counted where in a month's release."""
    return insert_frame(
        connection,
        "ml.cohort_members",
        members.with_columns(month=pl.lit(month)),
        "on conflict (user_id, month) do nothing",
    )


def released(connection: Connection, cohorts: Sequence[str]) -> list[dict[str, Any]]:
    """The figures of the latest month for some cohorts."""
    rows = connection.execute(
        text("""
            select month, cohort, measure, people, p25, p50, p75 from ml.cohort_releases
            where cohort = any(:cohorts) and month = (select max(month) from ml.cohort_releases)
        """),
        {"cohorts": list(cohorts)},
    )
    return [dict(row) for row in rows.mappings()]


def as_json(values: object) -> str:
    """A document for a frame's JSON column."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True)
