"""Brings transactions in line with what files, purchases and the user say: one place for all of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import Connection

from models_ml.identity import evidence
from warehouse.repositories import batches, feeds, identity
from warehouse.repositories.accounts import renew_accounts
from warehouse.repositories.batches import Batch
from warehouse.repositories.identity import Merge, Question, Window

#: How far matching looks, as the queries that prepare it have to know.
WINDOW = Window(evidence.REPEAT_DAYS, evidence.EARLIEST_POSTING, evidence.LATEST_POSTING)


def settle_batches(
    connection: Connection, user_id: UUID, added: Mapping[UUID, int], accounts: Collection[UUID]
) -> dict[UUID, int]:
    """Settle the accounts of new batches and give how many transactions each brought.

    ``added`` is how many entries each brought that were new; those that turn out to be known events go.
    """
    merges = settle_accounts(connection, user_id, accounts)
    touched = [id_ for merge in merges for id_ in (merge.entry_id, merge.transaction_id)]
    listed = identity.batches_of(connection, user_id, list(added), touched)
    brought = dict(added)
    for merge in merges:
        batch_id = listed.get(merge.entry_id) or listed.get(merge.transaction_id)
        if batch_id is not None and brought[batch_id] > 0:
            brought[batch_id] -= 1
    return brought


def settle_accounts(connection: Connection, user_id: UUID, accounts: Collection[UUID]) -> list[Merge]:
    """Resolve what is unsettled on some accounts, and renew the transactions that it touches.

    Gives the merges that are new. A pure function of what is stored: again, it changes nothing.
    """
    ordered = sorted(accounts)
    unsettled = identity.read_unsettled(connection, user_id, ordered, WINDOW)
    if unsettled is None:
        identity.renew(connection, user_id, ordered, expired=None)
        return []
    from models_ml.identity.resolve import resolve  # noqa: PLC0415 - scipy takes half a second

    found = resolve(unsettled.entries, unsettled.coverage, unsettled.answers)
    account_of = dict(unsettled.entries.select("entry_id", "account_id").iter_rows())
    merges = [
        Merge(UUID(entry), UUID(root), UUID(account_of[entry]), probability, json.loads(reasons))
        for entry, root, probability, reasons in found.merged.iter_rows()
    ]
    questions = [
        _question(UUID(one), UUID(other), UUID(account_of[one]), probability, json.loads(reasons))
        for one, other, probability, reasons in found.questions.iter_rows()
    ]
    new = identity.keep_merges(connection, user_id, unsettled.accounts, merges)
    identity.keep_questions(connection, user_id, unsettled.accounts, questions)
    identity.renew(connection, user_id, ordered, [UUID(entry) for entry in sorted(found.expired)])
    return new


def _question(
    one: UUID, other: UUID, account_id: UUID, probability: float, evidence: dict[str, float]
) -> Question:
    smaller, larger = sorted((one, other), key=str)
    return Question(smaller, larger, account_id, probability, evidence)


def undo_batch(connection: Connection, batch: Batch) -> int:
    """Take a batch back as if its file had never come; gives how many transactions that took away."""
    accounts = batches.accounts_of(connection, batch)
    before = identity.count_transactions(connection, batch.user_id, accounts)
    identity.want_transactions_of(connection, batch.user_id, batch.batch_id)
    regained = feeds.rewind(connection, batch)
    identity.want_entries(connection, batch.user_id, [entry.entry_id for entry in regained])
    accounts |= {entry.account_id for entry in regained}
    batches.undo_batch(connection, batch)
    settle_accounts(connection, batch.user_id, accounts)
    taken = before - identity.count_transactions(connection, batch.user_id, accounts)
    renew_accounts(connection, batch.user_id, sorted(accounts))
    return taken
