"""Recurring series: what they are looked for in, what was found, what users said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import polars as pl
from psycopg import sql
from sqlalchemy import Connection, text

from warehouse.errors import ActionableError
from warehouse.repositories.copying import copy_frame, read_frame
from warehouse.repositories.rule_statements import DECIDE_SERIES

#: The same as models_ml.recurring.candidates.LINE_SCHEMA, which this layer may not import; a test holds them
#: equal.
LINE_COLUMNS = pl.Schema(
    {
        "user_id": pl.String,
        "transaction_id": pl.String,
        "account_id": pl.String,
        "date": pl.Date,
        "amount_minor": pl.Int64,
        "currency": pl.String,
        "description": pl.String,
        "counterparty": pl.String,
        "category_code": pl.String,
    }
)


class SeriesNotFoundError(ActionableError, LookupError):
    """The user has no such series, or more than one begins so."""


@dataclass(frozen=True, slots=True)
class StaleUser:
    """A user whose facts have changed since series were looked for."""

    user_id: UUID
    version: int
    transactions: int


@dataclass(frozen=True, slots=True)
class Series:
    """A series as people see it; amounts are signed minor units, low and high hold eight of ten."""

    series_id: UUID
    name: str
    category_code: str
    direction: str
    cadence: str
    anchor: int
    currency: str
    is_fixed: bool
    expected_minor: int
    low_minor: int
    high_minor: int
    yearly_minor: int
    price_before_minor: int | None
    price_changed_on: date | None
    first_date: date
    last_date: date
    next_date: date | None
    spread_days: int
    times: int
    missed: int
    doubled: int
    status: str
    is_subscription: bool
    is_income: bool
    probability: float
    word: str | None  # confirmed, rejected, or nothing yet


def stale_users(connection: Connection, model_version: str) -> list[StaleUser]:
    """Users whose facts, or the finder, have changed since their series were found."""
    rows = connection.execute(
        text("""
            select v.user_id, v.version, counted.transactions
            from ops.user_versions as v
            left join ops.recurring_versions as r using (user_id)
            cross join lateral (
                select count(*) as transactions from app.transactions as t where t.user_id = v.user_id
            ) as counted
            where (r.version, r.model_version) is distinct from (v.version, cast(:model_version as text))
            order by v.user_id
        """),
        {"model_version": model_version},
    )
    return [StaleUser(*row) for row in rows]


def recurring_lines(connection: Connection, users: Sequence[UUID]) -> pl.DataFrame:
    """The posted transactions of some users as LINE_COLUMNS; both ends of a transfer are named as such."""
    query = sql.SQL("""
        select
            t.user_id, t.transaction_id, t.account_id, t.spent_date as date, t.amount_minor, t.currency,
            t.description, t.counterparty,
            case when l.is_transfer then 'internal_transfer' else s.category_code end as category_code
        from app.transactions as t
        inner join app.standing_categories as s using (user_id, transaction_id)
        left join (
            select user_id, source_transaction_id as transaction_id, true as is_transfer
            from app.transaction_links where kind = 'transfer' and band = 'paired'
            union
            select user_id, target_transaction_id, true
            from app.transaction_links where kind = 'transfer' and band = 'paired'
        ) as l using (user_id, transaction_id)
        where t.user_id = any({}::uuid[]) and t.status = 'posted' and t.deleted_at is null
    """).format(sql.Literal([str(user) for user in users]))
    return read_frame(connection, query, LINE_COLUMNS)


_COLUMNS = (
    "account_id, payee, name, category_code, direction, cadence, anchor, period_days, currency, is_fixed, "
    "expected_minor, low_minor, high_minor, yearly_minor, price_before_minor, price_changed_on, first_date, "
    "last_date, next_date, due_dates, spread_days, times, missed, doubled, status, is_subscription, "
    "is_income, probability"
)
_REMOVE = f"""
delete from ml.recurring_series as known
where known.user_id = any(:users) and not exists (
    select from found_series as found
    where found.user_id = known.user_id and found.series_id = known.series_id
        and ({", ".join(f"found.{name}" for name in _COLUMNS.split(", "))})
        is not distinct from ({", ".join(f"known.{name}" for name in _COLUMNS.split(", "))})
)
returning known.user_id
"""  # noqa: S608 - names of our own
_ADD = f"""
insert into ml.recurring_series (user_id, series_id, {_COLUMNS})
select user_id, series_id, {_COLUMNS} from found_series
on conflict (user_id, series_id) do nothing
returning user_id
"""  # noqa: S608
_OCCUR = """
with gone as (
    delete from ml.recurring_occurrences as known
    where known.user_id = any(:users) and not exists (
        select from found_occurrences as found
        where (found.user_id, found.series_id, found.transaction_id)
            = (known.user_id, known.series_id, known.transaction_id)
    )
)
insert into ml.recurring_occurrences (user_id, series_id, transaction_id)
select user_id, series_id, transaction_id from found_occurrences
on conflict do nothing
"""
_RECORD = """
insert into ops.recurring_versions (user_id, version, model_version)
select user_id, case when version = :seen + :bumps then version else :seen end, :model_version
from ops.user_versions where user_id = :user_id
on conflict (user_id) do update
set version = excluded.version, model_version = excluded.model_version, found_at = now()
"""


def replace_series(
    connection: Connection,
    users: Sequence[StaleUser],
    series: pl.DataFrame,
    occurrences: pl.DataFrame,
    model_version: str,
) -> int:
    """Make the series of some users these; gives how many rows changed. What is the same is not written.

    The version that they were found for is noted; what our own rows add to it is not taken for news.
    """
    _stage(connection, series, occurrences)
    ids = {"users": [user.user_id for user in users]}
    removed = connection.execute(text(_REMOVE), ids).scalars().all()
    added = connection.execute(text(_ADD)).scalars().all()
    connection.execute(text(_OCCUR), ids)
    touched = [set(removed), set(added)]
    for user in users:
        values = {
            "user_id": user.user_id,
            "seen": user.version,
            "bumps": sum(user.user_id in each for each in touched),
            "model_version": model_version,
        }
        connection.execute(text(_RECORD), values)
    return len(removed) + len(added)


def _stage(connection: Connection, series: pl.DataFrame, occurrences: pl.DataFrame) -> None:
    for name, like in (
        ("found_series", "ml.recurring_series"),
        ("found_occurrences", "ml.recurring_occurrences"),
    ):
        connection.execute(text(f"drop table if exists {name}"))
        connection.execute(text(f"create temporary table {name} (like {like}) on commit drop"))
    dates = pl.col("due_dates").list.eval(pl.element().dt.to_string("%Y-%m-%d")).list.join(",")
    array = pl.concat_str(pl.lit("{"), dates, pl.lit("}")).alias("due_dates")
    copy_frame(connection, "found_series", series.with_columns(array))
    copy_frame(connection, "found_occurrences", occurrences)
    connection.execute(text("analyze found_series, found_occurrences"))


_LIST = """
select
    s.series_id, s.name, s.category_code, s.direction, s.cadence, s.anchor, s.currency, s.is_fixed,
    s.expected_minor, s.low_minor, s.high_minor, s.yearly_minor, s.price_before_minor, s.price_changed_on,
    s.first_date, s.last_date, s.next_date, s.spread_days, s.times, s.missed, s.doubled, s.status,
    s.is_subscription, s.is_income, s.probability, w.word
from ml.recurring_series as s
left join app.recurring_words as w using (user_id, series_id)
where s.user_id = :user_id
    and (cast(:begins as text) is null or s.series_id::text like :begins || '%')
order by s.status = 'ended', s.next_date nulls last, s.name, s.series_id
"""


def list_series(connection: Connection, user_id: UUID, *, begins: str | None = None) -> list[Series]:
    """A user's series, those due next first, ended ones last; ``begins`` is how their ids begin."""
    rows = connection.execute(text(_LIST), {"user_id": user_id, "begins": begins})
    return [Series(*row) for row in rows]


def get_series(connection: Connection, user_id: UUID, begins: str) -> Series:
    """The series whose id begins so; raises SeriesNotFoundError."""
    plain = "".join(letter for letter in begins.lower() if letter in "0123456789abcdef-")
    found = list_series(connection, user_id, begins=plain) if plain else []
    if len(found) != 1:
        several = "more than one series begins" if found else "no series begins"
        message = f"{several} with {begins!r}: 'mita recurring list' shows their ids"
        raise SeriesNotFoundError(message)
    return found[0]


def decide_series(connection: Connection, user_id: UUID, series_id: UUID, word: str) -> None:
    """Keep the user's word, confirmed or rejected; it stands however the series is found again."""
    connection.execute(text(DECIDE_SERIES), {"user_id": user_id, "series_id": series_id, "word": word})


def pay_cycle(series: Sequence[Series]) -> Series | None:
    """The regular income that pays most a year: its rhythm is the user's pay cycle."""
    pay = [one for one in series if one.is_income and one.status != "ended" and one.word != "rejected"]
    return max(pay, key=lambda one: one.yearly_minor, default=None)
