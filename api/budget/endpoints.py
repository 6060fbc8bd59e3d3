"""Budgets."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, LiteralString
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Query, Response
from psycopg.types.json import Jsonb

from api.budget import writing
from api.budget.queries import (
    AUTOMATION,
    CATEGORY_BUDGETS,
    COMMITMENTS,
    DAILY,
    DAY,
    LIVE_STATUS,
    MODE,
    MONTH,
    MOVES_OF_LATE,
    MOVES_OF_TODAY,
    REMAINING,
    SETTINGS,
    SPENT,
    SUGGESTIONS,
    WEIGHTS,
)
from api.budget.schemas import (
    AllocationRequest,
    Allocations,
    AutomationChange,
    AutomationSettings,
    Commitment,
    CommitmentRequest,
    DayBudget,
    DayDetail,
    IncomeAllocations,
    IncomeRequest,
    LiveStatus,
    ModeSetting,
    MonthBudget,
    MonthRequest,
    Move,
    Moved,
    OwnBudget,
    OwnBudgetChange,
    Payment,
    PlanSettings,
    PlanSettingsChange,
    Remaining,
    Suggestions,
)
from api.calendar.queries import SAVED_MONTH
from api.calendar.schemas import CalendarMonth
from api.database import Work
from api.dependencies import CurrentReader, CurrentWriter, Reader
from api.documents import read_own_write
from api.envelope import NEVER_STORE, Envelope, success
from api.errors import READING, WRITING, InvalidRequestError, NotFoundError, WrongAmountError, answers
from api.onboarding.writing import minor
from api.schemas import Amount, Nothing
from api.strict import StrictRoute
from warehouse.money import Money, allocate

router = APIRouter(prefix="/api/budget", tags=["budget"], route_class=StrictRoute)

Year = Annotated[int | None, Query(ge=2000, le=2100)]
Month = Annotated[int | None, Query(ge=1, le=12)]
Code = Annotated[str, Path(pattern=r"^[a-z_]{1,60}$", examples=["groceries"])]
YearMonth = Annotated[str, Path(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", examples=["2026-03"])]

_SET_MODE: LiteralString = """
insert into app.preferences (user_id, budget_mode) values (%(user_id)s, %(mode)s)
on conflict (user_id) do update set budget_mode = excluded.budget_mode, updated_at = now()
"""
_SET_AUTOMATION: LiteralString = """
insert into app.preferences (user_id, automation) values (%(user_id)s, %(automation)s)
on conflict (user_id) do update
set automation = preferences.automation || excluded.automation, updated_at = now()
"""
_MOVE: LiteralString = """
with leaf as (
    select
        coalesce(
            (select code from seeds.categories where code = %(from_category)s),
            (select category_code from seeds.client_categories where client_code = %(from_category)s limit 1)
        ) as source,
        coalesce(
            (select code from seeds.categories where code = %(to_category)s),
            (select category_code from seeds.client_categories where client_code = %(to_category)s limit 1)
        ) as target
)
insert into app.budget_moves (user_id, moved_on, from_category, to_category, amount_minor)
select users.user_id, (now() at time zone users.timezone)::date, leaf.source, leaf.target, %(amount_minor)s
from app.users as users cross join leaf
where users.user_id = %(user_id)s and leaf.source <> leaf.target
"""


#: Moves that are applied already are the plan's own; only those that wait for the user's word become theirs.
_ACCEPT: LiteralString = """
insert into app.budget_moves (user_id, moved_on, from_category, to_category, amount_minor)
select users.user_id, move.moved_on, move.from_category, move.to_category, sum(move.amount_minor)
from app.users as users
cross join lateral (select (now() at time zone users.timezone)::date as today) as clock
cross join lateral marts.served_budget_moves(users.user_id, clock.today, clock.today) as move
where not move.is_applied
group by users.user_id, move.moved_on, move.from_category, move.to_category
"""


@router.get("/daily", response_model=Envelope[list[DayBudget]], responses=answers(*READING))
async def daily(reader: CurrentReader) -> Response:
    """The days of the current month."""
    return await reader.reply(DAILY)


@router.get("/daily/{date}", response_model=Envelope[DayDetail], responses=answers(NotFoundError, *READING))
async def day(date: dt.date, reader: CurrentReader) -> Response:
    """One day with its categories."""
    return await reader.reply(DAY, day=date)


@router.get("/calendar/{month}", response_model=Envelope[CalendarMonth], responses=answers(*READING))
async def month_calendar(month: YearMonth, reader: CurrentReader) -> Response:
    """The plan of a month, day by day."""
    return await reader.reply(SAVED_MONTH, first_day=dt.date.fromisoformat(f"{month}-01"))


@router.get("/spent", response_model=Envelope[dict[str, Amount]], responses=answers(*READING))
async def spent(reader: CurrentReader, year: Year = None, month: Month = None) -> Response:
    """What a month's spending went to."""
    return await reader.reply(SPENT, first_day=first_day(year, month))


@router.get("/remaining", response_model=Envelope[Remaining], responses=answers(*READING))
async def remaining(reader: CurrentReader, year: Year = None, month: Month = None) -> Response:
    """What is left of a month's plan."""
    return await reader.reply(REMAINING, first_day=first_day(year, month))


@router.get("/live_status", response_model=Envelope[LiveStatus], responses=answers(*READING))
async def live_status(reader: CurrentReader) -> Response:
    """The month and the day at a glance."""
    return await reader.reply(LIVE_STATUS, first_day=None)


@router.get("/suggestions", response_model=Envelope[Suggestions], responses=answers(*READING))
async def suggestions(reader: CurrentReader, year: Year = None, month: Month = None) -> Response:
    """Which categories are over their plan."""
    return await reader.reply(SUGGESTIONS, first_day=first_day(year, month))


@router.post("/monthly", response_model=Envelope[MonthBudget], responses=answers(*READING))
async def monthly(given: MonthRequest, reader: CurrentReader) -> Response:
    """A month's plan by category."""
    return await reader.reply_now(MONTH, first_day=first_day(given.year, given.month))


@router.get("/mode", response_model=Envelope[ModeSetting], responses=answers(*READING))
async def mode(reader: CurrentReader) -> Response:
    """How strictly the plan is meant."""
    return await reader.reply(MODE)


@router.patch("/mode", response_model=Envelope[ModeSetting], responses=answers(*WRITING))
async def set_mode(given: ModeSetting, writer: CurrentWriter) -> Response:
    """Choose how strictly the plan is meant."""

    async def keep(work: Work) -> ModeSetting:
        await work.run(_SET_MODE, user_id=writer.principal.user_id, mode=given.mode)
        return given

    return await writer.reply(keep)


@router.get("/automation_settings", response_model=Envelope[AutomationSettings], responses=answers(*READING))
async def automation_settings(reader: CurrentReader) -> Response:
    """What happens by itself."""
    return await reader.reply(AUTOMATION)


@router.patch(
    "/automation_settings", response_model=Envelope[AutomationSettings], responses=answers(*WRITING)
)
async def set_automation(given: AutomationChange, writer: CurrentWriter) -> Response:
    """Choose what happens by itself; what is absent stays."""

    async def keep(work: Work) -> bytes | None:
        user_id, sent = writer.principal.user_id, given.model_dump(exclude_none=True)
        if (by_itself := sent.pop("auto_redistribution", None)) is not None:
            await writing.set_moves_mode(work, user_id, by_itself=by_itself)
        await work.run(_SET_AUTOMATION, user_id=user_id, automation=Jsonb(sent))
        return await read_own_write(work, writer.principal, AUTOMATION)

    return await writer.reply(keep)


@router.get("/settings", response_model=Envelope[PlanSettings], responses=answers(*READING))
async def settings(reader: CurrentReader) -> Response:
    """How budgets come about and become days."""
    return await reader.reply(SETTINGS)


@router.patch(
    "/settings", response_model=Envelope[PlanSettings], responses=answers(WrongAmountError, *WRITING)
)
async def change_settings(given: PlanSettingsChange, writer: CurrentWriter) -> Response:
    """Choose method, income, cycle, moves and rule; what is absent stays. The plan follows at once."""

    async def keep(work: Work) -> bytes | None:
        await writing.change_settings(work, writer.principal.user_id, given)
        return await read_own_write(work, writer.principal, SETTINGS)

    return await writer.reply(keep)


@router.get("/categories", response_model=Envelope[list[OwnBudget]], responses=answers(*READING))
async def category_budgets(reader: CurrentReader) -> Response:
    """What you decided for categories; the method decides for the others."""
    return await reader.reply(CATEGORY_BUDGETS)


@router.put(
    "/categories/{code}",
    response_model=Envelope[Nothing],
    responses=answers(WrongAmountError, *WRITING),
)
async def put_category_budget(code: Code, given: OwnBudgetChange, writer: CurrentWriter) -> Response:
    """Decide what a category gets and what of it rolls over, in place of what was decided before."""
    return await writer.reply(
        lambda work: writing.put_category_budget(work, writer.principal.user_id, code, given)
    )


@router.delete(
    "/categories/{code}", response_model=Envelope[Nothing], responses=answers(NotFoundError, *WRITING)
)
async def remove_category_budget(code: Code, writer: CurrentWriter) -> Response:
    """Leave a category to the method again."""
    return await writer.reply(
        lambda work: writing.remove_category_budget(work, writer.principal.user_id, code)
    )


@router.get("/commitments", response_model=Envelope[list[Commitment]], responses=answers(*READING))
async def commitments(reader: CurrentReader) -> Response:
    """What you said is due; bills that come again are found by themselves (`/api/recurring`)."""
    return await reader.reply(COMMITMENTS)


@router.post(
    "/commitments",
    status_code=201,
    response_model=Envelope[dict[str, UUID]],
    responses=answers(WrongAmountError, *WRITING),
)
async def add_commitment(given: CommitmentRequest, writer: CurrentWriter) -> Response:
    """Set money aside for what is due on a day."""
    return await writer.reply(lambda work: writing.add_commitment(work, writer.principal.user_id, given), 201)


@router.delete(
    "/commitments/{commitment_id}",
    response_model=Envelope[Nothing],
    responses=answers(NotFoundError, *WRITING),
)
async def remove_commitment(commitment_id: UUID, writer: CurrentWriter) -> Response:
    """Forget a commitment."""
    return await writer.reply(
        lambda work: writing.remove_commitment(work, writer.principal.user_id, commitment_id)
    )


@router.put(
    "/commitments/{commitment_id}/payment",
    response_model=Envelope[Nothing],
    responses=answers(NotFoundError, *WRITING),
)
async def pay_commitment(commitment_id: UUID, given: Payment, writer: CurrentWriter) -> Response:
    """Name the transaction that paid a commitment, or none again."""
    return await writer.reply(
        lambda work: writing.pay_commitment(
            work, writer.principal.user_id, commitment_id, given.transaction_id
        )
    )


@router.get("/redistribution_history", response_model=Envelope[list[Moved]], responses=answers(*READING))
async def redistribution_history(reader: CurrentReader) -> Response:
    """What moved between categories in the last three months, by itself or by the user."""
    return await reader.reply(MOVES_OF_LATE)


@router.post("/redistribute", response_model=Envelope[list[Moved]], responses=answers(*WRITING))
async def redistribute_budget(writer: CurrentWriter) -> Response:
    """Put today's suggested moves into force, and give all moves that today's plan opened with."""

    async def accept(work: Work) -> bytes | None:
        moves = await read_own_write(work, writer.principal, MOVES_OF_TODAY)
        if await work.run(_ACCEPT):
            await work.audit("budget_moved")
        return moves

    return await writer.reply(accept)


@router.post(
    "/adjust",
    status_code=201,
    response_model=Envelope[Nothing],
    responses=answers(WrongAmountError, *WRITING),
)
async def adjust(given: Move, writer: CurrentWriter) -> Response:
    """Move money from one category to another."""

    async def move(work: Work) -> Nothing:
        amount_minor = minor(given.amount, work.currency)
        key = {"user_id": writer.principal.user_id, "amount_minor": amount_minor}
        if not await work.run(_MOVE, from_category=given.from_category, to_category=given.to_category, **key):
            raise InvalidRequestError
        await work.audit("budget_moved")
        return Nothing()

    return await writer.reply(move, 201)


@router.post("/behavioral_allocation", response_model=Envelope[Allocations], responses=answers(*READING))
async def behavioral_allocation(given: AllocationRequest, reader: CurrentReader) -> Response:
    """Share an amount out by how the user spends; the parts sum to it exactly."""
    parts, is_own = await shared_out(reader, given.total_amount)
    confidence = 1.0 if is_own else 0.0
    allocations = {name: {"amount": part, "confidence": confidence} for name, part in parts.items()}
    return success({"allocations": allocations}, reader.request_id, NEVER_STORE)


@router.post(
    "/income_based_recommendations", response_model=Envelope[IncomeAllocations], responses=answers(*READING)
)
async def income_based_recommendations(given: IncomeRequest, reader: CurrentReader) -> Response:
    """Share an income out by category; the parts sum to it exactly."""
    parts, _ = await shared_out(reader, given.monthly_income)
    return success({"allocations": parts}, reader.request_id, NEVER_STORE)


async def shared_out(reader: Reader, amount: Decimal) -> tuple[dict[str, float], bool]:
    """The parts of an amount by category, and whether the shares are the user's own."""
    known: dict[str, Any] = orjson.loads(await reader.read(WEIGHTS))
    currency, weights = known["currency"], known["weights"]
    parts = allocate(minor(amount, currency), list(weights.values()))
    named = zip(weights, parts, strict=True)
    return {name: float(Money(part, currency).decimal) for name, part in named}, known["is_own"]


def first_day(year: int | None, month: int | None) -> dt.date | None:
    """The first day of a month; None for the current one."""
    return None if year is None or month is None else dt.date(year, month, 1)
