"""Connections to banks and the lines of their feeds.

A feed is one statement that never ends: its batches are parts of it, and a later line may change, remove or
post an earlier one, which then counts no longer. What counts follows from the feed alone, however it was cut.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

import polars as pl
from sqlalchemy import Connection, text

from warehouse.errors import ActionableError
from warehouse.repositories.batches import Batch, BatchNotFoundError
from warehouse.repositories.copying import copy_frame

#: One row per thing that a feed said, in its order.
FEED_SCHEMA = pl.Schema(
    {
        "line_number": pl.Int64,
        "change": pl.String,  # added, modified, removed
        "bank_line_id": pl.String,
        "pending_line_id": pl.String,  # of the pending line that a posted one replaces
        "content_key": pl.String,
        "raw": pl.String,  # of what was removed; other lines are in statement_lines or quarantine
    }
)

_COLUMNS = """
    connection.user_id, connection.connection_id, connection.item_id, connection.access_token,
    connection.institution, connection.status, connection.error_code, connection.feed_cursor,
    connection.last_line, connection.wanted_at, connection.synced_at, owner.email
"""
_FROM = "from app.bank_connections as connection inner join app.users as owner using (user_id)"

_ADD = """
insert into app.bank_connections (user_id, item_id, access_token, institution_id, institution, wanted_at)
values (:user_id, :item_id, :access_token, :institution_id, :institution, now())
on conflict (user_id, item_id) do update
set access_token = excluded.access_token, status = 'active', error_code = null, wanted_at = now()
returning connection_id
"""

# What somebody waits for first, then what was read longest ago.
_DUE = f"""
select {_COLUMNS} {_FROM}
where connection.status <> 'needs_sign_in' and (
    connection.wanted_at is not null
    or connection.synced_at is null
    or connection.synced_at < now() - make_interval(hours => :hours)
)
order by connection.wanted_at nulls last, connection.synced_at nulls first, connection.connection_id
"""

# A removal, and a line that was let in, end every earlier line of the same id and the pending line that it
# replaces; a line that is in quarantine ends none.
_SUPERSEDE = """
insert into raw.superseded_lines (user_id, batch_id, line_number, superseded_by)
select distinct on (older.user_id, older.batch_id, older.line_number)
    older.user_id, older.batch_id, older.line_number, newer.batch_id
from raw.feed_lines as newer
inner join raw.feed_lines as older
    on newer.user_id = older.user_id and newer.connection_id = older.connection_id
    and older.bank_line_id in (newer.bank_line_id, newer.pending_line_id)
    and older.line_number < newer.line_number
inner join raw.statement_lines as line
    on older.user_id = line.user_id and older.batch_id = line.batch_id
    and older.line_number = line.line_number
where newer.user_id = :user_id and newer.batch_id = :batch_id and (
    newer.change = 'removed'
    or exists (
        select from raw.statement_lines as loaded
        where loaded.user_id = newer.user_id and loaded.batch_id = newer.batch_id
            and loaded.line_number = newer.line_number
    )
)
on conflict do nothing
"""
_SUPERSEDED_ENTRIES = """
select distinct app.entry_id(account.own_account_id, line.content_key), account.account_id
from raw.superseded_lines as gone
inner join raw.statement_lines as line using (user_id, batch_id, line_number)
inner join app.described_accounts as account using (user_id, batch_id, account_ref, currency)
where gone.user_id = :user_id and gone.superseded_by = :batch_id
"""

_KEYS = """
select distinct on (bank_line_id) bank_line_id, content_key::text
from raw.feed_lines
where user_id = :user_id and connection_id = :connection_id and bank_line_id = any(:ids)
order by bank_line_id, line_number desc
"""
# Posted lines that have taken a pending line's place.
_HEIRS = """
select distinct pending_line_id, bank_line_id from raw.feed_lines
where user_id = :user_id and connection_id = :connection_id and pending_line_id = any(:ids)
"""

_KEEP_ACCOUNT = """
insert into app.bank_accounts (
    user_id, connection_id, account_ref, currency, kind, name, mask, balance_minor
)
values (:user_id, :connection_id, :account_ref, :currency, :kind, :name, :mask, :balance_minor)
on conflict (user_id, connection_id, account_ref) do update
set currency = excluded.currency, kind = excluded.kind, name = excluded.name, mask = excluded.mask,
    balance_minor = excluded.balance_minor, updated_at = now()
"""
# News that came while the feed was read are still to be fetched; a consent that ends soon still does.
_ADVANCE = """
update app.bank_connections
set feed_cursor = :cursor, last_line = :last_line, status = 'active', synced_at = now(),
    error_code = case when error_code like 'PENDING%' then error_code end,
    wanted_at = case when wanted_at > :read_at then wanted_at end
where user_id = :user_id and connection_id = :connection_id and feed_cursor = :cursor_before
"""


class ConnectionNotFoundError(ActionableError, LookupError):
    """No connection of this user has this id."""


@dataclass(frozen=True, slots=True)
class BankConnection:
    """A bank that a user let us read; the access token is sealed."""

    user_id: UUID
    connection_id: UUID
    item_id: str
    access_token: bytes
    institution: str
    status: str
    error_code: str | None
    feed_cursor: str
    last_line: int
    wanted_at: datetime | None
    synced_at: datetime | None
    email: str

    def __repr__(self) -> str:
        """Without its secret."""
        return f"BankConnection({self.connection_id}, {self.institution!r}, {self.status})"


@dataclass(frozen=True, slots=True)
class NewConnection:
    """A bank that a user has just let us read."""

    item_id: str
    access_token: bytes
    institution_id: str = ""
    institution: str = ""


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An account of a connection, as the bank describes it now."""

    account_ref: str
    currency: str
    kind: str
    name: str
    mask: str
    balance_minor: int | None


@dataclass(frozen=True, slots=True)
class Touched:
    """An entry whose lines changed, and the account that it is on."""

    entry_id: UUID
    account_id: UUID


def add_connection(connection: Connection, user_id: UUID, new: NewConnection) -> UUID:
    """Keep a connection; one that was renewed keeps its place in the feed."""
    row = connection.execute(text(_ADD), {"user_id": user_id, **asdict(new)})
    return UUID(str(row.scalar_one()))


def get_connection(connection: Connection, user_id: UUID, connection_id: UUID) -> BankConnection:
    """One connection of a user; raises ConnectionNotFoundError."""
    row = connection.execute(
        text(f"select {_COLUMNS} {_FROM} where user_id = :user_id and connection_id = :connection_id"),
        {"user_id": user_id, "connection_id": connection_id},
    ).one_or_none()
    if row is None:
        message = f"there is no bank connection {connection_id}; 'mita bank list' shows their ids"
        raise ConnectionNotFoundError(message)
    return BankConnection(*row)


def list_connections(connection: Connection, user_id: UUID) -> list[BankConnection]:
    """The banks that a user let us read, the oldest connection first."""
    rows = connection.execute(
        text(f"select {_COLUMNS} {_FROM} where user_id = :user_id order by connection_id"),
        {"user_id": user_id},
    )
    return [BankConnection(*row) for row in rows]


def list_due(connection: Connection, *, hours: int) -> list[BankConnection]:
    """Connections of all users with news, or that were not read for so many hours."""
    return [BankConnection(*row) for row in connection.execute(text(_DUE), {"hours": hours})]


def remove_connection(connection: Connection, user_id: UUID, connection_id: UUID) -> None:
    """Forget a connection and its token; what it brought stays."""
    connection.execute(
        text("delete from app.bank_connections where user_id = :user_id and connection_id = :connection_id"),
        {"user_id": user_id, "connection_id": connection_id},
    )


def note_failure(connection: Connection, bank: BankConnection, code: str, *, needs_person: bool) -> None:
    """Keep why a bank could not be read, for its user to see."""
    connection.execute(
        text("""
            update app.bank_connections
            set status = :status, error_code = :code, synced_at = now()
            where user_id = :user_id and connection_id = :connection_id
        """),
        {**_key(bank), "code": code, "status": "needs_sign_in" if needs_person else "failing"},
    )


def known_keys(connection: Connection, bank: BankConnection, ids: Collection[str]) -> dict[str, str]:
    """The keys of lines that the feed has shown before, by their ids."""
    rows = connection.execute(text(_KEYS), {**_key(bank), "ids": list(ids)})
    return dict(tuple(row) for row in rows)


def known_heirs(connection: Connection, bank: BankConnection, ids: Collection[str]) -> dict[str, str]:
    """Which posted line took the place of each of some pending ones."""
    rows = connection.execute(text(_HEIRS), {**_key(bank), "ids": list(ids)})
    return dict(tuple(row) for row in rows)


def add_feed_lines(connection: Connection, batch: Batch, bank: BankConnection, lines: pl.DataFrame) -> None:
    """Store what a feed said (FEED_SCHEMA) as a part of its batch."""
    connection.execute(
        text("""
            insert into raw.feed_batches (user_id, batch_id, connection_id, cursor_before, line_before)
            values (:user_id, :batch_id, :connection_id, :cursor, :line)
        """),
        {**_key(bank), "batch_id": batch.batch_id, "cursor": bank.feed_cursor, "line": bank.last_line},
    )
    owner = {"user_id": batch.user_id, "batch_id": batch.batch_id, "connection_id": bank.connection_id}
    owned = lines.select(*(pl.lit(str(id_)).alias(name) for name, id_ in owner.items()), pl.all())
    copy_frame(connection, "raw.feed_lines", owned)


def supersede(connection: Connection, batch: Batch) -> None:
    """End the lines that a batch's lines change, remove or post."""
    connection.execute(text(_SUPERSEDE), {"user_id": batch.user_id, "batch_id": batch.batch_id})


def superseded_entries(connection: Connection, batch: Batch) -> list[Touched]:
    """The entries of the lines that a batch has ended."""
    key = {"user_id": batch.user_id, "batch_id": batch.batch_id}
    return [Touched(*row) for row in connection.execute(text(_SUPERSEDED_ENTRIES), key)]


def keep_accounts(connection: Connection, bank: BankConnection, accounts: Sequence[BankAccount]) -> None:
    """Keep what the bank says of its accounts now."""
    if accounts:
        rows = [{**_key(bank), **asdict(account)} for account in accounts]
        connection.execute(text(_KEEP_ACCOUNT), rows)


def advance(
    connection: Connection, bank: BankConnection, *, cursor: str, last_line: int, read_at: datetime
) -> bool:
    """Move the cursor on; False if somebody else has moved it meanwhile."""
    moved = connection.execute(
        text(_ADVANCE),
        {
            **_key(bank),
            "cursor": cursor,
            "last_line": last_line,
            "read_at": read_at,
            "cursor_before": bank.feed_cursor,
        },
    )
    return moved.rowcount == 1


def batches_of_feed(connection: Connection, user_id: UUID, connection_id: UUID) -> list[UUID]:
    """The batches that a connection brought, the last first."""
    rows = connection.execute(
        text("""
            select batch_id from raw.feed_batches
            where user_id = :user_id and connection_id = :connection_id order by line_before desc
        """),
        {"user_id": user_id, "connection_id": connection_id},
    )
    return [UUID(str(id_)) for id_ in rows.scalars()]


def rewind(connection: Connection, batch: Batch) -> list[Touched]:
    """Take a feed back to before a batch; gives the entries whose lines count again.

    Nothing for a batch of a file. Only a feed's last batch can go: raises BatchNotFoundError for others.
    """
    key: Mapping[str, object] = {"user_id": batch.user_id, "batch_id": batch.batch_id}
    feed = connection.execute(
        text("""
            select connection_id, cursor_before, line_before from raw.feed_batches
            where user_id = :user_id and batch_id = :batch_id
        """),
        key,
    ).one_or_none()
    if feed is None:
        return []
    last = batches_of_feed(connection, batch.user_id, feed.connection_id)[0]
    if last != batch.batch_id:
        message = (
            f"batch {batch.batch_id} is a part of a bank's feed, of which only the last one can be undone: "
            f"undo {last} first"
        )
        raise BatchNotFoundError(message)
    regained = superseded_entries(connection, batch)
    connection.execute(
        text("delete from raw.superseded_lines where user_id = :user_id and superseded_by = :batch_id"), key
    )
    for table in ("superseded_lines", "feed_lines", "feed_batches"):
        connection.execute(
            text(f"delete from raw.{table} where user_id = :user_id and batch_id = :batch_id"),  # noqa: S608
            key,
        )
    connection.execute(
        text("""
            update app.bank_connections set feed_cursor = :cursor, last_line = :line
            where user_id = :user_id and connection_id = :connection_id
        """),
        {
            "user_id": batch.user_id,
            "connection_id": feed.connection_id,
            "cursor": feed.cursor_before,
            "line": feed.line_before,
        },
    )
    return regained


def _key(bank: BankConnection) -> dict[str, UUID]:
    return {"user_id": bank.user_id, "connection_id": bank.connection_id}
