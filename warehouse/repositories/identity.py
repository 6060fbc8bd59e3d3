"""From entries to transactions: what is unsettled, and how a resolution of it is kept.

Transactions follow from the files, the purchases entered by hand and the user's word; nothing here
decides, and running it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

import polars as pl
from psycopg import sql
from sqlalchemy import Connection, text

from warehouse.errors import ActionableError
from warehouse.repositories.copying import insert_frame, read_frame
from warehouse.repositories.planning import planned_by_hashing

#: A new batch's entries that no transaction stands for yet; most batches need no more than this.
_ADD = """
insert into app.transactions (
    user_id, transaction_id, account_id, booked_date, spent_date, amount_minor, currency, status,
    description, counterparty, bank_kind, mcc, deleted_at
)
select
    line.user_id, line.entry_id, line.account_id, line.booked_date, line.spent_date, line.amount_minor,
    line.currency, line.status, line.description, line.counterparty, line.bank_kind, line.mcc,
    deleted.deleted_at
from app.entry_lines as line
left join app.deleted_entries as deleted using (user_id, entry_id)
where line.user_id = :user_id and line.batch_id = :batch_id
    and not exists (
        select from app.merged_entries as m where m.user_id = line.user_id and m.entry_id = line.entry_id
    )
on conflict (user_id, transaction_id) do nothing
"""

_WANT = "create temporary table if not exists wanted (transaction_id uuid primary key) on commit delete rows"

#: Transactions that a batch's lines tell more of, or that lose what it told.
_WANT_OF_BATCH = """
insert into wanted (transaction_id)
select distinct coalesce(merged.transaction_id, line.entry_id)
from app.entry_lines as line
left join app.merged_entries as merged using (user_id, entry_id)
left join app.transactions as known
    on line.user_id = known.user_id and line.entry_id = known.transaction_id and known.created_at = now()
where line.user_id = :user_id and line.batch_id = :batch_id and known.transaction_id is null
on conflict do nothing
"""

# The wanted transactions that stand for themselves, and the entries that each stands for.
_MEMBERS = """
roots as (
    select wanted.transaction_id
    from wanted
    left join app.merged_entries as merged
        on merged.user_id = :user_id and wanted.transaction_id = merged.entry_id
    where merged.entry_id is null
),
members as (
    select transaction_id, transaction_id as entry_id from roots
    union all
    select merged.transaction_id, merged.entry_id
    from roots
    inner join app.merged_entries as merged
        on merged.user_id = :user_id and roots.transaction_id = merged.transaction_id
)
"""

# The bank's posted line says most; of several, the one that says more, and ties are broken by what
# they say, so that the order of imports decides nothing.
_RENEW = """
with __members__,
lines as (
    select
        members.transaction_id, line.*,
        min(line.spent_date) over (partition by members.transaction_id) as first_spent_date,
        max(deleted.deleted_at) over (partition by members.transaction_id) as deleted_at
    from members
    inner join app.entry_lines as line using (entry_id)
    left join app.deleted_entries as deleted
        on line.user_id = deleted.user_id and line.entry_id = deleted.entry_id
    where line.user_id = :user_id and line.account_id = any(:accounts)
),
best as (
    select distinct on (transaction_id) *
    from lines
    order by
        transaction_id, status = 'pending', batch_id is null,
        (mcc is null)::int + (counterparty is null)::int + (bank_kind is null)::int,
        length(description) desc, description, booked_date, spent_date, counterparty, bank_kind, mcc
)
insert into app.transactions as known (
    user_id, transaction_id, account_id, booked_date, spent_date, amount_minor, currency, status,
    description, counterparty, bank_kind, mcc, deleted_at
)
select
    user_id, transaction_id, account_id, booked_date, first_spent_date, amount_minor, currency, status,
    description, counterparty, bank_kind, mcc, deleted_at
from best
on conflict (user_id, transaction_id) do update
set account_id = excluded.account_id, booked_date = excluded.booked_date, spent_date = excluded.spent_date,
    amount_minor = excluded.amount_minor, currency = excluded.currency, status = excluded.status,
    description = excluded.description, counterparty = excluded.counterparty,
    bank_kind = excluded.bank_kind, mcc = excluded.mcc, deleted_at = excluded.deleted_at,
    updated_at = now()
where (
    known.account_id, known.booked_date, known.spent_date, known.amount_minor, known.currency, known.status,
    known.description, known.counterparty, known.bank_kind, known.mcc, known.deleted_at
) is distinct from (
    excluded.account_id, excluded.booked_date, excluded.spent_date, excluded.amount_minor,
    excluded.currency, excluded.status, excluded.description, excluded.counterparty,
    excluded.bank_kind, excluded.mcc, excluded.deleted_at
)
returning transaction_id
""".replace("__members__", _MEMBERS)

#: What has no line left, or joined another transaction.
_DROP = """
with __members__,
listed as (
    select distinct members.transaction_id
    from members
    inner join app.entry_lines as line using (entry_id)
    where line.user_id = :user_id and line.account_id = any(:accounts)
)
delete from app.transactions as known
using wanted
left join listed using (transaction_id)
where known.user_id = :user_id and known.transaction_id = wanted.transaction_id
    and listed.transaction_id is null
returning known.transaction_id::text
""".replace("__members__", _MEMBERS)

#: Predictions were made of what a transaction said before.
_FORGET_PREDICTIONS = """
delete from ml.category_predictions where user_id = :user_id and transaction_id = any(:renewed)
"""

_EXPIRE = """
update app.transactions as known
set status = case when known.transaction_id = any(:expired) then 'expired' else 'pending' end,
    updated_at = now()
where known.user_id = :user_id and known.account_id = any(:accounts)
    and known.status = case when known.transaction_id = any(:expired) then 'pending' else 'expired' end
"""

#: What is read of unsettled entries, as models_ml.identity takes it; ``files`` as numbers and commas.
UNSETTLED_COLUMNS = pl.Schema(
    {
        "account_id": pl.String(),
        "entry_id": pl.String(),
        "booked_date": pl.Date(),
        "value_date": pl.Date(),
        "amount_minor": pl.Int64(),
        "is_pending": pl.String(),
        "description": pl.String(),
        "bank_reference": pl.String(),
        "balance_minor": pl.Int64(),
        "position": pl.Int64(),
        "files": pl.String(),
    }
)
COVERED_COLUMNS = pl.Schema(
    {
        "account_id": pl.String(),
        "file": pl.Int32(),
        "batch_id": pl.String(),
        "first_date": pl.Date(),
        "last_date": pl.Date(),
        "source_format": pl.String(),
    }
)
#: Entries that join another's transaction; ``evidence`` is log-odds by name, as JSON.
MERGE_COLUMNS = ("entry_id", "transaction_id", "account_id", "probability", "evidence")
#: Two entries that may be one event.
QUESTION_COLUMNS = ("one_entry", "other_entry", "account_id", "probability", "evidence")

# Files in an order of what they hold, not of when they came. All batches of a bank's feed are one file.
_COVERAGE = """
select
    account_id::text, (dense_rank() over (
        partition by account_id order by first_date, last_date, content
    ))::int as file, batch_id, first_date, last_date, source_format
from (
    select
        account_id, batch_id, content, source_format,
        min(first_date) over (partition by account_id, content) as first_date,
        max(last_date) over (partition by account_id, content) as last_date
    from (
        select
            described.account_id, described.batch_id, batch.source_format,
            coalesce(feed.connection_id::text, batch.file_sha256) as content,
            min(described.first_date) as first_date, max(described.last_date) as last_date
        from app.described_accounts as described
        inner join raw.import_batches as batch using (user_id, batch_id)
        left join raw.feed_batches as feed using (user_id, batch_id)
        where described.user_id = {user_id} and described.account_id = any({accounts}::uuid[])
            and batch.status = 'loaded' and described.first_date is not null
        group by 1, 2, 3, 4
    ) as described
) as described
"""

# Entries that a file which covers their day does not list, and what may settle a pending one. The
# others are exactly what every file says they are.
_UNSETTLED = """
with coverage as materialized (__coverage__),
lines as materialized (
    select line.*, coverage.file
    from app.entry_lines as line
    left join coverage
        on line.account_id::text = coverage.account_id and line.batch_id = coverage.batch_id
    where line.user_id = {user_id} and line.account_id = any({accounts}::uuid[])
),
directions as (
    select
        account_id, file,
        coalesce(
            sign(regr_slope((booked_date - date '1970-01-01')::float8, line_number::float8)), 1
        ) as direction
    from lines
    group by account_id, file
),
entries as materialized (
    select
        lines.account_id, lines.entry_id, min(lines.booked_date) as booked_date,
        max(lines.value_date) as value_date, min(lines.amount_minor) as amount_minor,
        bool_and(lines.status = 'pending') as is_pending, max(lines.description) as description,
        max(lines.bank_reference) as bank_reference, max(lines.balance_minor) as balance_minor,
        (array_agg(lines.line_number * directions.direction order by lines.file))[1]::bigint as position,
        coalesce(array_agg(distinct lines.file) filter (where lines.file is not null), '{{}}') as files
    from lines
    left join directions
        on lines.account_id = directions.account_id and lines.file = directions.file
    group by lines.account_id, lines.entry_id
),
-- Questions are asked of days, not of entries: a history has a thousand times fewer.
days as materialized (
    select distinct account_id, booked_date from entries
),
covered_days as (
    select days.account_id, days.booked_date, count(distinct coverage.file) as files
    from days
    inner join coverage
        on days.account_id::text = coverage.account_id
        and days.booked_date between coverage.first_date - {slack}
            and coverage.last_date + {slack}
    group by days.account_id, days.booked_date
),
pending_days as materialized (
    select distinct account_id, booked_date from entries where is_pending
),
posting_days as (
    select distinct days.account_id, days.booked_date
    from days
    inner join pending_days as pending
        on days.account_id = pending.account_id
        and days.booked_date - pending.booked_date between {earliest} and {latest}
)
select
    entries.account_id::text, entries.entry_id::text, booked_date, entries.value_date,
    entries.amount_minor, entries.is_pending, entries.description, entries.bank_reference,
    entries.balance_minor, entries.position, array_to_string(entries.files, ',') as files
from entries
left join covered_days using (account_id, booked_date)
left join posting_days as posting using (account_id, booked_date)
where entries.is_pending
    or cardinality(entries.files) < covered_days.files
    or posting.account_id is not null
""".replace("__coverage__", _COVERAGE)

#: Whether there is anything that could be unsettled: a second file, a pending line, a purchase by hand.
_MAY_BE_UNSETTLED = """
select account_id
from (
    select described.account_id
    from app.described_accounts as described
    inner join raw.import_batches as batch using (user_id, batch_id)
    left join raw.feed_batches as feed using (user_id, batch_id)
    where described.user_id = :user_id and batch.status = 'loaded'
    group by described.account_id
    having count(distinct coalesce(feed.connection_id, described.batch_id)) > 1
    union
    select t.account_id from app.transactions as t where t.user_id = :user_id and t.status <> 'posted'
    union
    select line.account_id from app.entry_lines as line
    where line.user_id = :user_id and line.batch_id = any(:new) and line.status <> 'posted'
    union
    select p.account_id from app.purchases as p where p.user_id = :user_id
    union
    select m.account_id from app.merged_entries as m where m.user_id = :user_id
) as unsettled
where account_id = any(:accounts)
"""

_QUESTIONS = """
with sides as (
    select distinct on (entry_id) entry_id, booked_date, amount_minor, description
    from app.entry_lines
    where user_id = :user_id
    order by entry_id, booked_date, description
)
select
    q.probability, q.evidence, one.entry_id, one.booked_date, one.amount_minor, one.description,
    other.entry_id, other.booked_date, other.amount_minor, other.description,
    case
        when coalesce(m1.transaction_id, q.one_entry) = coalesce(m2.transaction_id, q.other_entry) then 'one'
        else 'two'
    end as taken_for
from app.identity_questions as q
inner join sides as one on q.one_entry = one.entry_id
inner join sides as other on q.other_entry = other.entry_id
left join app.merged_entries as m1 on q.user_id = m1.user_id and q.one_entry = m1.entry_id
left join app.merged_entries as m2 on q.user_id = m2.user_id and q.other_entry = m2.entry_id
where q.user_id = :user_id and q.is_same is null
order by q.probability desc, q.one_entry, q.other_entry
"""


class EntryNotFoundError(ActionableError, LookupError):
    """No line of a file and no purchase of this user has this id."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two entries of a question."""

    entry_id: UUID
    booked_date: date
    amount_minor: int
    description: str


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """Two entries that may be one event, and what they are taken for until the user says."""

    probability: float
    evidence: Mapping[str, Any]
    one: Side
    other: Side
    taken_for: str  # one, two


@dataclass(frozen=True, slots=True)
class Window:
    """How far, in days, lines may lie apart that are one event.

    ``slack`` is how far the edges of a file are taken to reach; ``earliest`` and ``latest`` bound the days
    from a pending line to the posted one.
    """

    slack: int
    earliest: int
    latest: int


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What has to be resolved: frames as models_ml.identity takes them, and the user's answers."""

    accounts: tuple[UUID, ...]
    entries: pl.DataFrame  # UNSETTLED_COLUMNS, files as a list of integers
    coverage: pl.DataFrame  # COVERED_COLUMNS
    answers: Mapping[tuple[str, str], bool]


def learn_sizes(connection: Connection) -> None:
    """Tell the planner what came: fresh from COPY, tables look empty, and he compares all with all."""
    connection.execute(text("analyze raw.statement_accounts, raw.statement_lines"))


def add_transactions(connection: Connection, user_id: UUID, batch_id: UUID) -> int:
    """Give each new entry of a batch that joins no other a transaction of its own; how many that were."""
    added = connection.execute(text(_ADD), {"user_id": user_id, "batch_id": batch_id}).rowcount
    connection.execute(text(_WANT))
    if added < _lines(connection, user_id, batch_id):
        want_transactions_of(connection, user_id, batch_id)
    return added


def want_transactions_of(connection: Connection, user_id: UUID, batch_id: UUID) -> None:
    """Note that a batch's transactions have to be renewed; renew() does it."""
    connection.execute(text(_WANT))
    with planned_by_hashing(connection):
        connection.execute(text(_WANT_OF_BATCH), {"user_id": user_id, "batch_id": batch_id})


def want_entries(connection: Connection, user_id: UUID, entries: Iterable[UUID | str]) -> None:
    """Note that the transactions of some entries have to be renewed."""
    connection.execute(text(_WANT))
    connection.execute(
        text("""
            insert into wanted (transaction_id)
            select distinct named.id
            from unnest(cast(:entries as uuid[])) as entry (id)
            left join app.merged_entries as merged on merged.user_id = :user_id and entry.id = merged.entry_id
            cross join lateral (values (entry.id), (merged.transaction_id)) as named (id)
            where named.id is not null
            on conflict do nothing
        """),
        {"user_id": user_id, "entries": list(entries)},
    )


def want_accounts(connection: Connection, user_id: UUID, accounts: Sequence[UUID]) -> None:
    """Note that all transactions of some accounts have to be renewed, and what joined them."""
    connection.execute(text(_WANT))
    connection.execute(
        text("""
            insert into wanted (transaction_id)
            select transaction_id from app.transactions
            where user_id = :user_id and account_id = any(:accounts)
            union
            select entry_id from app.merged_entries
            where user_id = :user_id and account_id = any(:accounts)
            on conflict do nothing
        """),
        {"user_id": user_id, "accounts": list(accounts)},
    )


def read_unsettled(
    connection: Connection, user_id: UUID, accounts: Sequence[UUID], new: Sequence[UUID], window: Window
) -> Unsettled | None:
    """What is unsettled on some accounts, with ``new`` batches that were not settled; None for nothing."""
    key = {"user_id": user_id, "accounts": list(accounts), "new": list(new)}
    open_accounts = tuple(connection.execute(text(_MAY_BE_UNSETTLED), key).scalars())
    if not open_accounts:
        return None
    told = {"user_id": sql.Literal(str(user_id)), "accounts": sql.Literal(list(map(str, open_accounts)))}
    with planned_by_hashing(connection):
        entries = read_frame(
            connection,
            sql.SQL(_UNSETTLED).format(
                **told, **{name: sql.Literal(days) for name, days in asdict(window).items()}
            ),
            UNSETTLED_COLUMNS,
        )
    coverage = read_frame(connection, sql.SQL(_COVERAGE).format(**told), COVERED_COLUMNS)
    return Unsettled(
        open_accounts,
        entries.with_columns(
            is_pending=pl.col("is_pending") == "t",
            bank_reference=pl.col("bank_reference").replace("", None),
            files=pl.col("files").str.extract_all(r"\d+").cast(pl.List(pl.Int32)),
        ),
        coverage.drop("batch_id").unique(),
        read_answers(connection, user_id),
    )


def read_answers(connection: Connection, user_id: UUID) -> dict[tuple[str, str], bool]:
    """What the user said of pairs of entries: whether they are one event."""
    rows = connection.execute(
        text("""
            select one_entry::text, other_entry::text, is_same
            from app.identity_questions
            where user_id = :user_id and is_same is not null
        """),
        {"user_id": user_id},
    )
    return {(one, other): same for one, other, same in rows}


def keep_merges(
    connection: Connection, user_id: UUID, accounts: Sequence[UUID], merges: pl.DataFrame
) -> pl.DataFrame:
    """Make ``merges`` (MERGE_COLUMNS) those of these accounts; gives the new, and wants what they touch."""
    query = sql.SQL("""
        select entry_id, transaction_id, account_id from app.merged_entries
        where user_id = {} and account_id = any({}::uuid[])
    """).format(sql.Literal(str(user_id)), sql.Literal(list(map(str, accounts))))
    said = ("entry_id", "transaction_id", "account_id")
    before = read_frame(connection, query, pl.Schema(dict.fromkeys(said, pl.String())))
    gone, new = before.join(merges, on=said, how="anti"), merges.join(before, on=said, how="anti")
    touched = pl.concat([changed[column] for changed in (gone, new) for column in said[:2]])
    want_entries(connection, user_id, touched.unique().to_list())
    connection.execute(
        text("""
            delete from app.merged_entries
            where user_id = :user_id and entry_id = any(cast(:gone as uuid[]))
        """),
        {"user_id": user_id, "gone": gone["entry_id"].to_list()},
    )
    insert_frame(connection, "app.merged_entries", _owned(user_id, new))
    return new


def keep_questions(
    connection: Connection, user_id: UUID, accounts: Sequence[UUID], questions: pl.DataFrame
) -> None:
    """Make ``questions`` (QUESTION_COLUMNS) the open ones of these accounts; what the user answered stays."""
    connection.execute(
        text("""
            delete from app.identity_questions
            where user_id = :user_id and account_id = any(:accounts) and is_same is null
        """),
        {"user_id": user_id, "accounts": list(accounts)},
    )
    insert_frame(connection, "app.identity_questions", _owned(user_id, questions))


def renew(
    connection: Connection, user_id: UUID, accounts: Sequence[UUID], expired: Sequence[UUID] | None
) -> list[str]:
    """Bring the wanted transactions in line with their lines; ``expired`` pending ones no longer count.

    None for ``expired`` leaves that as it is. Gives the ids of the transactions that are no more.
    """
    connection.execute(text(_WANT))
    key = {"user_id": user_id, "accounts": list(accounts)}
    connection.execute(text("analyze wanted"))
    with planned_by_hashing(connection):
        dropped = connection.execute(text(_DROP), key).scalars().all()
        renewed = connection.execute(text(_RENEW), key).scalars().all()
    connection.execute(text(_FORGET_PREDICTIONS), {"user_id": user_id, "renewed": list(renewed)})
    connection.execute(text("delete from wanted"))
    if expired is not None:
        connection.execute(text(_EXPIRE), {**key, "expired": list(expired)})
    return list(dropped)


def keep_answer(connection: Connection, user_id: UUID, one: UUID, other: UUID, *, is_same: bool) -> None:
    """Keep what the user says of two entries; it outweighs all evidence from now on."""
    smaller, larger = sorted((one, other), key=str)
    connection.execute(
        text("""
            insert into app.identity_questions (user_id, one_entry, other_entry, is_same, answered_at)
            values (:user_id, :one, :other, :is_same, now())
            on conflict (user_id, one_entry, other_entry) do update
            set is_same = excluded.is_same, answered_at = excluded.answered_at
        """),
        {"user_id": user_id, "one": smaller, "other": larger, "is_same": is_same},
    )


def get_entry(connection: Connection, user_id: UUID, entry_id: UUID) -> UUID:
    """The id, if a line or a purchase of the user has it; raises EntryNotFoundError."""
    found = connection.execute(
        text("select 1 from app.entry_lines where user_id = :user_id and entry_id = :entry_id limit 1"),
        {"user_id": user_id, "entry_id": entry_id},
    ).one_or_none()
    if found is None:
        message = f"no line of a file has the id {entry_id}; 'mita transactions list --json' shows ids"
        raise EntryNotFoundError(message)
    return entry_id


def accounts_of_entries(connection: Connection, user_id: UUID, entries: Sequence[UUID]) -> list[UUID]:
    """The accounts that some entries are on."""
    found = connection.execute(
        text("""
            select distinct account_id from app.entry_lines
            where user_id = :user_id and entry_id = any(:entries)
        """),
        {"user_id": user_id, "entries": list(entries)},
    )
    return sorted(found.scalars())


def list_questions(connection: Connection, user_id: UUID) -> list[OpenQuestion]:
    """The pairs that the user may decide, the most likely first."""
    rows = connection.execute(text(_QUESTIONS), {"user_id": user_id})
    return [
        OpenQuestion(row.probability, row.evidence, Side(*row[2:6]), Side(*row[6:10]), row.taken_for)
        for row in rows
    ]


def entries_of(connection: Connection, user_id: UUID, transaction_id: UUID) -> list[UUID]:
    """The entries that are one transaction, its own first."""
    merged = connection.execute(
        text("""
            select entry_id from app.merged_entries
            where user_id = :user_id and transaction_id = :transaction_id order by entry_id
        """),
        {"user_id": user_id, "transaction_id": transaction_id},
    ).scalars()
    return [transaction_id, *merged]


def delete_entries(connection: Connection, user_id: UUID, entries: Sequence[UUID]) -> None:
    """Note that the user deleted some entries, so that no file brings them back."""
    connection.execute(
        text("""
            insert into app.deleted_entries (user_id, entry_id)
            select :user_id, unnest(cast(:entries as uuid[])) on conflict do nothing
        """),
        {"user_id": user_id, "entries": list(entries)},
    )
    want_entries(connection, user_id, entries)


def restore_entries(connection: Connection, user_id: UUID, entries: Sequence[UUID]) -> int:
    """Take a deletion back; how many entries had been deleted."""
    restored = connection.execute(
        text("delete from app.deleted_entries where user_id = :user_id and entry_id = any(:entries)"),
        {"user_id": user_id, "entries": list(entries)},
    ).rowcount
    want_entries(connection, user_id, entries)
    return restored


def count_transactions(connection: Connection, user_id: UUID, accounts: Iterable[UUID]) -> int:
    """How many transactions some accounts have."""
    return int(
        connection.execute(
            text("""
                select count(*) from app.transactions
                where user_id = :user_id and account_id = any(:accounts)
            """),
            {"user_id": user_id, "accounts": list(accounts)},
        ).scalar_one()
    )


def batches_of(
    connection: Connection, user_id: UUID, batches: Sequence[UUID], entries: Sequence[str]
) -> dict[str, UUID]:
    """Which of some batches lists each of some entries, the first of them."""
    rows = connection.execute(
        text("""
            select
                entry_id::text,
                (array_agg(batch_id order by array_position(cast(:batches as uuid[]), batch_id)))[1]
            from app.entry_lines
            where user_id = :user_id and batch_id = any(:batches)
                and entry_id = any(cast(:entries as uuid[]))
            group by entry_id
        """),
        {"user_id": user_id, "batches": list(batches), "entries": list(entries)},
    )
    return dict(tuple(row) for row in rows)


def _lines(connection: Connection, user_id: UUID, batch_id: UUID) -> int:
    return int(
        connection.execute(
            text(
                "select count(*) from raw.statement_lines where user_id = :user_id and batch_id = :batch_id"
            ),
            {"user_id": user_id, "batch_id": batch_id},
        ).scalar_one()
    )


def _owned(user_id: UUID, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.lit(str(user_id)).alias("user_id"), pl.all())
