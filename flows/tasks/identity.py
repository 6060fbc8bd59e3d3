"""Brings transactions in line with what files, purchases and the user say: one place for all of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

import polars as pl
from sqlalchemy import Connection

from models_ml.identity import evidence
from warehouse.repositories import batches, feeds, identity
from warehouse.repositories.accounts import renew_accounts
from warehouse.repositories.batches import Batch
from warehouse.repositories.identity import Window

#: How far matching looks, as the queries that prepare it have to know.
WINDOW = Window(evidence.REPEAT_DAYS, evidence.EARLIEST_POSTING, evidence.LATEST_POSTING)


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided of some accounts: new merges, and the pending entries that were never posted.

    ``expired`` is None where nothing was unsettled, so that nothing is known of it.
    """

    merges: pl.DataFrame  # MERGE_COLUMNS
    expired: tuple[UUID, ...] | None


def settle_batches(
    connection: Connection, user_id: UUID, new: Sequence[UUID], accounts: Collection[UUID]
) -> dict[UUID, int]:
    """Settle the accounts of new batches and give how many transactions each brought.

    What is a known event is decided before anything is added, so that nothing is added only to go again.
    """
    identity.learn_sizes(connection)
    decided = decide(connection, user_id, accounts, new)
    brought = {batch_id: identity.add_transactions(connection, user_id, batch_id) for batch_id in new}
    gone = identity.renew(connection, user_id, sorted(accounts), decided.expired)
    joined = decided.merges.filter(pl.col("entry_id").is_in(gone)).select("entry_id", "transaction_id").rows()
    listed = identity.batches_of(connection, user_id, new, sorted({id_ for pair in joined for id_ in pair}))
    for entry, root in joined:
        batch_id = listed.get(root) or listed.get(entry)
        if batch_id is not None and brought[batch_id] > 0:
            brought[batch_id] -= 1
    return brought


def settle_accounts(connection: Connection, user_id: UUID, accounts: Collection[UUID]) -> None:
    """Resolve what is unsettled on some accounts, and renew the transactions that it touches.

    A pure function of what is stored: again, it changes nothing.
    """
    decided = decide(connection, user_id, accounts)
    identity.renew(connection, user_id, sorted(accounts), decided.expired)


def decide(
    connection: Connection, user_id: UUID, accounts: Collection[UUID], new: Sequence[UUID] = ()
) -> Decided:
    """Keep which entries of some accounts are one event; ``new`` batches have no transactions yet."""
    unsettled = identity.read_unsettled(connection, user_id, sorted(accounts), new, WINDOW)
    if unsettled is None:
        return Decided(pl.DataFrame(schema=dict.fromkeys(identity.MERGE_COLUMNS, pl.String())), None)
    from models_ml.identity.resolve import resolve  # noqa: PLC0415 - scipy takes half a second

    found = resolve(unsettled.entries, unsettled.coverage, unsettled.answers)
    account_of = unsettled.entries.select("entry_id", "account_id").unique("entry_id")
    merges = found.merged.join(account_of, on="entry_id").rename({"root": "transaction_id"})
    questions = found.questions.join(account_of, on="entry_id").with_columns(
        one_entry=pl.min_horizontal("entry_id", "root"), other_entry=pl.max_horizontal("entry_id", "root")
    )
    kept = identity.keep_merges(
        connection, user_id, unsettled.accounts, merges.select(identity.MERGE_COLUMNS)
    )
    identity.keep_questions(
        connection, user_id, unsettled.accounts, questions.select(identity.QUESTION_COLUMNS)
    )
    return Decided(kept, tuple(UUID(entry) for entry in sorted(found.expired)))


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
