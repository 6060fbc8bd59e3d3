"""The calendar as the client reads it."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from api.schemas import Amount, ClientCategory, Currency, Light


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
    planned_budget: dict[ClientCategory, CategoryBudget] = Field(
        description="Categories with a plan or spending on that day, by the client's names."
    )


class CalendarMonth(BaseModel):
    """The days of a month that have a plan; none before the first statement."""

    calendar: list[CalendarDay]
    currency: Currency


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
