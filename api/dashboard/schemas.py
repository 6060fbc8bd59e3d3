"""The main screen as the client reads it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from api.schemas import Amount, ClientCategory, Currency, Instant

Icon = Literal[
    "restaurant",
    "directions_car",
    "movie",
    "shopping_bag",
    "local_hospital",
    "power",
    "category",
    "attach_money",
]
Color = Annotated[str, Field(pattern="^#[0-9A-F]{6}$", examples=["#43A047"])]


class DailyTarget(BaseModel):
    """What today's plan allows in one category."""

    category: ClientCategory
    limit: Amount
    spent: Amount
    icon: Icon
    color: Color


class WeekDay(BaseModel):
    """One day of the current week, Monday first."""

    day: Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    date: date
    status: Literal["good", "warning", "over"]
    spent: Amount
    budget: Amount


class LatestTransaction(BaseModel):
    """One of the latest purchases and refunds."""

    id: UUID
    amount: Amount = Field(description="Positive for money spent, negative for a refund.")
    currency: Currency
    category: ClientCategory
    action: str = Field(description="What to call it: the merchant, else the bank's text.")
    date: Instant
    icon: Icon
    color: Color


class Insight(BaseModel):
    """One sentence with a title."""

    title: str
    text: str


class Goal(BaseModel):
    """A savings goal."""

    id: UUID
    title: str
    category: str
    target_amount: Amount
    saved_amount: Amount
    progress: float = Field(ge=0, le=100)
    priority: str
    is_overdue: bool
    target_date: date | None
    remaining_amount: Amount


class GoalsSummary(BaseModel):
    """How the goals stand."""

    total_active: int
    near_completion: int
    overdue: int


class Challenge(BaseModel):
    """A challenge that the user takes part in."""

    id: UUID
    name: str
    description: str
    difficulty: str
    duration_days: int
    reward_points: int
    progress_percentage: float
    days_completed: int


class ChallengesSummary(BaseModel):
    """How the challenges stand."""

    active_challenges: int
    completed_this_month: int
    current_streak: int


class SafeToSpend(BaseModel):
    """What may be spent today without touching a bill or running dry before money comes in."""

    amount: Amount = Field(description="What plan and forecast both allow.")
    cap: Amount | None = Field(description="What the forecast alone allows; null where there is none.")
    next_income_date: date | None
    reaches_payday: Literal["yes", "probably", "unlikely"] | None


class Dashboard(BaseModel):
    """Everything that the main screen shows; today and the week are the user's."""

    balance: Amount = Field(description="Of all accounts but loans that are in the user's currency.")
    currency: Currency
    spent: Amount = Field(description="Today.")
    safe_to_spend: SafeToSpend | None = Field(description="Null without a plan.")
    daily_targets: list[DailyTarget]
    week: Annotated[list[WeekDay], Field(min_length=7, max_length=7)]
    transactions: list[LatestTransaction] = Field(max_length=10)
    insights_preview: Insight
    user_income: Amount = Field(description="The monthly income that the plan shares out.")
    goals: list[Goal]
    goals_summary: GoalsSummary
    challenges: list[Challenge]
    challenges_summary: ChallengesSummary


EXAMPLE = {
    "balance": 1234.56,
    "currency": "EUR",
    "spent": 13.70,
    "safe_to_spend": {
        "amount": 24.10,
        "cap": 312.00,
        "next_income_date": "2026-11-30",
        "reaches_payday": "yes",
    },
    "daily_targets": [
        {
            "category": "groceries",
            "limit": 35.00,
            "spent": 7.50,
            "icon": "shopping_bag",
            "color": "#43A047",
        }
    ],
    "week": [
        {"day": day, "date": f"2026-03-{number:02}", "status": "good", "spent": 13.70, "budget": 42.50}
        for number, day in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), start=9)
    ],
    "transactions": [
        {
            "id": "0190a5c1-7c3e-7e2a-9d3b-0f6f0d1c2b3a",
            "amount": 12.50,
            "currency": "EUR",
            "category": "groceries",
            "action": "Lidl",
            "date": "2026-03-14T10:00:00Z",
            "icon": "shopping_bag",
            "color": "#43A047",
        }
    ],
    "insights_preview": {"title": "Left for today", "text": "28.80 of 42.50 EUR"},
    "user_income": 2000.00,
    "goals": [],
    "goals_summary": {"total_active": 0, "near_completion": 0, "overdue": 0},
    "challenges": [],
    "challenges_summary": {"active_challenges": 0, "completed_this_month": 0, "current_streak": 0},
}
