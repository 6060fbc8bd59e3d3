"""The same answers as they are usually written: mapped objects, response models, a token in a dependency."""

# No postponed annotations: FastAPI resolves those of endpoints within a function by their values.
import os
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The mapping."""


class DayTotal(Base):
    """A row of the mart of days."""

    __tablename__ = "fct_daily_totals"
    __table_args__ = {"schema": "marts"}  # noqa: RUF012
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_date: Mapped[date] = mapped_column(primary_key=True)
    planned_minor: Mapped[int]
    spent_minor: Mapped[int]
    status: Mapped[str]


class DayCategory(Base):
    """A row of the mart of the plan."""

    __tablename__ = "fct_daily_plan"
    __table_args__ = {"schema": "marts"}  # noqa: RUF012
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_date: Mapped[date] = mapped_column(primary_key=True)
    category_code: Mapped[str] = mapped_column(primary_key=True)
    group_code: Mapped[str]
    planned_minor: Mapped[int]
    spent_minor: Mapped[int]
    status: Mapped[str]


class Made(Base):
    """A row of the mart of transactions."""

    __tablename__ = "fct_transactions"
    __table_args__ = {"schema": "marts"}  # noqa: RUF012
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    transaction_id: Mapped[UUID] = mapped_column(primary_key=True)
    spent_date: Mapped[date]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    description: Mapped[str]
    merchant: Mapped[str | None]
    category_code: Mapped[str]
    status: Mapped[str]
    is_spending: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CategoryOut(BaseModel):
    """A category of a day."""

    planned: Decimal
    spent: Decimal
    status: str


class DayOut(BaseModel):
    """A day."""

    date: date
    day: int
    limit: Decimal
    spent: Decimal
    total: Decimal
    status: str
    planned_budget: dict[str, CategoryOut]


class MadeOut(BaseModel):
    """A transaction."""

    model_config = ConfigDict(from_attributes=True)
    transaction_id: UUID
    spent_date: date
    amount: Decimal
    currency: str
    description: str
    merchant: str | None
    category_code: str
    status: str
    created_at: datetime
    updated_at: datetime


class Envelope(BaseModel):
    """What every answer looks like."""

    success: bool = True
    message: str = "OK"
    data: Any
    timestamp: datetime


class Days(Envelope):
    """A month."""

    data: list[DayOut]


class Transactions(Envelope):
    """A page."""

    data: list[MadeOut]


def app() -> FastAPI:
    """The application; MITA_BENCH_DATABASE and MITA_BENCH_KEY are its settings."""
    engine = create_async_engine(os.environ["MITA_BENCH_DATABASE"], pool_size=8)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    key = os.environ["MITA_BENCH_KEY"]
    application = FastAPI()

    async def current_user(request: Request) -> UUID:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            return UUID(jwt.decode(token, key, algorithms=["HS256"], audience="mita-api")["sub"])
        except jwt.InvalidTokenError:
            raise HTTPException(401) from None

    async def session(user: Annotated[UUID, Depends(current_user)]) -> Any:  # noqa: ANN401
        async with sessions.begin() as opened:
            await opened.execute(text("select set_config('mita.user_id', :id, true)"), {"id": str(user)})
            yield opened

    User, Session = Annotated[UUID, Depends(current_user)], Annotated[AsyncSession, Depends(session)]  # noqa: N806

    @application.get("/api/calendar/saved/{year}/{month}", response_model=Days)
    async def calendar(year: int, month: int, user: User, opened: Session) -> dict[str, Any]:  # type: ignore[valid-type]
        first = date(year, month, 1)
        after = date(year + month // 12, month % 12 + 1, 1)
        days = await opened.scalars(  # type: ignore[attr-defined]
            select(DayTotal)
            .where(DayTotal.user_id == user, DayTotal.plan_date >= first, DayTotal.plan_date < after)
            .order_by(DayTotal.plan_date)
        )
        parts: dict[date, dict[str, Any]] = {}
        rows = await opened.scalars(  # type: ignore[attr-defined]
            select(DayCategory).where(
                DayCategory.user_id == user, DayCategory.plan_date >= first, DayCategory.plan_date < after
            )
        )
        for row in rows:
            parts.setdefault(row.plan_date, {})[row.category_code] = {
                "planned": Decimal(row.planned_minor) / 100,
                "spent": Decimal(row.spent_minor) / 100,
                "status": row.status,
            }
        data = [
            {
                "date": day.plan_date,
                "day": day.plan_date.day,
                "limit": Decimal(day.planned_minor) / 100,
                "spent": Decimal(day.spent_minor) / 100,
                "total": Decimal(day.planned_minor) / 100,
                "status": day.status,
                "planned_budget": parts.get(day.plan_date, {}),
            }
            for day in days
        ]
        return {"data": data, "timestamp": datetime.now(tz=UTC)}

    @application.get("/api/transactions/", response_model=Transactions)
    async def transactions(user: User, opened: Session) -> dict[str, Any]:  # type: ignore[valid-type]
        rows = await opened.scalars(  # type: ignore[attr-defined]
            select(Made)
            .where(Made.user_id == user, Made.is_spending)
            .order_by(Made.spent_date.desc(), Made.transaction_id.desc())
            .limit(100)
        )
        data = [
            {**{name: getattr(row, name) for name in MadeOut.model_fields if name != "amount"},
             "amount": -Decimal(row.amount_minor) / 100}
            for row in rows
        ]  # fmt: skip
        return {"data": data, "timestamp": datetime.now(tz=UTC)}

    return application
