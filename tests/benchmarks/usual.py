"""The same answers as they are usually written: mapped objects, response models, a token in a dependency."""

# No postponed annotations: FastAPI resolves those of endpoints within a function by their values.
import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID, uuid4

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


class Account(Base):
    """An account."""

    __tablename__ = "dim_accounts"
    __table_args__ = {"schema": "marts"}  # noqa: RUF012
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    balance_minor: Mapped[int | None]
    kind: Mapped[str]


class Entered(Base):
    """A row that a purchase makes."""

    __tablename__ = "transactions"
    __table_args__ = {"schema": "app"}  # noqa: RUF012
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    transaction_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    booked_date: Mapped[date]
    spent_date: Mapped[date]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str]
    description: Mapped[str]
    counterparty: Mapped[str | None]


class Decision(Base):
    """What the user says a purchase was for."""

    __tablename__ = "category_decisions"
    __table_args__ = {"schema": "app"}  # noqa: RUF012
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    transaction_id: Mapped[UUID] = mapped_column(primary_key=True)
    category_code: Mapped[str]


class PurchaseIn(BaseModel):
    """A purchase."""

    amount: Decimal
    category: str
    merchant: str | None = None


class EnteredOut(BaseModel):
    """A stored purchase."""

    model_config = ConfigDict(from_attributes=True)
    transaction_id: UUID
    spent_date: date
    amount: Decimal
    currency: str
    description: str
    merchant: str | None
    status: str


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


class Screen(BaseModel):
    """The main screen."""

    balance: Decimal
    spent: Decimal
    daily_targets: list[CategoryOut]
    week: list[DayOut]
    transactions: list[MadeOut]


class Dashboard(Envelope):
    """The main screen."""

    data: Screen


class Stored(Envelope):
    """A stored purchase."""

    data: EnteredOut


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

    @application.get("/api/dashboard", response_model=Dashboard)
    async def dashboard(user: User, opened: Session) -> dict[str, Any]:  # type: ignore[valid-type]
        today = datetime.now(tz=UTC).date()
        monday = today - timedelta(days=today.weekday())
        days = await opened.scalars(  # type: ignore[attr-defined]
            select(DayTotal).where(
                DayTotal.user_id == user,
                DayTotal.plan_date >= monday,
                DayTotal.plan_date <= monday + timedelta(days=6),
            )
        )
        parts = await opened.scalars(  # type: ignore[attr-defined]
            select(DayCategory).where(DayCategory.user_id == user, DayCategory.plan_date == today)
        )
        latest = await opened.scalars(  # type: ignore[attr-defined]
            select(Made)
            .where(Made.user_id == user, Made.is_spending)
            .order_by(Made.spent_date.desc(), Made.transaction_id.desc())
            .limit(10)
        )
        accounts = await opened.scalars(select(Account).where(Account.user_id == user))  # type: ignore[attr-defined]
        week = [
            {"date": day.plan_date, "day": day.plan_date.day, "limit": Decimal(day.planned_minor) / 100,
             "spent": Decimal(day.spent_minor) / 100, "total": Decimal(day.planned_minor) / 100,
             "status": day.status, "planned_budget": {}}
            for day in days
        ]  # fmt: skip
        data = {
            "balance": sum((Decimal(account.balance_minor or 0) / 100 for account in accounts), Decimal(0)),
            "spent": next((day["spent"] for day in week if day["date"] == today), Decimal(0)),
            "daily_targets": [
                {"planned": Decimal(part.planned_minor) / 100, "spent": Decimal(part.spent_minor) / 100,
                 "status": part.status}
                for part in parts
            ],
            "week": week,
            "transactions": [
                {**{name: getattr(row, name) for name in MadeOut.model_fields if name != "amount"},
                 "amount": -Decimal(row.amount_minor) / 100}
                for row in latest
            ],
        }  # fmt: skip
        return {"data": data, "timestamp": datetime.now(tz=UTC)}

    @application.post("/api/transactions/", response_model=Stored, status_code=201)
    async def purchase(given: PurchaseIn, user: User, opened: Session) -> dict[str, Any]:  # type: ignore[valid-type]
        account = (
            await opened.scalars(select(Account).where(Account.user_id == user).limit(1))  # type: ignore[attr-defined]
        ).one()
        today = datetime.now(tz=UTC).date()
        row = Entered(
            user_id=user, transaction_id=uuid4(), account_id=account.account_id, booked_date=today,
            spent_date=today, amount_minor=-int(given.amount * 100), currency="EUR", status="posted",
            description=given.merchant or "", counterparty=given.merchant,
        )  # fmt: skip
        opened.add(row)  # type: ignore[attr-defined]
        await opened.flush()  # type: ignore[attr-defined]
        opened.add(Decision(user_id=user, transaction_id=row.transaction_id, category_code="coffee"))  # type: ignore[attr-defined]
        await opened.flush()  # type: ignore[attr-defined]
        await opened.refresh(row)  # type: ignore[attr-defined]
        data = {
            "transaction_id": row.transaction_id, "spent_date": row.spent_date, "amount": given.amount,
            "currency": row.currency, "description": row.description, "merchant": row.counterparty,
            "status": row.status,
        }  # fmt: skip
        return {"data": data, "timestamp": datetime.now(tz=UTC)}

    return application
