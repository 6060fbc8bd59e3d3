"""For which of their days users have had what is done once a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class DueUser:
    """A user whose day (or week, or facts) has moved on since the work was done, and their today."""

    user_id: UUID
    today: date
    version: str


_DUE = """
select u.user_id, day.today, concat_ws('-', cast(:version as text), m.version) as version
from app.users as u
inner join ops.mart_versions as m on u.user_id = m.user_id
cross join lateral (
    select date_trunc(:every, (now() at time zone u.timezone))::date as today
) as day
left join ops.done_days as d on u.user_id = d.user_id and d.work = :work
where d.done_for is null
    or d.done_for < day.today
    or (:is_renewed and d.version <> concat_ws('-', cast(:version as text), m.version))
order by u.user_id
"""


def due_users(
    connection: Connection, work: str, *, version: str, every: str = "day", is_renewed: bool = True
) -> list[DueUser]:
    """Users with marts for whom the work is not done for their day (or week, or month).

    With ``is_renewed`` also those whose marts, or the model, changed since. A run that comes late finds all
    that are due; one that comes twice finds nobody.
    """
    parameters = {"work": work, "version": version, "every": every, "is_renewed": is_renewed}
    return [DueUser(*row) for row in connection.execute(text(_DUE), parameters)]


def record_done(connection: Connection, work: str, users: Sequence[DueUser]) -> None:
    """Note that the work is done for these days, in the transaction that did it."""
    if not users:
        return
    connection.execute(
        text("""
            insert into ops.done_days (user_id, work, done_for, version)
            values (:user_id, :work, :done_for, :version)
            on conflict (user_id, work) do update
            set done_for = excluded.done_for, version = excluded.version, done_at = now()
        """),
        [
            {"user_id": user.user_id, "work": work, "done_for": user.today, "version": user.version}
            for user in users
        ],
    )
