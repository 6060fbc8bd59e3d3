"""Analytics."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api.analytics.queries import MONTHLY, PERFORMANCE, TRENDS
from api.budget.endpoints import Month, Year, first_day
from api.dashboard.queries import DASHBOARD
from api.dashboard.schemas import Dashboard
from api.dependencies import CurrentReader, CurrentWriter
from api.envelope import Envelope
from api.errors import READING, WRITING, answers
from api.schemas import Amount, Currency, JsonObject, Line, Nothing
from api.strict import StrictRoute

router = APIRouter(prefix="/api/analytics", tags=["analytics"], route_class=StrictRoute)


class CategoryTotal(BaseModel):
    """A category's spending."""

    category: str
    total: Amount
    purchases: int
    share: float | None


class MonthTotals(BaseModel):
    """A month's spending."""

    total: Amount
    currency: Currency
    categories: list[CategoryTotal]


class MonthTrend(BaseModel):
    """Income and spending of one month."""

    month: str = Field(examples=["2026-03"])
    spent: Amount
    income: Amount


class Trends(BaseModel):
    """Twelve months."""

    currency: Currency
    months: list[MonthTrend]


class CategoryPerformance(BaseModel):
    """A category's plan and spending."""

    category: str
    planned: Amount
    spent: Amount
    ratio: float | None


class Performance(BaseModel):
    """A month's plan against its spending."""

    currency: Currency
    categories: list[CategoryPerformance]


class Usage(BaseModel):
    """That a feature was used; nothing of it is kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    feature: Line | None = None
    screen: Line | None = None
    metadata: JsonObject | None = None


@router.get("/monthly", response_model=Envelope[MonthTotals], responses=answers(*READING))
async def monthly_totals(reader: CurrentReader, year: Year = None, month: Month = None) -> Response:
    """What a month's spending went to."""
    return await reader.reply(MONTHLY, first_day=first_day(year, month))


@router.get("/category-breakdown", response_model=Envelope[MonthTotals], responses=answers(*READING))
async def category_breakdown(reader: CurrentReader, year: Year = None, month: Month = None) -> Response:
    """The same, with each category's share."""
    return await reader.reply(MONTHLY, first_day=first_day(year, month))


@router.get("/dashboard", response_model=Envelope[Dashboard], responses=answers(*READING))
async def analytics_dashboard(reader: CurrentReader) -> Response:
    """Everything that the main screen shows."""
    return await reader.reply(DASHBOARD)


@router.get("/trends", response_model=Envelope[Trends], responses=answers(*READING))
async def trends(reader: CurrentReader) -> Response:
    """Income and spending of the last twelve months."""
    return await reader.reply(TRENDS)


@router.get("/budget-performance", response_model=Envelope[Performance], responses=answers(*READING))
async def budget_performance(reader: CurrentReader, year: Year = None, month: Month = None) -> Response:
    """A month's plan against its spending."""
    return await reader.reply(PERFORMANCE, first_day=first_day(year, month))


async def _used(_: Usage, writer: CurrentWriter) -> Response:
    """Take note that a feature was used; nothing of it is kept."""

    async def nothing(_work: object) -> Nothing:
        return Nothing()

    return await writer.reply(nothing)


for _path in ("feature-usage", "feature-access-attempt", "paywall-impression"):
    router.add_api_route(
        f"/{_path}",
        _used,
        methods=["POST"],
        name=f"note_{_path.replace('-', '_')}",
        response_model=Envelope[Nothing],
        responses=answers(*WRITING),
    )
