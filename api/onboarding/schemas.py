"""What somebody tells when they begin."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.auth.schemas import Country, TimeZone
from api.schemas import GivenAmount, JsonObject, keepable

Positive = Annotated[GivenAmount, Field(ge=0)]
CategoryName = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z_ -]+$")]


class Part(BaseModel):
    """A part of the answers; what the client adds later is kept, too."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Income(Part):
    """What comes in, a month."""

    monthly_income: Positive
    additional_income: Positive = Field(default=0, validate_default=True)


class Goals(Part):
    """What is to be put aside, a month."""

    savings_goal_amount_per_month: Positive = Field(default=0, validate_default=True)
    savings_goal_type: str | None = Field(default=None, max_length=64)
    has_emergency_fund: bool | None = None
    all_goals: list[Annotated[str, StringConstraints(max_length=64)]] = Field(default=[], max_length=50)


class Answers(BaseModel):
    """Income, fixed expenses, habits and goals; sending them again replaces them."""

    model_config = ConfigDict(frozen=True)

    region: Country
    timezone: TimeZone | None = None
    income: Income
    fixed_expenses: dict[CategoryName, Positive] = Field(default={}, max_length=100)
    spending_habits: JsonObject = {}
    goals: Goals = Goals()
    meta: JsonObject = Field(default={}, alias="_meta")

    @model_validator(mode="before")
    @classmethod
    def _keepable(cls, sent: Any) -> Any:  # noqa: ANN401 - whatever was sent
        """All of it is kept, so all of it must be what Postgres can keep."""
        return keepable(sent) if isinstance(sent, dict) else sent

    def as_sent(self) -> dict[str, Any]:
        """The answers as JSON."""
        return self.model_dump(mode="json", by_alias=True)


class Onboarded(BaseModel):
    """What follows from the answers."""

    has_onboarded: bool
    monthly_income: float
    flexible: float = Field(description="What is left for everyday spending, a month.")
