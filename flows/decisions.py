"""Flows for what a user says of transactions: each keeps the word, settles the account, renews the plan."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from prefect import flow
from sqlalchemy import Connection

from flows.build import build_marts
from flows.links import link_transactions
from flows.orchestration import DATABASE_RETRIES, task
from flows.receipts.settling import match_receipts
from flows.tasks.identity import settle_accounts
from warehouse.engine import open_warehouse
from warehouse.repositories import accounts, identity
from warehouse.repositories.users import get_user
from warehouse.settings import Settings

#: Takes a connection and the user's id, keeps a decision, and gives how much it changed.
Decision = Callable[[Connection, UUID], int]


@flow(name="answer identity", description="Keep the user's word on whether two lines are one event.")
def answer_identity(email: str, one: str, other: str, *, is_same: bool, refresh: bool = True) -> int:
    """Keep an answer; raises EntryNotFoundError for ids that no file and no purchase has."""

    def answer(connection: Connection, user_id: UUID) -> int:
        entries = [identity.get_entry(connection, user_id, UUID(entry)) for entry in (one, other)]
        identity.keep_answer(connection, user_id, *entries, is_same=is_same)
        return 1

    return _decide(email, [one, other], answer, refresh=refresh)


@flow(name="delete transaction", description="Delete a transaction, so that no file brings it back.")
def delete_transaction(email: str, transaction_id: str, *, refresh: bool = True) -> int:
    """Delete all entries of a transaction; raises EntryNotFoundError."""

    def delete(connection: Connection, user_id: UUID) -> int:
        identity.get_entry(connection, user_id, UUID(transaction_id))
        entries = identity.entries_of(connection, user_id, UUID(transaction_id))
        identity.delete_entries(connection, user_id, entries)
        return len(entries)

    return _decide(email, [transaction_id], delete, refresh=refresh)


@flow(name="restore transaction", description="Take the deletion of a transaction back.")
def restore_transaction(email: str, transaction_id: str, *, refresh: bool = True) -> int:
    """Give how many entries had been deleted; raises EntryNotFoundError."""

    def restore(connection: Connection, user_id: UUID) -> int:
        identity.get_entry(connection, user_id, UUID(transaction_id))
        entries = identity.entries_of(connection, user_id, UUID(transaction_id))
        return identity.restore_entries(connection, user_id, entries)

    return _decide(email, [transaction_id], restore, refresh=refresh)


@flow(name="merge accounts", description="Keep the user's word that two accounts are one.")
def merge_accounts(email: str, account: str, into: str, *, refresh: bool = True) -> None:
    """Let an account's files tell of another account; raises AccountError."""

    def merge(connection: Connection, user_id: UUID) -> list[UUID]:
        accounts.merge_account(connection, user_id, UUID(account), UUID(into))
        return [UUID(account), UUID(into)]

    _regroup(email, merge, refresh=refresh)


@flow(name="unmerge account", description="Take the merge of an account back.")
def unmerge_account(email: str, account: str, *, refresh: bool = True) -> None:
    """Let an account's files tell of it alone again; raises AccountError."""

    def unmerge(connection: Connection, user_id: UUID) -> list[UUID]:
        return [UUID(account), accounts.unmerge_account(connection, user_id, UUID(account))]

    _regroup(email, unmerge, refresh=refresh)


def _regroup(email: str, change: Callable[[Connection, UUID], list[UUID]], *, refresh: bool) -> None:
    settings = Settings()
    keep_regrouping(settings, email, change)
    _follow(settings, refresh=refresh)


@task(name="regroup accounts", **DATABASE_RETRIES)
def keep_regrouping(settings: Settings, email: str, change: Callable[[Connection, UUID], list[UUID]]) -> None:
    """Change which accounts are one and settle them anew, all or nothing."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        user_id = get_user(connection, email).user_id
        touched = change(connection, user_id)
        identity.want_accounts(connection, user_id, touched)
        settle_accounts(connection, user_id, touched)


def _decide(email: str, entries: list[str], decision: Decision, *, refresh: bool) -> int:
    settings = Settings()
    changed = keep_decision(settings, email, [UUID(entry) for entry in entries], decision)
    _follow(settings, refresh=refresh)
    return changed


def _follow(settings: Settings, *, refresh: bool) -> None:
    """Bring what hangs on transactions in line."""
    match_receipts(settings)
    link_transactions(settings)
    if refresh:
        build_marts(settings)


@task(name="keep decision", **DATABASE_RETRIES)
def keep_decision(settings: Settings, email: str, entries: list[UUID], decision: Decision) -> int:
    """Keep a decision and settle the accounts that it is about, all or nothing."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        user = get_user(connection, email)
        changed = decision(connection, user.user_id)
        accounts = identity.accounts_of_entries(connection, user.user_id, entries)
        settle_accounts(connection, user.user_id, accounts)
        return changed
