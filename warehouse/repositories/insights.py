"""Facts that are worth a word, findings of users, their ratings, and the advice that was told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

Counts = dict[str, tuple[int, int]]


def has_facts(connection: Connection) -> bool:
    """Whether the mart of facts exists yet."""
    return bool(
        connection.execute(text("select to_regclass('marts.fct_insight_facts') is not null")).scalar_one()
    )


def facts(connection: Connection, users: Sequence[UUID]) -> Iterator[tuple[UUID, dict[str, Any]]]:
    """The facts of some users, as the fields of models_ml.insights.catalogue.Fact."""
    rows = connection.execute(
        text("""
            select user_id, kind, subject, current_minor, usual_minor, value_minor, percent, seen, about,
                coalesce(subject_en, '') as subject_en, coalesce(subject_bg, '') as subject_bg, currency,
                    as_of
            from marts.fct_insight_facts where user_id = any(:users) order by user_id, kind, subject, about
        """),
        {"users": list(users)},
    )
    for row in rows.mappings():
        fields = dict(row)
        yield fields.pop("user_id"), fields


def monthly_spending(connection: Connection, users: Sequence[UUID]) -> dict[UUID, int]:
    """What each user spends in a month, by the last 90 days with marts."""
    rows = connection.execute(
        text("""
            select user_id, sum(spent_minor)::bigint / 3 from marts.fct_spendable_days
            where user_id = any(:users) and cash_date > current_date - 91 group by user_id
        """),
        {"users": list(users)},
    )
    return {row[0]: int(row[1]) for row in rows}


def ratings(connection: Connection, users: Sequence[UUID]) -> tuple[dict[UUID, Counts], Counts]:
    """What some users, and everybody, said of findings: (useful, useless) by kind."""
    rows = connection.execute(
        text("""
            select user_id, kind, count(*) filter (where is_useful), count(*) filter (where not is_useful)
            from app.insight_ratings group by user_id, kind
        """)
    )
    wanted, own, everyone = set(users), {}, {}  # type: set[UUID], dict[UUID, Counts], Counts
    for user_id, kind, useful, useless in rows:
        known = everyone.get(kind, (0, 0))
        everyone[kind] = (known[0] + useful, known[1] + useless)
        if user_id in wanted:
            own.setdefault(user_id, {})[kind] = (useful, useless)
    return own, everyone


_ADD = """
insert into ml.insights (
    user_id, insight_key, kind, found_on, last_seen_on, rank, confidence, value_minor, currency, facts,
        sources,
    title_en, text_en, title_bg, text_bg
)
values (
    :user_id, :insight_key, :kind, :today, :today, :rank, :confidence, :value_minor, :currency, :facts,
        :sources,
    :title_en, :text_en, :title_bg, :text_bg
)
on conflict (user_id, insight_key) do update
set last_seen_on = excluded.last_seen_on, rank = excluded.rank, confidence = excluded.confidence,
    value_minor = excluded.value_minor, facts = excluded.facts, sources = excluded.sources,
    title_en = excluded.title_en, text_en = excluded.text_en, title_bg = excluded.title_bg,
    text_bg = excluded.text_bg
"""
#: Findings that no longer hold are kept for the history, as long as somebody may look back.
_KEPT_DAYS = 400


def replace_insights(
    connection: Connection, users: Sequence[UUID], rows: Sequence[Mapping[str, object]]
) -> None:
    """Store findings; one found again keeps the day it was first found on, one not found no longer ranks."""
    connection.execute(
        text("update ml.insights set rank = 0 where user_id = any(:users) and rank > 0"),
        {"users": list(users)},
    )
    if rows:
        statement = text(_ADD).bindparams(bindparam("facts", type_=JSONB), bindparam("sources", type_=JSONB))
        connection.execute(statement, [dict(row) for row in rows])
    connection.execute(
        text("delete from ml.insights where user_id = any(:users) and last_seen_on < current_date - :days"),
        {"users": list(users), "days": _KEPT_DAYS},
    )


#: Kinds that say the same for months, and for how long that is no news.
_STANDING = ("subscriptions", "fees", "saving_rate")
_STANDING_WEEKS = 13


def unsaid(
    connection: Connection, user_id: UUID, week: date, silent_weeks: int, most: int
) -> list[dict[str, Any]]:
    """The best findings that hold now and were not in the advice of the last weeks.

    What stands for months (a subscription's cost, fees, a saving rate) is found anew each month, and is news
    only when it has changed by a fifth or a quarter has passed.
    """
    rows = connection.execute(
        text("""
            select i.* from ml.insights as i
            where i.user_id = :user_id
                and i.rank > 0
                and not exists (
                    select from ml.advice_snapshots as told
                    where told.user_id = i.user_id and told.week_start >= :since and told.week_start < :week
                        and told.insight_keys ? i.insight_key
                )
                and not exists (
                    select from ml.advice_snapshots as told
                    inner join ml.insights as said
                        on told.user_id = said.user_id and told.insight_keys ? said.insight_key
                    where told.user_id = i.user_id and i.kind = any(:standing)
                        and told.week_start >= :long_since and told.week_start < :week
                        and said.kind = i.kind and said.title_en = i.title_en
                        and abs(said.value_minor - i.value_minor) * 5 <= i.value_minor
                )
            order by i.rank desc, i.insight_key limit :most
        """),
        {
            "user_id": user_id,
            "since": week - timedelta(weeks=silent_weeks),
            "long_since": week - timedelta(weeks=_STANDING_WEEKS),
            "standing": list(_STANDING),
            "week": week,
            "most": most,
        },
    )
    return [dict(row) for row in rows.mappings()]


def advised(connection: Connection, weeks: Mapping[UUID, date]) -> set[UUID]:
    """Who of these was told something in the week that began then."""
    rows = connection.execute(
        text("""
            select distinct told.user_id
            from ml.advice_snapshots as told
            inner join unnest(cast(:users as uuid[]), cast(:weeks as date[])) as asked (user_id, week)
                on told.user_id = asked.user_id and told.week_start = asked.week
        """),
        {"users": list(weeks), "weeks": list(weeks.values())},
    )
    return {row[0] for row in rows}


def keep_advice(  # noqa: PLR0913, PLR0917 - a snapshot's parts
    connection: Connection,
    user_id: UUID,
    week: date,
    language: str,
    told: str,
    told_by: str,
    keys: Sequence[str],
) -> None:
    """Keep a week's advice as it was told; what was told before stays."""
    connection.execute(
        text("""
            insert into ml.advice_snapshots (user_id, week_start, language, text, told_by, insight_keys)
            values (:user_id, :week, :language, :told, :told_by, :keys)
            on conflict (user_id, week_start, language) do nothing
        """).bindparams(bindparam("keys", type_=JSONB)),
        {
            "user_id": user_id,
            "week": week,
            "language": language,
            "told": told,
            "told_by": told_by,
            "keys": list(keys),
        },
    )


def language_of(connection: Connection, user_id: UUID) -> str:
    """The language that the user chose, else their country's: Bulgarian in Bulgaria, English elsewhere."""
    found = connection.execute(
        text("""
            select coalesce(p.settings ->> 'language', case when u.country = 'BG' then 'bg' else 'en' end)
            from app.users as u left join app.preferences as p using (user_id) where u.user_id = :user_id
        """),
        {"user_id": user_id},
    ).scalar_one()
    return "bg" if str(found).lower().startswith("bg") else "en"
