"""What a user decides about their plan, each within the writer's transaction.

The statements are those of the repositories, with parameters as psycopg names them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, LiteralString
from uuid import UUID

from api.amounts import exact_minor
from api.budget.schemas import CommitmentRequest, OwnBudgetChange, PlanSettingsChange
from api.database import Work, named
from api.errors import NotFoundError, invalid_request
from api.schemas import Nothing
from warehouse.repositories import budget_statements as budgets
from warehouse.repositories.budget_statements import (
    BudgetRefusedError,
    CategoryBudget,
    NewCommitment,
    PlanSettings,
)

_BUDGETED: LiteralString = """
select code from seeds.categories where code = %(code)s and group_code = any(%(groups)s::text[])
"""


async def change_settings(work: Work, user_id: UUID, given: PlanSettingsChange) -> None:
    """Change the fields that were sent; raises InvalidRequestError or WrongAmountError."""
    changes = given.model_dump(exclude_unset=True)
    if "monthly_income" in changes:
        income = changes.pop("monthly_income")
        changes["monthly_income_minor"] = None if income is None else exact_minor(income, work.currency)
    await keep_settings(work, user_id, changes)


async def keep_settings(work: Work, user_id: UUID, changes: dict[str, Any]) -> None:
    """Change these fields of the settings; raises InvalidRequestError."""
    await work.run(named(budgets.ENSURE_SETTINGS), user_id=user_id)
    known = await work.row(named(budgets.LOCK_SETTINGS), user_id=user_id)
    with _refusals():
        wanted = budgets.changed_settings(PlanSettings(*known or ()), changes)
    await work.run(named(budgets.PUT_SETTINGS), user_id=user_id, **asdict(wanted))
    await work.audit("plan_settings_changed", fields=sorted(changes))


async def set_moves_mode(work: Work, user_id: UUID, *, by_itself: bool) -> None:
    """Let money move by itself, or only when the user agrees; who wants no moves at all gets none."""
    known = await work.row(named(budgets.SETTINGS), user_id=user_id)
    is_automatic = PlanSettings(*known or ()).moves_mode == "auto"
    if by_itself != is_automatic:
        await keep_settings(work, user_id, {"moves_mode": "auto" if by_itself else "suggest"})


async def put_category_budget(work: Work, user_id: UUID, code: str, given: OwnBudgetChange) -> Nothing:
    """Decide for a category; raises InvalidRequestError."""
    amount = None if given.amount is None else exact_minor(given.amount, work.currency)
    share = None if given.share is None else round(given.share * 10_000)
    with _refusals():
        wanted = CategoryBudget(code, amount, share, given.carry)
        values = budgets.checked_budget(wanted, await _budgeted(work, code))
        await work.run(named(budgets.PUT_CATEGORY_BUDGET), user_id=user_id, **values)
    await work.audit("category_budget_changed", category=code)
    return Nothing()


async def remove_category_budget(work: Work, user_id: UUID, code: str) -> Nothing:
    """Leave a category to the method again; raises NotFoundError."""
    if not await work.run(named(budgets.REMOVE_CATEGORY_BUDGET), user_id=user_id, category_code=code):
        raise NotFoundError
    await work.audit("category_budget_changed", category=code)
    return Nothing()


async def add_commitment(work: Work, user_id: UUID, given: CommitmentRequest) -> dict[str, str]:
    """Keep a commitment; raises InvalidRequestError."""
    amount = exact_minor(given.amount, work.currency)
    wanted = NewCommitment(given.category_code, given.due_date, amount, given.kind, given.name)
    with _refusals():
        values = budgets.checked_commitment(wanted, await _budgeted(work, wanted.category_code))
        row = await work.row(named(budgets.ADD_COMMITMENT), user_id=user_id, **values)
        if row is None:
            raise budgets.too_many_commitments()
    await work.audit("commitment_added", commitment=str(row[0]))
    return {"commitment_id": str(row[0])}


async def remove_commitment(work: Work, user_id: UUID, commitment_id: UUID) -> Nothing:
    """Forget a commitment; raises NotFoundError."""
    if not await work.run(named(budgets.REMOVE_COMMITMENT), user_id=user_id, commitment_id=commitment_id):
        raise NotFoundError
    await work.audit("commitment_removed", commitment=str(commitment_id))
    return Nothing()


async def pay_commitment(
    work: Work, user_id: UUID, commitment_id: UUID, transaction_id: UUID | None
) -> Nothing:
    """Name the transaction that paid a commitment, or none again; raises NotFoundError."""
    values = {"user_id": user_id, "commitment_id": commitment_id, "transaction_id": transaction_id}
    if not await work.run(named(budgets.PAY_COMMITMENT), **values):
        raise NotFoundError
    return Nothing()


async def _budgeted(work: Work, code: str) -> set[str]:
    """The category, if it is one that can have a budget."""
    asked = {"code": code, "groups": list(budgets.BUDGETED_GROUPS)}
    row = await work.row(_BUDGETED, **asked)
    return {code} if row else set()


@contextmanager
def _refusals() -> Iterator[None]:
    """What the plan refuses, as the API says it."""
    try:
        yield
    except BudgetRefusedError as refusal:
        raise invalid_request(str(refusal), kind="budget") from None
