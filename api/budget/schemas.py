"""Budgets as the client reads and changes them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import Amount, Currency, GivenAmount, JsonObject, Light, Line, SpentDay
from api.transactions.schemas import Category

Mode = Literal["default", "flexible", "strict", "behavioral", "goal"]


class DayBudget(BaseModel):
    """One day of the current month."""

    date: date
    limit: Amount
    spent: Amount
    status: Light


class DayCategory(BaseModel):
    """One category on one day."""

    category: str
    category_code: str
    group: str
    planned: Amount
    spent: Amount
    status: Light


class DayDetail(DayBudget):
    """One day with its categories."""

    safe_to_spend: Amount | None = Field(
        default=None, description="Today's alone: what plan and forecast balance both allow; else null."
    )
    categories: list[DayCategory]


class Remaining(BaseModel):
    """What is left of a month."""

    total_budget: Amount
    total_spent: Amount
    remaining: Amount
    categories: dict[str, Amount]


class MonthCategory(BaseModel):
    """One category in a month."""

    planned: Amount
    spent: Amount
    remaining: Amount


class MonthBudget(BaseModel):
    """A month's plan."""

    categories: dict[str, MonthCategory]
    total_planned: Amount
    total_spent: Amount
    currency: Currency


class Suggestion(BaseModel):
    """A category over its plan."""

    category: str
    amount: Amount
    message: str


class Suggestions(BaseModel):
    """What is over its plan, as facts."""

    suggestions: list[Suggestion]
    confidence: float
    intelligent_insights: list[Any]
    category_insights: dict[str, Any]
    total_count: int


class LiveStatus(BaseModel):
    """The month and the day at a glance."""

    monthly_budget: Amount
    monthly_spent: Amount
    total_budget: Amount
    total_spent: Amount
    daily_budget: Amount
    spent_today: Amount
    remaining_today: Amount
    status: Literal["good", "warning", "over"]
    on_track: bool


class ModeSetting(BaseModel):
    """How strictly the plan is meant."""

    model_config = ConfigDict(frozen=True)

    mode: Mode


Method = Literal["50/30/20", "60/20/20", "zero-based", "percentage", "last-period", "learned"]
Cycle = Literal["monthly", "semi-monthly", "fortnightly", "weekly", "last-working-day"]
MovesMode = Literal["auto", "suggest", "off"]
DayRule = Literal["spread", "carry", "save"]
Carry = Literal["none", "surplus", "both"]
Kind = Literal["bill", "instalment", "expense", "goal"]


class PlanSettings(BaseModel):
    """How budgets come about and become days; docs/daily_plan.md says what each choice does."""

    method: Method
    monthly_income: Amount | None = Field(description="Null while it is read off the statements.")
    cycle: Cycle
    pay_day: int = Field(description="The day of the month on which a period begins.")
    cycle_anchor: date = Field(description="The first day of any weekly or fortnightly period.")
    moves_mode: MovesMode
    day_rule: DayRule
    is_forecast: bool = Field(description="Whether money moves for what a category will need.")


class PlanSettingsChange(BaseModel):
    """What of it shall change; an income of null is read off the statements again."""

    model_config = ConfigDict(frozen=True)

    method: Method = "50/30/20"
    monthly_income: Annotated[GivenAmount, Field(ge=0)] | None = None
    cycle: Cycle = "monthly"
    pay_day: Annotated[int, Field(ge=1, le=31)] = 1
    cycle_anchor: SpentDay = date(2024, 1, 1)
    moves_mode: MovesMode = "auto"
    day_rule: DayRule = "spread"
    is_forecast: bool = False


class OwnBudgetChange(BaseModel):
    """What a category should have a period, and what of it rolls over."""

    model_config = ConfigDict(frozen=True)

    amount: Annotated[GivenAmount, Field(ge=0)] | None = Field(
        default=None, description="For the zero-based method."
    )
    share: Annotated[Decimal, Field(ge=0, le=1, decimal_places=4)] | None = Field(
        default=None, description="Of the income, for the percentage method."
    )
    carry: Carry = "none"


class OwnBudget(BaseModel):
    """What the user decided for a category."""

    category_code: str
    amount: Amount | None
    share: float | None
    carry: Carry


class CommitmentRequest(BaseModel):
    """Money that is due on a day."""

    model_config = ConfigDict(frozen=True)

    category_code: Annotated[Line, Field(min_length=1)]
    due_date: SpentDay
    amount: Annotated[GivenAmount, Field(gt=0)]
    kind: Kind = "expense"
    name: Line = ""


class Commitment(BaseModel):
    """A commitment of the user's own; paid once it names the transaction."""

    commitment_id: UUID
    category_code: str
    due_date: date
    amount: Amount
    kind: Kind
    name: str
    transaction_id: UUID | None


class Payment(BaseModel):
    """Which transaction paid a commitment; null for none."""

    model_config = ConfigDict(frozen=True)

    transaction_id: UUID | None


class AutomationSettings(BaseModel):
    """What happens by itself."""

    auto_redistribution: bool
    realtime_alerts: bool
    behavioral_learning: bool
    smart_suggestions: bool


class AutomationChange(BaseModel):
    """What of it shall change."""

    model_config = ConfigDict(frozen=True)

    auto_redistribution: bool | None = None
    realtime_alerts: bool | None = None
    behavioral_learning: bool | None = None
    smart_suggestions: bool | None = None


class AllocationRequest(BaseModel):
    """An amount to share out by how the user spends."""

    model_config = ConfigDict(frozen=True)

    total_amount: Annotated[GivenAmount, Field(ge=0)]
    profile: JsonObject | None = None


class Allocation(BaseModel):
    """A category's part."""

    amount: float
    confidence: float = Field(description="1 where it is the user's own share, 0 where it is everybody's.")


class Allocations(BaseModel):
    """The parts; they sum to the amount exactly."""

    allocations: dict[str, Allocation]


class IncomeRequest(BaseModel):
    """A month's income."""

    model_config = ConfigDict(frozen=True)

    monthly_income: Annotated[GivenAmount, Field(ge=0)]


class IncomeAllocations(BaseModel):
    """The parts of an income."""

    allocations: dict[str, float]


class MonthRequest(BaseModel):
    """A month."""

    model_config = ConfigDict(frozen=True)

    year: int = Field(ge=2000, le=2100)
    month: int = Field(ge=1, le=12)
    user_answers: JsonObject | None = None


class Move(BaseModel):
    """Money moved from one category to another by hand; counts from today's opening plan on."""

    model_config = ConfigDict(frozen=True)

    from_category: Category
    to_category: Category
    amount: Annotated[GivenAmount, Field(gt=0)]


class Moved(BaseModel):
    """A move, as the history shows it."""

    model_config = ConfigDict(populate_by_name=True)

    source: str = Field(alias="from")
    to: str
    amount: float
    date: date
    reason: Literal["overspent", "needed_ahead", "underspent", "user"]
    from_code: str
    to_code: str
