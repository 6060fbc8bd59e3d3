"""What a user decides about their plan: settings, budgets of categories, commitments.

Each change bumps the user's version, so that the next reader of the plan sees it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from warehouse.repositories.budget_statements import (
    ADD_COMMITMENT,
    CATEGORY_BUDGETS,
    COMMITMENTS,
    ENSURE_SETTINGS,
    LOCK_SETTINGS,
    PAY_COMMITMENT,
    PUT_CATEGORY_BUDGET,
    PUT_SETTINGS,
    REMOVE_CATEGORY_BUDGET,
    REMOVE_COMMITMENT,
    SETTINGS,
    BudgetRefusedError,
    CategoryBudget,
    Commitment,
    CommitmentNotFoundError,
    NewCommitment,
    PlanSettings,
    changed_settings,
    checked_budget,
    checked_commitment,
    too_many_commitments,
)

__all__ = [
    "BudgetRefusedError",
    "CategoryBudget",
    "Commitment",
    "CommitmentNotFoundError",
    "NewCommitment",
    "PlanSettings",
]


def get_settings(connection: Connection, user_id: UUID) -> PlanSettings:
    """How the user's plan comes about; the defaults where nothing was decided."""
    row = connection.execute(text(SETTINGS), {"user_id": user_id}).one_or_none()
    return PlanSettings(*row) if row else PlanSettings()


def change_settings(connection: Connection, user_id: UUID, changes: dict[str, Any]) -> None:
    """Change some fields of the settings; raises BudgetRefusedError."""
    key = {"user_id": user_id}
    connection.execute(text(ENSURE_SETTINGS), key)
    known = PlanSettings(*connection.execute(text(LOCK_SETTINGS), key).one())
    wanted = changed_settings(known, changes)
    connection.execute(text(PUT_SETTINGS), key | asdict(wanted))


def list_category_budgets(connection: Connection, user_id: UUID) -> list[CategoryBudget]:
    """What the user decided for categories."""
    return [CategoryBudget(*row) for row in connection.execute(text(CATEGORY_BUDGETS), {"user_id": user_id})]


def put_category_budget(
    connection: Connection, user_id: UUID, budget: CategoryBudget, budgeted: Collection[str]
) -> None:
    """Decide for one of the ``budgeted`` categories, in place of what was decided before.

    Raises BudgetRefusedError.
    """
    values = checked_budget(budget, budgeted) | {"user_id": user_id}
    connection.execute(text(PUT_CATEGORY_BUDGET), values)


def remove_category_budget(connection: Connection, user_id: UUID, category_code: str) -> bool:
    """Leave a category to the method again, and say whether anything had been decided for it."""
    values = {"user_id": user_id, "category_code": category_code}
    return connection.execute(text(REMOVE_CATEGORY_BUDGET), values).rowcount > 0


def list_commitments(connection: Connection, user_id: UUID) -> list[Commitment]:
    """The user's own commitments by the day that they are due."""
    return [Commitment(*row) for row in connection.execute(text(COMMITMENTS), {"user_id": user_id})]


def add_commitment(
    connection: Connection, user_id: UUID, commitment: NewCommitment, budgeted: Collection[str]
) -> UUID:
    """Keep a commitment to one of the ``budgeted`` categories and give its id; raises BudgetRefusedError."""
    values = checked_commitment(commitment, budgeted) | {"user_id": user_id}
    added: UUID | None = connection.execute(text(ADD_COMMITMENT), values).scalar_one_or_none()
    if added is None:
        raise too_many_commitments()
    return added


def remove_commitment(connection: Connection, user_id: UUID, commitment_id: UUID) -> None:
    """Forget a commitment; raises CommitmentNotFoundError."""
    values = {"user_id": user_id, "commitment_id": commitment_id}
    _found(connection.execute(text(REMOVE_COMMITMENT), values).rowcount, commitment_id)


def pay_commitment(
    connection: Connection, user_id: UUID, commitment_id: UUID, transaction_id: UUID | None
) -> None:
    """Name the transaction that paid a commitment, or none again; raises CommitmentNotFoundError."""
    values = {"user_id": user_id, "commitment_id": commitment_id, "transaction_id": transaction_id}
    _found(connection.execute(text(PAY_COMMITMENT), values).rowcount, commitment_id)


def _found(rows: int, commitment_id: UUID) -> None:
    if not rows:
        message = f"there is no commitment {commitment_id}, or no such transaction of the same user"
        raise CommitmentNotFoundError(message)
