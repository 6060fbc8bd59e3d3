"""What alerts are found in, what was found, and what users said of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

import polars as pl
from psycopg import sql
from sqlalchemy import Connection, text

from warehouse.repositories.copying import insert_frame, read_frame

_FACTS = pl.Schema(
    {
        "user": pl.String,
        "ref": pl.String,
        "day": pl.Date,
        "amount": pl.Int64,
        "category": pl.String,
        "group": pl.String,
        "merchant": pl.String,
        "account": pl.String,
        "is_foreign": pl.String,
        "currency": pl.String,
    }
)
_PACE = pl.Schema(
    {
        "user": pl.String,
        "kind": pl.String,
        "ref": pl.String,
        "day": pl.Date,
        "category": pl.String,
        "merchant": pl.String,
        "amount": pl.Int64,
        "usual": pl.Int64,
        "stake": pl.Float64,
        **dict.fromkeys(("e1", "e2", "e3", "e4", "e5", "e6"), pl.Float64),
    }
)
_OPINIONS = pl.Schema({"user": pl.String, "kind": pl.String, "useful": pl.Int64, "useless": pl.Int64})


#: Whether a line ``t`` tells of an amount in another currency than its own: "12 TRY @ 45.5", "USD 23,40",
#: "23.40 USD". Without a rate an amount needs its decimals, for "TRY 2" and "ALL 24" may be anything.
IS_FOREIGN: LiteralString = r"""
exists (
    select
    from (values
        ('[0-9] ?([A-Z]{3}) ?@|[0-9][.,][0-9]{2} ?([A-Z]{3})\M'),
        ('\m([A-Z]{3}) ?[0-9][0-9.,]*[.,][0-9]{2}\M')
    ) as manner (pattern)
    cross join lateral regexp_matches(t.description, manner.pattern, 'g') as told (codes)
    inner join seeds.currencies as c on c.code = coalesce(told.codes[1], told.codes[2])
    where c.code <> t.currency
)
"""


def purchase_facts(connection: Connection, users: Sequence[UUID]) -> pl.DataFrame:
    """The purchases and income of some users over two years; amounts positive when money leaves."""
    query = sql.SQL("""
        select
            t.user_id as "user", t.transaction_id as ref, t.spent_date as day,
            -t.amount_plan_minor as amount, t.category_code as category, t.group_code as "group",
            coalesce(nullif(t.merchant, ''), t.description) as merchant, t.account_id as account,
            {foreign} as is_foreign, u.currency
        from marts.fct_transactions as t
        inner join app.users as u using (user_id)
        where t.user_id = any({users}::uuid[])
            and t.amount_plan_minor is not null and t.amount_plan_minor <> 0
            and t.spent_date > (now() at time zone u.timezone)::date - 730
            and t.spent_date <= (now() at time zone u.timezone)::date
            and t.group_code in ('need', 'want', 'income')
        order by t.user_id, t.spent_date, t.transaction_id
    """).format(users=_ids(users), foreign=sql.SQL(IS_FOREIGN))
    return read_frame(connection, query, _FACTS).with_columns(is_foreign=pl.col("is_foreign") == "t")


def pace_candidates(connection: Connection, users: Sequence[UUID]) -> pl.DataFrame:
    """Running periods whose forecast end lies above the plan: how far, in widths of the forecast's band."""
    query = sql.SQL("""
        with running as (
            select user_id, min(period_start) as period_start, min(period_end) as period_end,
                sum(budget_minor) as budget_minor, sum(spent_minor) as spent_minor
            from marts.fct_category_periods
            inner join app.users as u using (user_id)
            where user_id = any({}::uuid[]) and group_code in ('need', 'want')
                and period_start <= (now() at time zone u.timezone)::date
                and period_end > (now() at time zone u.timezone)::date
            group by user_id
        )
        select
            r.user_id as "user", 'pace' as kind, 'period ' || r.period_start as ref,
            r.period_start as day, '' as category, 'pace' as merchant,
            (r.spent_minor + f.spent_until_p50_minor - r.budget_minor)::bigint as amount,
            r.budget_minor::bigint as usual,
            least((r.spent_minor + f.spent_until_p50_minor - r.budget_minor)::float8
            / greatest(r.budget_minor, 1), 1) as stake,
            (r.spent_minor + f.spent_until_p50_minor - r.budget_minor)::float8
            / greatest(f.spent_until_p90_minor - f.spent_until_p50_minor, 1) as e1,
            0::float8 as e2, 0::float8 as e3, 0::float8 as e4, 0::float8 as e5, 0::float8 as e6
        from running as r
        inner join ml.forecast_days as f on r.user_id = f.user_id and f.forecast_date = r.period_end - 1
        where r.spent_minor + f.spent_until_p10_minor > r.budget_minor and r.budget_minor > 0
    """).format(_ids(users))
    return read_frame(connection, query, _PACE)


def opinions(connection: Connection, users: Sequence[UUID]) -> pl.DataFrame:
    """What users said of alerts, by kind: user, kind, useful, useless."""
    query = sql.SQL("""
        select user_id as "user", kind, count(*) filter (where is_useful) as useful,
            count(*) filter (where not is_useful) as useless
        from app.alert_decisions where user_id = any({}::uuid[]) group by user_id, kind
    """).format(_ids(users))
    return read_frame(connection, query, _OPINIONS)


def replace_alerts(connection: Connection, users: Sequence[UUID], rows: pl.DataFrame) -> int:
    """Put the alerts of some users in place of those before; an alert that was shown stays shown."""
    shown = read_frame(
        connection,
        sql.SQL("""
            select user_id as "user", alert_key from ml.alerts where user_id = any({}::uuid[]) and is_shown
        """).format(_ids(users)),
        pl.Schema({"user": pl.String, "alert_key": pl.String}),
    ).with_columns(was_shown=pl.lit(value=True))
    connection.execute(text("delete from ml.alerts where user_id = any(:users)"), {"users": list(users)})
    kept = rows.join(shown, on=["user", "alert_key"], how="left").select(
        user_id="user",
        alert_key="alert_key",
        kind="kind",
        raised_on="day",
        category_code="category",
        merchant="merchant",
        amount_minor="amount",
        usual_minor="usual",
        currency="currency",
        probability="probability",
        usefulness="usefulness",
        is_shown=pl.col("is_shown") | pl.col("was_shown").fill_null(value=False),
    )
    return insert_frame(connection, "ml.alerts", kept)


def _ids(users: Sequence[UUID]) -> sql.Literal:
    return sql.Literal([str(user) for user in users])
