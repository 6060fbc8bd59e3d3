"""Daily money of users, and what is forecast of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import polars as pl
from psycopg import sql
from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from warehouse.repositories.copying import insert_frame, read_frame

DAY_COLUMNS = pl.Schema(
    {
        "user_id": pl.String,
        "cash_date": pl.Date,
        "spent_minor": pl.Int64,
        "flow_minor": pl.Int64,
        "balance_minor": pl.Int64,
        "currency": pl.String,
    }
)
FORECAST_COLUMNS = (
    "user_id", "forecast_date", "known_until",
    *(f"{what}_p{level}_minor" for what in ("spent", "spent_until", "balance") for level in (10, 50, 90)),
    "currency", "model_version",
)  # fmt: skip


def has_marts(connection: Connection) -> bool:
    """Whether the marts that forecasts are made from exist yet."""
    return bool(
        connection.execute(text("select to_regclass('marts.fct_spendable_days') is not null")).scalar_one()
    )


def spendable_days(connection: Connection, users: Sequence[UUID]) -> pl.DataFrame:
    """The days of some users up to their today, as DAY_COLUMNS, in order."""
    query = sql.SQL("""
        select d.user_id, d.cash_date, d.spent_minor, d.flow_minor, d.balance_minor, d.currency
        from marts.fct_spendable_days as d
        inner join app.users as u using (user_id)
        where d.user_id = any({}::uuid[]) and d.cash_date <= (now() at time zone u.timezone)::date
        order by d.user_id, d.cash_date
    """).format(sql.Literal([str(user) for user in users]))
    return read_frame(connection, query, DAY_COLUMNS)


def known_series(connection: Connection, users: Sequence[UUID]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What comes again for some users: each time that it came, and when it is due, both as SERIES_DAYS.

    Series that the user rejected, that ended, or that are everyday spending (of varying amount, more often
    than monthly) are left out. A due date near which the user entered a commitment of that category is the
    commitment's; commitments are due without a series.
    """
    ids = sql.Literal([str(user) for user in users])
    series = sql.SQL(_SERIES).format(ids)
    times = read_frame(connection, sql.SQL(_TIMES).format(series=series), SERIES_DAYS)
    dues = read_frame(connection, sql.SQL(_DUES).format(series=series, users=ids), SERIES_DAYS)
    return tuple(each.with_columns(is_spent=pl.col("is_spent") == "t") for each in (times, dues))  # type: ignore[return-value]


#: Amounts are signed: negative leaves the account. ``series_id`` is empty for what the user entered.
SERIES_DAYS = pl.Schema(
    {
        "user_id": pl.String,
        "series_id": pl.String,
        "day": pl.Date,
        "amount_minor": pl.Int64,
        "is_spent": pl.String,
    }
)
_SERIES = """
    select
        s.user_id, s.series_id, s.account_id, s.category_code, s.expected_minor, s.due_dates, s.currency,
        coalesce(c.group_code in ('need', 'want'), true) as is_spent,
        (now() at time zone u.timezone)::date as today
    from ml.recurring_series as s
    inner join app.users as u on s.user_id = u.user_id and s.currency = u.currency
    inner join app.accounts as a on s.user_id = a.user_id and s.account_id = a.account_id
    left join marts.dim_categories as c on s.category_code = c.category_code
    left join app.recurring_words as w on s.user_id = w.user_id and s.series_id = w.series_id
    where s.user_id = any({}::uuid[]) and s.status <> 'ended' and w.word is distinct from 'rejected'
        and (s.is_fixed or s.period_days >= 25)
        and a.kind not in ('savings', 'loan', 'investment')
"""
_TIMES = """
    with series as ({series})
    select s.user_id, s.series_id, t.spent_date as day, t.amount_minor, s.is_spent
    from series as s
    inner join ml.recurring_occurrences as o on s.user_id = o.user_id and s.series_id = o.series_id
    inner join app.transactions as t on o.user_id = t.user_id and o.transaction_id = t.transaction_id
    where t.deleted_at is null and t.currency = s.currency and t.spent_date <= s.today
    order by s.user_id, s.series_id, t.spent_date, t.transaction_id
"""
_DUES = """
    with series as ({series}),
    entered as (
        select
            c.user_id, c.category_code, c.amount_minor, c.due_date,
            coalesce(d.group_code in ('need', 'want'), true) as is_spent
        from app.commitments as c
        left join marts.dim_categories as d on c.category_code = d.category_code
        where c.transaction_id is null and c.user_id = any({users}::uuid[])
    )
    select s.user_id, s.series_id, due.day, s.expected_minor as amount_minor, s.is_spent
    from series as s
    cross join unnest(s.due_dates) as due (day)
    where not exists (
        select from entered as e
        where e.user_id = s.user_id and e.category_code = s.category_code
            and e.due_date between due.day - 7 and due.day + 7
    )
    union all
    select user_id, null, due_date, -amount_minor, is_spent from entered
    order by 1, 2, 3
"""


def replace_forecasts(connection: Connection, users: Sequence[UUID], rows: pl.DataFrame) -> int:
    """Put the forecasts of some users in place of what was said before."""
    connection.execute(
        text("delete from ml.forecast_days where user_id = any(:users)"), {"users": list(users)}
    )
    insert_frame(connection, "ml.forecast_days", rows.select(FORECAST_COLUMNS))
    return rows.height


def keep_parameters(connection: Connection, name: str, version: str, document: Mapping[str, Any]) -> None:
    """Keep what a flow fitted; the same version is replaced."""
    connection.execute(
        text("""
            insert into ml.fitted_parameters (name, version, document) values (:name, :version, :document)
            on conflict (name, version) do update set document = excluded.document, fitted_at = now()
        """).bindparams(bindparam("document", type_=JSONB)),
        {"name": name, "version": version, "document": dict(document)},
    )


def latest_parameters(connection: Connection, name: str) -> tuple[str, dict[str, Any]] | None:
    """What was fitted last under a name, with its version."""
    row = connection.execute(
        text("""
            select version, document from ml.fitted_parameters where name = :name
            order by fitted_at desc, version desc limit 1
        """),
        {"name": name},
    ).one_or_none()
    return None if row is None else (row.version, row.document)


def income_days(connection: Connection, user_id: UUID, since: date) -> list[date]:
    """Days with income since a day."""
    rows = connection.execute(
        text("""
            select cash_date from marts.fct_spendable_days
            where user_id = :user_id and cash_date >= :since and income_minor > 0 order by cash_date
        """),
        {"user_id": user_id, "since": since},
    )
    return list(rows.scalars())


def sampled_users(connection: Connection, most: int) -> list[UUID]:
    """Some users with marts, the same ones each time."""
    rows = connection.execute(
        text("select user_id from ops.mart_versions order by md5(cast(user_id as text)) limit :most"),
        {"most": most},
    )
    return list(rows.scalars())
