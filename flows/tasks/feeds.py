"""From a bank's feed to raw lines and transactions: one batch, its cursor and what follows, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import polars as pl
from sqlalchemy import Connection

from flows.judging import judge_lines
from flows.orchestration import DATABASE_RETRIES, task
from flows.sources import feed
from flows.sources.feed import FeedLine, KnownLines
from flows.sources.lines import batches_of
from flows.tasks.identity import settle_batches
from warehouse.engine import open_warehouse
from warehouse.plaid import SEALED_ELSEWHERE, TOKENS, BankError, FeedUpdate, PlaidClient
from warehouse.records import OF_A_FEED, StatementAccount
from warehouse.repositories import batches, feeds
from warehouse.repositories.accounts import find_feed_account, renew_accounts
from warehouse.repositories.batches import Batch, StatementFile
from warehouse.repositories.feeds import FEED_SCHEMA, BankAccount, BankConnection, NewConnection
from warehouse.repositories.identity import want_entries
from warehouse.repositories.users import get_user
from warehouse.sealing import Vault
from warehouse.settings import Settings

#: Plaid tells of news; without a public address for that, feeds are read after so many hours.
EVERY_HOURS = 6


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a bank's feed said since the cursor, and when it was asked."""

    bank: BankConnection
    update: FeedUpdate
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Prepared:
    """An update ready to be stored: its lines, their frame, and what the gate let in."""

    lines: Sequence[FeedLine]
    accepted: pl.DataFrame
    rejected: pl.DataFrame
    accounts: Sequence[StatementAccount]


@task(name="list connections", **DATABASE_RETRIES)
def list_connections(settings: Settings, email: str, connection_id: str) -> list[BankConnection]:
    """The connections to read: one, all of a user, or without an address those of everybody that are due."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        if not email:
            return feeds.list_due(connection, hours=EVERY_HOURS)
        user = get_user(connection, email)
        if connection_id:
            return [feeds.get_connection(connection, user.user_id, UUID(connection_id))]
        return feeds.list_connections(connection, user.user_id)


@contextmanager
def sole_reader(settings: Settings, bank: BankConnection) -> Iterator[BankConnection]:
    """The connection as it is once nobody else reads it; raises ConnectionNotFoundError."""
    with open_warehouse(settings) as warehouse, warehouse.locked(f"bank:{bank.connection_id}"):
        with warehouse.transaction() as connection:
            fresh = feeds.get_connection(connection, bank.user_id, bank.connection_id)
        yield fresh


@task(name="fetch feed")
def fetch_feed(settings: Settings, client: PlaidClient, bank: BankConnection) -> Fetched:
    """What is new since the cursor; raises BankError."""
    token = Vault(settings.derived_key(TOKENS)).unsealed(bank.access_token)
    if token is None:
        raise BankError(SEALED_ELSEWHERE)
    read_at = datetime.now(tz=UTC)
    update = client.sync(token, bank.feed_cursor)
    spoken_of = {str(said.get("account_id")) for kind, said in update.changes if kind != "removed"}
    if spoken_of - set(update.accounts):
        update = FeedUpdate(update.changes, {**client.accounts(token), **update.accounts}, update.cursor)
    return Fetched(bank, update, read_at)


@task(name="store feed", **DATABASE_RETRIES)
def store_feed(settings: Settings, fetched: Fetched) -> Batch | None:
    """Store what is new, move the cursor and bring transactions in line, all or nothing.

    None where nothing is new, or where somebody else stored it meanwhile.
    """
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        lines = _lines(connection, fetched)
        prepared = _prepare(settings, fetched, lines)
        last_line = lines[-1].line_number if lines else fetched.bank.last_line
        moved = feeds.advance(
            connection,
            fetched.bank,
            cursor=fetched.update.cursor,
            last_line=last_line,
            read_at=fetched.read_at,
        )
        if not moved:
            return None
        feeds.keep_accounts(connection, fetched.bank, list(map(_bank_account, prepared.accounts)))
        return _store(connection, fetched, prepared) if lines else None


@task(name="note failure", **DATABASE_RETRIES)
def note_failure(settings: Settings, bank: BankConnection, error: BankError) -> None:
    """Keep why a bank could not be read, for its user to see."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        feeds.note_failure(connection, bank, error.code, needs_person=error.needs_person)


def _lines(connection: Connection, fetched: Fetched) -> list[FeedLine]:
    changes = fetched.update.changes
    named, pending = feed.named_lines(changes)
    known = KnownLines(
        feeds.known_keys(connection, fetched.bank, named),
        feeds.known_heirs(connection, fetched.bank, pending),
    )
    refs = {id_: feed.account_ref(account) for id_, account in fetched.update.accounts.items()}
    return list(feed.feed_lines(changes, refs, known, fetched.bank.last_line))


def _prepare(settings: Settings, fetched: Fetched, lines: Sequence[FeedLine]) -> Prepared:
    """Ask the gate which lines may enter ``raw``, and give them the keys of their entries."""
    bank = fetched.bank
    described = (feed.statement_account(each, bank.institution) for each in fetched.update.accounts.values())
    accounts = [account for account in described if account is not None]
    statement = [said.line for said in lines if said.line is not None]
    if not statement:
        empty = next(batches_of([]))
        return Prepared(lines, empty, empty, accounts)
    frame = pl.concat(list(batches_of(statement)))
    verdict = judge_lines(settings, frame)
    keys = pl.DataFrame(
        [(said.line_number, said.content_key) for said in lines if said.line is not None],
        schema={"line_number": pl.Int64, "content_key": pl.String},
        orient="row",
    )
    keyed = frame.join(keys, on="line_number", maintain_order="left")
    rejected = verdict.rejected.join(frame.select("line_number", "raw"), on="line_number")
    return Prepared(lines, verdict.accepted(keyed), rejected, accounts)


def _store(connection: Connection, fetched: Fetched, prepared: Prepared) -> Batch:
    bank = fetched.bank
    batch = batches.open_batch(connection, bank.user_id, _as_file(fetched, prepared.lines))
    if prepared.accepted.height or prepared.rejected.height:
        batches.add_chunk(connection, batch, prepared.accepted, prepared.rejected)
    feeds.add_feed_lines(connection, batch, bank, _frame(prepared.lines))
    feeds.supersede(connection, batch)
    accounts = _add_accounts(connection, batch, prepared.accounts)
    batches.close_batch(connection, batch, source_format=feed.NAME, notes=())
    touched = feeds.superseded_entries(connection, batch)
    want_entries(connection, bank.user_id, [entry.entry_id for entry in touched])
    accounts |= {entry.account_id for entry in touched}
    brought = settle_batches(connection, bank.user_id, [batch.batch_id], accounts)
    return batches.count_added(connection, batch, brought[batch.batch_id])


def _add_accounts(connection: Connection, batch: Batch, described: Sequence[StatementAccount]) -> set[UUID]:
    """Find or make the accounts that the feed describes, or that its lines name."""
    by_key = {(account.ref, account.currency): account for account in described}
    days = batches.covered_days(connection, batch)
    refs = sorted({*by_key, *days})
    found = set()
    for ref, currency in refs:
        account = by_key.get((ref, currency)) or StatementAccount(ref, currency)
        siblings = [other for other, _ in refs if other != ref]
        account_id = find_feed_account(connection, batch.user_id, batch.batch_id, account, siblings)
        batches.add_account(connection, batch, account, account_id, days.get((ref, currency)))
        found.add(account_id)
    renew_accounts(connection, batch.user_id, sorted(found))
    return batches.accounts_of(connection, batch)


def _as_file(fetched: Fetched, lines: Sequence[FeedLine]) -> StatementFile:
    """The update as the ledger of imports knows it: named after its bank, known by what it says."""
    bank = fetched.bank
    said = [f"{bank.connection_id}|{bank.feed_cursor}", *(f"{line.change}|{line.raw}" for line in lines)]
    content = "\n".join(said).encode()
    name = f"{bank.institution or 'bank'} (bank sync)"
    return StatementFile(name, hashlib.sha256(content).hexdigest(), len(content))


def _frame(lines: Sequence[FeedLine]) -> pl.DataFrame:
    rows = [
        (
            said.line_number,
            said.change,
            said.bank_line_id,
            said.pending_line_id,
            said.content_key,
            said.raw if said.line is None else None,
        )
        for said in lines
    ]
    return pl.DataFrame(rows, schema=FEED_SCHEMA, orient="row")


def _bank_account(account: StatementAccount) -> BankAccount:
    ref, _, mask = account.ref.rpartition(" ")
    return BankAccount(
        account_ref=ref.removeprefix(f"{OF_A_FEED} "),
        currency=account.currency,
        kind=account.kind,
        name=account.name,
        mask=mask.lstrip("\N{BULLET}"),
        balance_minor=account.closing_balance_minor,
    )


@task(name="end connection")
def end_connection(settings: Settings, client: PlaidClient, bank: BankConnection) -> None:
    """End a connection at Plaid; one that has ended before is as good. Raises BankError."""
    token = Vault(settings.derived_key(TOKENS)).unsealed(bank.access_token)
    if token is not None:  # nobody can end at Plaid what nobody can open
        client.remove(token)


@task(name="list imports", **DATABASE_RETRIES)
def list_imports(settings: Settings, bank: BankConnection) -> list[UUID]:
    """What a connection brought, the last first."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        return feeds.batches_of_feed(connection, bank.user_id, bank.connection_id)


@task(name="delete connection", **DATABASE_RETRIES)
def delete_connection(settings: Settings, bank: BankConnection) -> None:
    """Forget a connection and its token."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        feeds.remove_connection(connection, bank.user_id, bank.connection_id)


def exchange_token(settings: Settings, public_token: str, country: str) -> NewConnection:
    """What Plaid gives for the token of its dialogue, sealed; raises BankError."""
    given = PlaidClient.of(settings).exchange(public_token, country)
    sealed = Vault(settings.derived_key(TOKENS)).seal(given.access_token)
    return NewConnection(given.item_id, sealed, given.institution_id, given.institution)
