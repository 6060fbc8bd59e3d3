"""What a user may decide about their plan, and the statements that keep it.

Plain SQL with named parameters and no SQLAlchemy, because the API sends the same statements through psycopg.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import Any
from uuid import UUID

from warehouse.errors import ActionableError

METHODS = ("50/30/20", "60/20/20", "zero-based", "percentage", "last-period", "learned")
CYCLES = ("monthly", "semi-monthly", "fortnightly", "weekly", "last-working-day")
MOVES_MODES = ("auto", "suggest", "off")
DAY_RULES = ("spread", "carry", "save")
CARRIES = ("none", "surplus", "both")
KINDS = ("bill", "instalment", "expense", "goal")
MOST_COMMITMENTS = 500
#: Minor units of the largest amount that anybody decides, so that sums of them stay within 64 bits.
MOST_MINOR = 10**15
#: The second pay day of a semi-monthly cycle is half a month after the first.
_LAST_PAY_DAY = {"semi-monthly": 15}


class BudgetRefusedError(ActionableError, ValueError):
    """A decision that makes no sense; the message says which part and what would."""


class CommitmentNotFoundError(ActionableError, LookupError):
    """The user has no commitment of this id."""


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """How budgets come about and become days; without an income it is read off the statements.

    ``monthly_income_minor`` is in minor units of the user's currency, whatever the cycle. ``pay_day`` is the
    day of the month on which a period begins, ``cycle_anchor`` the first day of any shorter one.
    """

    method: str = "50/30/20"
    monthly_income_minor: int | None = None
    cycle: str = "monthly"
    pay_day: int = 1
    cycle_anchor: date = date(2024, 1, 1)
    moves_mode: str = "auto"
    day_rule: str = "spread"
    is_forecast: bool = False


@dataclass(frozen=True, slots=True)
class CategoryBudget:
    """What a category should have: an amount (zero-based), a share (percentage), and what rolls over.

    ``allotted_minor`` is minor units a period, ``share_bp`` hundredths of a percent of the income.
    """

    category_code: str
    allotted_minor: int | None = None
    share_bp: int | None = None
    carry: str = "none"


@dataclass(frozen=True, slots=True)
class NewCommitment:
    """Money that is due on a day, in minor units of the user's currency."""

    category_code: str
    due_date: date
    amount_minor: int
    kind: str = "expense"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Commitment:
    """A commitment as it is kept; paid once it names the transaction."""

    commitment_id: UUID
    category_code: str
    due_date: date
    amount_minor: int
    kind: str
    name: str
    transaction_id: UUID | None


def changed_settings(known: PlanSettings, changes: dict[str, Any]) -> PlanSettings:
    """Settings with some fields changed; raises BudgetRefusedError."""
    wanted = replace(known, **changes)
    _one_of("method", wanted.method, METHODS)
    _one_of("cycle", wanted.cycle, CYCLES)
    _one_of("moves_mode", wanted.moves_mode, MOVES_MODES)
    _one_of("day_rule", wanted.day_rule, DAY_RULES)
    last = _LAST_PAY_DAY.get(wanted.cycle, 31)
    if not 1 <= wanted.pay_day <= last:
        _refuse(f"the pay day of a {wanted.cycle} cycle lies between 1 and {last}, not {wanted.pay_day}")
    _payable("an income", wanted.monthly_income_minor)
    return wanted


def checked_budget(budget: CategoryBudget, budgeted: Collection[str]) -> dict[str, Any]:
    """The parameters that keep a category's budget, of those that can have one; raises BudgetRefusedError."""
    _budgeted(budget.category_code, budgeted)
    _one_of("carry", budget.carry, CARRIES)
    _payable("an amount for a category", budget.allotted_minor)
    if budget.share_bp is not None and not 0 <= budget.share_bp <= 10_000:  # noqa: PLR2004 - all of it
        _refuse("a category's share of the income lies between 0 and 100 %")
    return asdict(budget)


def checked_commitment(commitment: NewCommitment, budgeted: Collection[str]) -> dict[str, Any]:
    """The parameters that keep a commitment to one of the categories that can have a budget.

    Raises BudgetRefusedError.
    """
    _budgeted(commitment.category_code, budgeted)
    _one_of("kind", commitment.kind, KINDS)
    _payable("what is due", commitment.amount_minor)
    if commitment.amount_minor == 0:
        _refuse("what is due is more than nothing")
    return asdict(commitment) | {"most": MOST_COMMITMENTS}


def too_many_commitments() -> BudgetRefusedError:
    """What one commitment too many is told."""
    return BudgetRefusedError(f"{MOST_COMMITMENTS} commitments are kept already; forget some that are past")


def _budgeted(code: str, budgeted: Collection[str]) -> None:
    if code not in budgeted:
        _refuse(f"{code!r} is no category that has a budget: docs/taxonomy.md lists them")


def _payable(what: str, minor: int | None) -> None:
    if minor is not None and not 0 <= minor <= MOST_MINOR:
        _refuse(f"{what} is not {'below zero' if minor < 0 else 'so large'}")


def _one_of(what: str, said: str, known: tuple[str, ...]) -> None:
    if said not in known:
        _refuse(f"{what} is one of {', '.join(known)}, not {said!r}")


def _refuse(message: str) -> None:
    raise BudgetRefusedError(message)


_COLUMNS = ", ".join(field.name for field in fields(PlanSettings))

ENSURE_SETTINGS = "insert into app.budget_settings (user_id) values (:user_id) on conflict do nothing"
#: For a change that rests on what is there: a second one waits.
LOCK_SETTINGS = f"select {_COLUMNS} from app.budget_settings where user_id = :user_id for update"  # noqa: S608
SETTINGS = f"select {_COLUMNS} from app.budget_settings where user_id = :user_id"  # noqa: S608
PUT_SETTINGS = """
update app.budget_settings
set
    method = :method, monthly_income_minor = cast(:monthly_income_minor as bigint), cycle = :cycle,
    pay_day = :pay_day, cycle_anchor = :cycle_anchor, moves_mode = :moves_mode, day_rule = :day_rule,
    is_forecast = :is_forecast, updated_at = now()
where user_id = :user_id
"""

#: What can have a budget is spent or put aside.
BUDGETED_GROUPS = ("need", "want", "saving")
CATEGORY_BUDGETS = """
select category_code, allotted_minor, share_bp, carry from app.category_budgets
where user_id = :user_id order by category_code
"""
PUT_CATEGORY_BUDGET = """
insert into app.category_budgets (user_id, category_code, allotted_minor, share_bp, carry)
values (:user_id, :category_code, cast(:allotted_minor as bigint), cast(:share_bp as integer), :carry)
on conflict (user_id, category_code) do update
set
    allotted_minor = excluded.allotted_minor, share_bp = excluded.share_bp, carry = excluded.carry,
    updated_at = now()
"""
REMOVE_CATEGORY_BUDGET = """
delete from app.category_budgets where user_id = :user_id and category_code = :category_code
"""

COMMITMENTS = """
select commitment_id, category_code, due_date, amount_minor, kind, name, transaction_id
from app.commitments where user_id = :user_id order by due_date, commitment_id
"""
ADD_COMMITMENT = """
insert into app.commitments (user_id, category_code, due_date, amount_minor, kind, name)
select :user_id, :category_code, cast(:due_date as date), cast(:amount_minor as bigint), :kind, :name
where (select count(*) from app.commitments where user_id = :user_id) < :most
returning commitment_id
"""
REMOVE_COMMITMENT = """
delete from app.commitments where user_id = :user_id and commitment_id = :commitment_id
"""
#: Paid by one of the user's own transactions, or by none any more.
PAY_COMMITMENT = """
update app.commitments set transaction_id = cast(:transaction_id as uuid)
where user_id = :user_id and commitment_id = :commitment_id
    and (
        cast(:transaction_id as uuid) is null
        or exists (
            select from app.transactions as line
            where line.user_id = :user_id and line.transaction_id = cast(:transaction_id as uuid)
                and line.deleted_at is null
        )
    )
"""
