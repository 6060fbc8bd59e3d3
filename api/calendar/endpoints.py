"""The plan of a month, day by day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.calendar.queries import SAVED_MONTH
from api.calendar.schemas import (
    EXAMPLE,
    CalendarMonth,
    Redistributed,
    RedistributeRequest,
    Shell,
    ShellRequest,
)
from api.calendar.shell import balanced, month_shell
from api.database import Work
from api.dependencies import CurrentReader, CurrentWriter
from api.envelope import Envelope, answered
from api.errors import READING, OverspentIncomeError, WrongAmountError, answers
from api.onboarding.writing import minor
from api.strict import StrictRoute
from warehouse.money import Money, exponent

router = APIRouter(prefix="/api/calendar", tags=["calendar"], route_class=StrictRoute)

Year = Annotated[int, Path(ge=2000, le=2100, examples=[2026])]
Month = Annotated[int, Path(ge=1, le=12, examples=[3])]


@router.get(
    "/saved/{year}/{month}",
    response_model=Envelope[CalendarMonth],
    responses=answered(EXAMPLE) | answers(*READING),
)
async def saved_month(year: Year, month: Month, reader: CurrentReader) -> Response:
    """What each day of a month allows to spend, and what was spent, by category."""
    return await reader.reply(SAVED_MONTH, first_day=date(year, month, 1))


@router.post(
    "/shell",
    response_model=Envelope[Shell],
    responses=answers(OverspentIncomeError, WrongAmountError, *READING),
)
async def shell(given: ShellRequest, writer: CurrentWriter) -> Response:
    """A calendar of a month from income, fixed expenses and weights, before there is a plan."""

    async def draw(work: Work) -> dict[str, object]:
        currency = work.currency
        left = given.income - given.savings_target - sum(given.fixed.values())
        if left < 0:
            raise OverspentIncomeError
        flexible = Money(minor(left, currency), currency)
        return {"calendar": month_shell(given.year, given.month, flexible, given.weights)}

    return await writer.reply(draw)


@router.post("/redistribute", response_model=Envelope[Redistributed], responses=answers(*READING))
async def redistribute(given: RedistributeRequest, writer: CurrentWriter) -> Response:
    """Cover days over their limit from days under it; nothing is kept."""

    async def cover(work: Work) -> dict[str, object]:
        decimals = exponent(work.currency)
        limits = balanced({name: (day.total, day.limit) for name, day in given.calendar.items()}, decimals)
        updated = {
            name: {**day.model_dump(mode="json"), "total": float(day.total), "limit": float(limits[name])}
            for name, day in given.calendar.items()
        }
        return {"updated_calendar": updated}

    return await writer.reply(cover)
