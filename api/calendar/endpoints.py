"""The plan of a month, day by day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.calendar.queries import SAVED_MONTH
from api.calendar.schemas import EXAMPLE, CalendarMonth
from api.dependencies import CurrentReader
from api.envelope import Envelope, answered
from api.errors import READING, answers

router = APIRouter(prefix="/api/calendar", tags=["calendar"])

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
