"""Exchange rates as they were published: units of a currency for one euro, per day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import polars as pl
from sqlalchemy import Connection, text

from warehouse.repositories.copying import copy_frame


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """One published rate."""

    currency: str
    rate_date: date
    units_per_euro: Decimal
    source: str
    loaded_at: datetime


def has_rates(connection: Connection) -> bool:
    """Whether any rate is loaded."""
    return bool(connection.execute(text("select exists (select 1 from raw.exchange_rates)")).scalar_one())


def needs_rates(connection: Connection) -> bool:
    """Whether anybody has money in another currency than they plan in."""
    return bool(connection.execute(text(f"select exists ({_FOREIGN})")).scalar_one())


def add_rates(connection: Connection, rates: pl.DataFrame, source: str) -> int:
    """Store rates (currency, rate_date, units_per_euro as text); gives how many are new or corrected.

    Users with money in another currency than they plan in count as changed when any is.
    """
    rows = rates.with_columns(pl.lit(source).alias("source"))
    if not has_rates(connection):
        copy_frame(connection, "raw.exchange_rates", rows)
        changed = rows.height
    else:
        connection.execute(text("drop table if exists given_rates"))
        connection.execute(
            text(
                "create temporary table given_rates (like raw.exchange_rates including defaults) "
                "on commit drop"
            )
        )
        copy_frame(connection, "given_rates", rows)
        changed = connection.execute(text(_RENEW)).rowcount
    if changed:
        connection.execute(text(_TOUCH_USERS))
    return changed


_RENEW = """
insert into raw.exchange_rates as known (currency, rate_date, units_per_euro, source)
select currency, rate_date, units_per_euro, source from given_rates
on conflict (currency, rate_date) do update
set units_per_euro = excluded.units_per_euro, source = excluded.source, loaded_at = now()
where known.units_per_euro is distinct from excluded.units_per_euro
"""
_FOREIGN = """
select a.user_id from app.accounts as a
inner join app.users as u on a.user_id = u.user_id
where a.currency <> u.currency
"""
_TOUCH_USERS = f"""
update ops.user_versions set version = version + 1, changed_at = now()
where user_id in ({_FOREIGN})
"""  # noqa: S608 - our own words


def get_rate(connection: Connection, currency: str, day: date) -> ExchangeRate | None:
    """The last rate published on or before a day, however old."""
    row = connection.execute(
        text("""
            select currency, rate_date, units_per_euro, source, loaded_at from raw.exchange_rates
            where currency = :currency and rate_date <= :day
            order by rate_date desc
            limit 1
        """),
        {"currency": currency, "day": day},
    ).one_or_none()
    return ExchangeRate(*row) if row else None


def latest_rate_date(connection: Connection) -> date | None:
    """The last day for which rates are loaded."""
    day: date | None = connection.execute(text("select max(rate_date) from raw.exchange_rates")).scalar_one()
    return day


def rates_for_matching(connection: Connection, since: date, currencies: list[str]) -> pl.DataFrame:
    """Rates of some currencies from a day on, as numbers for features: currency, rate_date, per_euro."""
    rows = connection.execute(
        text("""
            select currency, rate_date, units_per_euro::float8 as per_euro from raw.exchange_rates
            where currency = any(:currencies) and rate_date >= :since
        """),
        {"currencies": currencies, "since": since},
    ).all()
    schema = {"currency": pl.String, "rate_date": pl.Date, "per_euro": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


@dataclass(frozen=True, slots=True)
class MissingRate:
    """Money that the plans leave out for want of a rate."""

    currency: str
    users: int
    transactions: int
    first_day: date
    last_day: date


def list_missing(connection: Connection) -> list[MissingRate]:
    """Currencies and days for which plans lack a rate, as of the last build."""
    if connection.execute(text("select to_regclass('marts.fct_plan_gaps')")).scalar_one() is None:
        return []
    rows = connection.execute(
        text("""
            select currency, count(distinct user_id), sum(transactions)::bigint,
                min(first_spent_date), max(last_spent_date)
            from marts.fct_plan_gaps
            where reason = 'missing_rate'
            group by currency
            order by currency
        """)
    )
    return [MissingRate(*row) for row in rows]
