"""Brings transactions in line with what files, purchases and the user say: one place for all of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import Connection

from models_ml.identity import evidence
from warehouse.repositories import batches, identity
from warehouse.repositories.accounts import renew_accounts
from warehouse.repositories.batches import Batch
from warehouse.repositories.identity import Merge, Question


def settle_batches(
    connection: Connection, user_id: UUID, batch_ids: Sequence[UUID], accounts: Collection[UUID]
) -> dict[UUID, int]:
    """Make transactions of newly loaded batches and give how many each brought.

    Equal lines of one file are different purchases; what two files say of one is found by evidence.
    """
    added = Counter(
        {batch_id: identity.add_transactions(connection, user_id, batch_id) for batch_id in batch_ids}
    )
    merges = settle_accounts(connection, user_id, accounts)
    listed = identity.batches_of(
        connection,
        user_id,
        batch_ids,
        [id_ for merge in merges for id_ in (merge.entry_id, merge.transaction_id)],
    )
    for merge in merges:
        brought = listed.get(merge.entry_id) or listed.get(merge.transaction_id)
        if brought is not None and added[brought] > 0:
            added[brought] -= 1
    return dict(added)


def settle_accounts(connection: Connection, user_id: UUID, accounts: Collection[UUID]) -> list[Merge]:
    """Resolve what is unsettled on some accounts, and renew the transactions that it touches.

    Gives the merges that are new. A pure function of what is stored: again, it changes nothing.
    """
    ordered = sorted(accounts)
    unsettled = identity.read_unsettled(
        connection,
        user_id,
        ordered,
        slack=evidence.REPEAT_DAYS,
        earliest=evidence.EARLIEST_POSTING,
        latest=evidence.LATEST_POSTING,
    )
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
        Question(
            *sorted((UUID(one), UUID(other)), key=str),
            UUID(account_of[one]),
            probability,
            json.loads(reasons),
        )
        for one, other, probability, reasons in found.questions.iter_rows()
    ]
    new = identity.keep_merges(connection, user_id, unsettled.accounts, merges)
    identity.keep_questions(connection, user_id, unsettled.accounts, questions)
    identity.renew(connection, user_id, ordered, [UUID(entry) for entry in sorted(found.expired)])
    return new


def undo_batch(connection: Connection, batch: Batch) -> int:
    """Take a batch back as if its file had never come; gives how many transactions that took away."""
    accounts = batches.accounts_of(connection, batch)
    before = identity.count_transactions(connection, batch.user_id, accounts)
    identity.want_transactions_of(connection, batch.user_id, batch.batch_id)
    batches.undo_batch(connection, batch)
    settle_accounts(connection, batch.user_id, accounts)
    taken = before - identity.count_transactions(connection, batch.user_id, accounts)
    renew_accounts(connection, batch.user_id, sorted(accounts))
    return taken
