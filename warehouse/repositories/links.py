"""Which transactions belong together: what the matcher found, and what users said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import polars as pl
from psycopg import sql
from sqlalchemy import Connection, text

from warehouse.errors import ActionableError
from warehouse.repositories.copying import copy_frame, read_frame

#: The same as models_ml.links.facts.FACT_SCHEMA, which this layer may not import; a test holds them equal.
FACT_COLUMNS = pl.Schema(
    {
        "user_id": pl.String,
        "transaction_id": pl.String,
        "account_id": pl.String,
        "account_ref": pl.String,
        "account_kind": pl.String,
        "institution": pl.String,
        "booked_date": pl.Date,
        "spent_date": pl.Date,
        "amount_minor": pl.Int64,
        "currency": pl.String,
        "description": pl.String,
        "counterparty": pl.String,
        "bank_kind": pl.String,
        "mcc": pl.String,
        "category_code": pl.String,
    }
)
_DECISION_COLUMNS = pl.Schema(
    {
        "kind": pl.String,
        "source_transaction_id": pl.String,
        "target_transaction_id": pl.String,
        "is_link": pl.String,
    }
)


class LinkNotFoundError(ActionableError, LookupError):
    """The user has no such link, or more than one begins so."""


class LinkTakenError(ActionableError, ValueError):
    """A transaction belongs to another link that the user confirmed."""


@dataclass(frozen=True, slots=True)
class StaleUser:
    """A user whose facts have changed since links were looked for."""

    user_id: UUID
    version: int
    transactions: int


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """One transaction of a link, as people see it."""

    transaction_id: UUID
    account: str
    booked_date: date
    amount_minor: int
    currency: str
    description: str


@dataclass(frozen=True, slots=True)
class Link:
    """Two transactions that belong together, or of which the user said that they do not."""

    link_id: UUID
    kind: str
    band: str
    origin: str
    probability: float
    reasons: dict[str, float]
    source: LinkEnd
    target: LinkEnd | None


def stale_users(connection: Connection, model_version: str) -> list[StaleUser]:
    """Users whose facts, or the matcher, have changed since their links were made."""
    rows = connection.execute(
        text("""
            select v.user_id, v.version, counted.transactions
            from ops.user_versions as v
            left join ops.link_versions as l using (user_id)
            cross join lateral (
                select count(*) as transactions from app.transactions as t where t.user_id = v.user_id
            ) as counted
            where (l.version, l.model_version) is distinct from (v.version, cast(:model_version as text))
            order by v.user_id
        """),
        {"model_version": model_version},
    )
    return [StaleUser(*row) for row in rows]


def linkable_facts(connection: Connection, users: Sequence[UUID]) -> pl.DataFrame:
    """The posted transactions of some users with their accounts, as FACT_COLUMNS."""
    query = sql.SQL("""
        select
            t.user_id, t.transaction_id, t.account_id, a.account_ref, a.kind as account_kind, a.institution,
            t.booked_date, t.spent_date, t.amount_minor, t.currency, t.description, t.counterparty,
            t.bank_kind, t.mcc,
            case when s.category_origin <> 'none' then s.category_code end as category_code
        from app.transactions as t
        inner join app.accounts as a using (user_id, account_id)
        inner join app.standing_categories as s using (user_id, transaction_id)
        where t.user_id = any({}::uuid[]) and t.status = 'posted' and t.deleted_at is null
    """).format(sql.Literal([str(user) for user in users]))
    return read_frame(connection, query, FACT_COLUMNS)


def user_decisions(connection: Connection, users: Sequence[UUID]) -> pl.DataFrame:
    """What some users said: kind, source_transaction_id, target_transaction_id ("" for none), is_link."""
    query = sql.SQL("""
        select kind, source_transaction_id, target_transaction_id, is_link
        from app.standing_link_decisions
        where user_id = any({}::uuid[])
        order by kind, source_transaction_id, target_transaction_id
    """).format(sql.Literal([str(user) for user in users]))
    return read_frame(connection, query, _DECISION_COLUMNS).with_columns(is_link=pl.col("is_link") == "t")


# Rows that changed are made anew, because a swap of partners would break the unique indexes on its way.
_REMOVE = """
delete from app.transaction_links as l
where l.user_id = any(:users) and l.origin = 'matcher' and not exists (
    select 1 from found_links as f
    where f.user_id = l.user_id and f.link_id = l.link_id and f.band = l.band
        and f.probability = l.probability and f.reasons = l.reasons
)
returning l.user_id
"""
# What the user said, which undone and repeated imports, and entries that joined others, have taken away. Of
# two confirmed links of the same money, which such a change can bring about, the first one stays.
_FORGET = """
delete from app.transaction_links as l
where l.user_id = any(:users) and l.origin = 'user' and not exists (
    select 1 from app.standing_link_decisions as d
    where d.user_id = l.user_id and d.kind = l.kind and d.source_transaction_id = l.source_transaction_id
        and d.target_transaction_id is not distinct from l.target_transaction_id
        and d.is_link = (l.band = 'paired')
)
returning l.user_id
"""
_RESTORE = """
insert into app.transaction_links (
    user_id, link_id, kind, source_transaction_id, target_transaction_id, probability, band, origin, reasons,
    decided_at
)
select
    user_id,
    md5(kind || ':' || source_transaction_id || ':' || coalesce(target_transaction_id::text, ''))::uuid,
    kind, source_transaction_id, target_transaction_id, probability,
    case when is_link then 'paired' else 'no' end, 'user', reasons, decided_at
from app.standing_link_decisions
where user_id = any(:users)
order by decided_at, source_transaction_id, target_transaction_id
on conflict do nothing
returning user_id
"""
_ADD = """
insert into app.transaction_links (
    user_id, link_id, kind, source_transaction_id, target_transaction_id, probability, band, origin, reasons
)
select
    user_id, link_id, kind, source_transaction_id, target_transaction_id, probability, band, 'matcher',
    reasons
from found_links
on conflict (user_id, link_id) do nothing
returning user_id
"""
_RECORD = """
insert into ops.link_versions (user_id, version, model_version)
select user_id, case when version = :seen + :bumps then version else :seen end, :model_version
from ops.user_versions where user_id = :user_id
on conflict (user_id) do update
set version = excluded.version, model_version = excluded.model_version, linked_at = now()
"""


def replace_links(
    connection: Connection, users: Sequence[StaleUser], links: pl.DataFrame, model_version: str
) -> int:
    """Make the matcher's links of some users these; gives how many rows changed.

    ``links`` has user_id, kind, source_transaction_id, target_transaction_id (null for none), probability,
    band and reasons (JSON). What users decided stays. The version that the links were made for is noted, and
    what our own rows add to it is not taken for news.
    """
    _stage(connection, links)
    ids = [user.user_id for user in users]
    changed = [
        connection.execute(text(statement), {"users": ids}).scalars().all()
        for statement in (_REMOVE, _FORGET, _RESTORE, _ADD)
    ]
    touched = [set(each) for each in changed]
    for user in users:
        connection.execute(
            text(_RECORD),
            {
                "user_id": user.user_id,
                "seen": user.version,
                "bumps": sum(user.user_id in each for each in touched),
                "model_version": model_version,
            },
        )
    return sum(map(len, changed))


def _stage(connection: Connection, links: pl.DataFrame) -> None:
    connection.execute(text("drop table if exists found_links"))
    connection.execute(
        text("""
            create temporary table found_links (
                user_id uuid, kind text, source_transaction_id uuid, target_transaction_id uuid,
                probability double precision, band text, reasons jsonb,
                link_id uuid generated always as (
                    md5(
                        kind || ':' || source_transaction_id || ':'
                        || coalesce(target_transaction_id::text, '')
                    )::uuid
                ) stored
            ) on commit drop
        """)
    )
    copy_frame(connection, "found_links", links)
    connection.execute(text("analyze found_links"))


_LIST = """
select
    l.link_id, l.kind, l.band, l.origin, l.probability, l.reasons,
    s.transaction_id, coalesce(nullif(sa.name, ''), nullif(sa.account_ref, ''), 'account'),
    s.booked_date, s.amount_minor, s.currency, s.description,
    t.transaction_id, coalesce(nullif(ta.name, ''), nullif(ta.account_ref, ''), 'account'),
    t.booked_date, t.amount_minor, t.currency, t.description
from app.transaction_links as l
inner join app.transactions as s on l.user_id = s.user_id and l.source_transaction_id = s.transaction_id
inner join app.accounts as sa on s.user_id = sa.user_id and s.account_id = sa.account_id
left join app.transactions as t on l.user_id = t.user_id and l.target_transaction_id = t.transaction_id
left join app.accounts as ta on t.user_id = ta.user_id and t.account_id = ta.account_id
where l.user_id = :user_id
    and (cast(:band as text) is null or l.band = :band)
    and (cast(:kind as text) is null or l.kind = :kind)
    and (cast(:begins as text) is null or l.link_id::text like :begins || '%')
order by s.booked_date desc, l.link_id
limit :limit
"""


def list_links(  # noqa: PLR0913 - one per filter
    connection: Connection,
    user_id: UUID,
    *,
    band: str | None = None,
    kind: str | None = None,
    begins: str | None = None,
    limit: int | None = None,
) -> Iterator[Link]:
    """A user's links, the latest first; ``begins`` is how their ids begin."""
    rows = connection.execute(
        text(_LIST), {"user_id": user_id, "band": band, "kind": kind, "begins": begins, "limit": limit}
    )
    return (_link(*row) for row in rows)


def _link(  # noqa: PLR0913, PLR0917 - the columns of _LIST, the two ends as they come
    link_id: UUID,
    kind: str,
    band: str,
    origin: str,
    probability: float,
    reasons: dict[str, float],
    *ends: Any,  # noqa: ANN401
) -> Link:
    target = LinkEnd(*ends[6:]) if ends[6] else None
    return Link(link_id, kind, band, origin, probability, reasons, LinkEnd(*ends[:6]), target)


def get_link(connection: Connection, user_id: UUID, begins: str) -> Link:
    """The link whose id begins so; raises LinkNotFoundError."""
    plain = "".join(letter for letter in begins.lower() if letter in "0123456789abcdef-")
    found = list(list_links(connection, user_id, begins=plain, limit=2)) if plain else []
    if len(found) != 1:
        several = "more than one link begins" if found else "no link begins"
        message = f"{several} with {begins!r}: 'mita links list' shows their ids"
        raise LinkNotFoundError(message)
    return found[0]


_TAKEN = """
select l.link_id, l.origin from app.transaction_links as l
where l.user_id = :user_id and l.link_id <> :link_id and l.band = 'paired' and (
    l.source_transaction_id = :source
    or (:is_transfer and :source = l.target_transaction_id and l.kind = 'transfer')
    or (
        :is_transfer and l.kind = 'transfer'
        and :target in (l.source_transaction_id, l.target_transaction_id)
    )
)
"""


def confirm_link(connection: Connection, user_id: UUID, link: Link) -> None:
    """The user says that it is so; what the matcher had paired of the same money gives way.

    Raises LinkTakenError when the user confirmed another link of the same money before.
    """
    key = {
        "user_id": user_id,
        "link_id": link.link_id,
        "source": link.source.transaction_id,
        "target": link.target.transaction_id if link.target else None,
        "is_transfer": link.kind == "transfer",
    }
    for other, origin in connection.execute(text(_TAKEN), key).all():
        if origin == "user":
            message = f"link {other} holds the same money and was confirmed before: reject that one first"
            raise LinkTakenError(message)
        connection.execute(
            text("delete from app.transaction_links where user_id = :user_id and link_id = :link_id"),
            {"user_id": user_id, "link_id": other},
        )
    _decide(connection, user_id, link, is_link=True)


def reject_link(connection: Connection, user_id: UUID, link: Link) -> None:
    """The user says that it is not so; it is kept, so that nobody asks again."""
    _decide(connection, user_id, link, is_link=False)


_SAY = """
insert into app.link_decisions (
    user_id, link_id, kind, source_entry, target_entry, is_link, probability, reasons
)
select
    user_id, link_id, kind, source_transaction_id, target_transaction_id, :is_link, probability, reasons
from app.transaction_links
where user_id = :user_id and link_id = :link_id
on conflict (user_id, link_id) do update set is_link = excluded.is_link, decided_at = now()
"""
_HOLD = """
update app.transaction_links
set band = case when :is_link then 'paired' else 'no' end, origin = 'user', decided_at = now()
where user_id = :user_id and link_id = :link_id
"""


def _decide(connection: Connection, user_id: UUID, link: Link, *, is_link: bool) -> None:
    for statement in (_SAY, _HOLD):
        connection.execute(text(statement), {"user_id": user_id, "link_id": link.link_id, "is_link": is_link})
