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
from warehouse.repositories import identity
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


def _decide(email: str, entries: list[str], decision: Decision, *, refresh: bool) -> int:
    settings = Settings()
    changed = keep_decision(settings, email, [UUID(entry) for entry in entries], decision)
    match_receipts(settings)
    link_transactions(settings)
    if refresh:
        build_marts(settings)
    return changed


@task(name="keep decision", **DATABASE_RETRIES)
def keep_decision(settings: Settings, email: str, entries: list[UUID], decision: Decision) -> int:
    """Keep a decision and settle the accounts that it is about, all or nothing."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        user = get_user(connection, email)
        changed = decision(connection, user.user_id)
        accounts = identity.accounts_of_entries(connection, user.user_id, entries)
        settle_accounts(connection, user.user_id, accounts)
        return changed
