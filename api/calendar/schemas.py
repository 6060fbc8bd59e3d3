"""The calendar as the client reads it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.schemas import Amount, ClientCategory, Currency, GivenAmount, Light, Line, keepable


class CategoryBudget(BaseModel):
    """One category on one day."""

    planned: Amount
    spent: Amount = Field(description="Net of refunds, so that it can be below zero.")
    status: Light = Field(description="Green below 80 % of what was planned, red above it.")


class CalendarDay(BaseModel):
    """One day of the plan."""

    date: date
    day: int = Field(ge=1, le=31)
    limit: Amount = Field(description="What the day's plan allows to spend, savings aside.")
    spent: Amount
    total: Amount = Field(description="The same as limit.")
    status: Literal["active", "pending"] = Field(description="Pending until the day has come.")
    safe_to_spend: Amount | None = Field(
        default=None, description="Today's alone: what plan and forecast balance both allow; else null."
    )
    planned_budget: dict[ClientCategory, CategoryBudget] = Field(
        description="Categories with a plan or spending on that day, by the client's names."
    )


class CalendarMonth(BaseModel):
    """The days of a month that have a plan; none before the first statement."""

    calendar: list[CalendarDay]
    currency: Currency


class ShellRequest(BaseModel):
    """What a calendar is drawn of before there is a plan."""

    model_config = ConfigDict(frozen=True)

    savings_target: Annotated[GivenAmount, Field(ge=0)] = Field(default=0, validate_default=True)
    income: Annotated[GivenAmount, Field(ge=0)]
    location: Line | None = None
    fixed: dict[str, Annotated[GivenAmount, Field(ge=0)]] = Field(default={}, max_length=100)
    weights: dict[str, Annotated[Decimal, Field(ge=0, le=1000)]] = Field(
        default={},
        max_length=100,
        description="Fractions of what is flexible, all of it.",
    )
    year: int = Field(ge=2000, le=2100)
    month: int = Field(ge=1, le=12)


class ShellDay(BaseModel):
    """One day of it."""

    date: date
    day: int
    limit: float
    spent: float
    total: float
    status: str
    planned_budget: dict[str, dict[str, Any]]


class Shell(BaseModel):
    """All days of the month; their limits sum to income less fixed expenses and savings."""

    calendar: list[ShellDay]


class GivenDay(BaseModel):
    """A day as the client holds it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    total: GivenAmount = Field(default=0, validate_default=True)
    limit: GivenAmount = Field(default=0, validate_default=True)

    @model_validator(mode="after")
    def check_the_rest(self) -> Self:
        """What else the client holds of a day is given back, so it has to be JSON that we can write."""
        keepable(self.model_extra or {})
        return self


class RedistributeRequest(BaseModel):
    """Days to balance."""

    model_config = ConfigDict(frozen=True)

    calendar: dict[str, GivenDay] = Field(max_length=400)
    strategy: str = Field(default="balance", max_length=40)


class Redistributed(BaseModel):
    """The same days with limits that cover each other."""

    updated_calendar: dict[str, dict[str, Any]]


EXAMPLE = {
    "calendar": [
        {
            "date": "2026-03-14",
            "day": 14,
            "limit": 42.50,
            "spent": 13.70,
            "total": 42.50,
            "status": "active",
            "planned_budget": {
                "groceries": {"planned": 35.00, "spent": 7.50, "status": "green"},
                "dining": {"planned": 7.50, "spent": 6.20, "status": "yellow"},
            },
        }
    ],
    "currency": "EUR",
}
