"""The undo flow: an import taken back, and the plan renewed."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from prefect import flow

from flows.build import build_marts
from flows.categorise import score_transactions
from flows.links import link_transactions
from flows.orchestration import DATABASE_RETRIES, task
from flows.receipts.settling import match_receipts
from flows.recurring import search_series
from flows.tasks import identity
from warehouse.engine import open_warehouse
from warehouse.repositories import batches
from warehouse.repositories.users import get_user
from warehouse.settings import Settings


@dataclass(frozen=True, slots=True)
class Undone:
    """An import that was taken back."""

    batch_id: str
    file: str
    transactions_removed: int


@flow(
    name="undo import", description="Take an import back as if its file had never come, and renew the plan."
)
def undo_batch(email: str, batch_id: str, *, refresh: bool = True) -> Undone:
    """Undo one batch of a user; raises BatchNotFoundError for one that is not loaded."""
    settings = Settings()
    undone = take_back(settings, email, UUID(batch_id))
    match_receipts(settings)
    score_transactions(settings)
    link_transactions(settings)
    search_series(settings)
    if refresh:
        build_marts(settings)
    return undone


@task(name="take back", **DATABASE_RETRIES)
def take_back(settings: Settings, email: str, batch_id: UUID) -> Undone:
    """Remove a batch's lines and renew what followed from them, all or nothing."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        user = get_user(connection, email)
        batch = batches.get_loaded_batch(connection, user.user_id, batch_id)
        name = batches.describe_batch(connection, user.user_id, batch_id).file_name
        return Undone(str(batch_id), name, identity.undo_batch(connection, batch))
