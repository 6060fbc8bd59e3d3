"""The user's word on a match is kept, and what follows from it is brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.receipts.settling import Settled, settle_receipts
from warehouse.engine import open_warehouse
from warehouse.provision import provision
from warehouse.repositories.receipt_matches import answer_match, list_matches
from warehouse.repositories.users import get_user

if TYPE_CHECKING:
    from uuid import UUID

    from warehouse.settings import Settings


def matches_of(settings: Settings, email: str, band: str | None) -> list[dict[str, object]]:
    """A user's matches of one band, newest first."""
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        with warehouse.transaction() as connection:
            return list_matches(connection, get_user(connection, email).user_id, band)


def answer(
    settings: Settings, email: str, receipt_id: UUID, transaction_id: UUID, *, is_paid: bool
) -> Settled:
    """Keep the word, match the user's receipts anew around it and renew the plan."""
    from flows.receipts.worker import renew_plans  # noqa: PLC0415 - it may load dbt

    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        with warehouse.transaction() as connection:
            user_id = get_user(connection, email).user_id
        with warehouse.locked(f"receipts:{user_id}"), warehouse.transaction() as connection:
            answer_match(connection, user_id, receipt_id, transaction_id, is_paid=is_paid)
            settled = settle_receipts(connection, user_id)
    renew_plans(settings)
    return settled
