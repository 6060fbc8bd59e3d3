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
