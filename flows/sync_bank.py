"""The sync flow: what banks' feeds say since they were last read becomes transactions."""

from __future__ import annotations

from dataclasses import dataclass

from prefect import flow

from flows.batches import undo_batch
from flows.build import build_marts
from flows.categorise import score_transactions
from flows.links import link_transactions
from flows.orchestration import publish_table
from flows.tasks import feeds
from warehouse.plaid import BankError, PlaidClient
from warehouse.repositories.feeds import BankConnection, ConnectionNotFoundError
from warehouse.settings import Settings


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """What became of one connection."""

    connection_id: str
    institution: str
    email: str
    outcome: str  # synced, nothing new, needs sign-in, failing, removed
    lines_read: int = 0
    lines_quarantined: int = 0
    transactions_added: int = 0
    batch_id: str | None = None
    problem: str | None = None  # what is wrong and what to do


@flow(name="sync-bank", description="Read the feeds of connected banks and renew their users' plans.")
def sync_bank(email: str = "", connection_id: str = "", *, refresh: bool = True) -> list[SyncOutcome]:
    """Read one connection, those of one user, or without an address all that are due.

    A bank that cannot be read is noted with what to do, and the others are read all the same.
    """
    settings = Settings()
    client = PlaidClient.of(settings)
    outcomes = [
        sync_connection(settings, client, bank)
        for bank in feeds.list_connections(settings, email, connection_id)
    ]
    publish_outcomes(outcomes)
    if any(outcome.outcome in {"synced", "nothing new"} for outcome in outcomes):  # may have died here before
        score_transactions(settings)
        link_transactions(settings)
        if refresh:
            build_marts(settings)
    return outcomes


@flow(
    name="sync-due-banks", description="Read the feeds that have news; nothing where bank sync is not set up."
)
def sync_due_banks() -> list[SyncOutcome]:
    """What the schedule runs: the connections of everybody that are due, if there are any."""
    settings = Settings()
    if settings.plaid_client_id is None or not feeds.list_connections(settings, "", ""):
        return []
    return sync_bank.fn()


def sync_connection(settings: Settings, client: PlaidClient, bank: BankConnection) -> SyncOutcome:
    """Read one feed to its end."""
    try:
        with feeds.sole_reader(settings, bank) as current:
            batch = feeds.store_feed(settings, feeds.fetch_feed(settings, client, current))
    except BankError as error:
        feeds.note_failure(settings, bank, error)
        outcome = "needs sign-in" if error.needs_person else "failing"
        return SyncOutcome(str(bank.connection_id), bank.institution, bank.email, outcome, problem=str(error))
    except ConnectionNotFoundError:  # removed since it was listed
        return SyncOutcome(str(bank.connection_id), bank.institution, bank.email, "removed")
    if batch is None:
        return SyncOutcome(str(bank.connection_id), bank.institution, bank.email, "nothing new")
    return SyncOutcome(
        str(bank.connection_id),
        bank.institution,
        bank.email,
        "synced",
        batch.lines_read,
        batch.lines_quarantined,
        batch.transactions_added,
        str(batch.batch_id),
    )


def publish_outcomes(outcomes: list[SyncOutcome]) -> None:
    """Leave what became of each connection on the flow run's page, without whose it is."""
    rows = [
        {
            "connection": outcome.connection_id,
            "bank": outcome.institution,
            "outcome": outcome.outcome,
            "lines read": outcome.lines_read,
            "lines quarantined": outcome.lines_quarantined,
            "new transactions": outcome.transactions_added,
            "problem": outcome.problem,
        }
        for outcome in outcomes
    ]
    publish_table("synced-banks", rows, "What banks' feeds brought, per connection")


@flow(name="remove-bank", description="End a bank connection, and take back what it brought if asked.")
def remove_bank(email: str, connection_id: str, *, forget: bool = False, refresh: bool = True) -> int:
    """End a connection here and at Plaid; gives how many imports were taken back."""
    settings = Settings()
    (bank,) = feeds.list_connections(settings, email, connection_id)
    feeds.end_connection(settings, PlaidClient.of(settings), bank)
    imports = feeds.list_imports(settings, bank) if forget else []
    for batch_id in imports:
        undo_batch.fn(email, str(batch_id), refresh=False)
    feeds.delete_connection(settings, bank)
    if imports and refresh:
        build_marts(settings)
    return len(imports)
