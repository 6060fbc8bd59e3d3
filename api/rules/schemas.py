"""Rules, memory and series as the API takes and gives them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import JsonObject, Line
from warehouse.repositories.rule_statements import NewRule


class RuleRequest(BaseModel):
    """Where these conditions hold, these actions are done; docs/rules.md says what both may be."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "name": "Groceries at Lidl",
                "match": "all",
                "conditions": [{"field": "text", "is": "contains", "value": "lidl"}],
                "actions": {"category": "groceries"},
                "for_past": True,
            }
        },
    )

    name: Annotated[Line, Field(min_length=1)]
    conditions: Annotated[list[JsonObject], Field(min_length=1, max_length=20)]
    actions: JsonObject
    match: Literal["all", "any"] = "all"
    for_past: bool = True

    def rule(self) -> NewRule:
        """The rule as the warehouse keeps it."""
        return NewRule(self.name, self.conditions, self.actions, self.match, self.for_past)


class MoveRequest(BaseModel):
    """Where a rule goes."""

    place: Annotated[int, Field(ge=1, le=1000)]


class SwitchRequest(BaseModel):
    """Whether a rule is on."""

    is_on: bool


class MerchantRequest(BaseModel):
    """A merchant as `/api/memory` names it."""

    merchant: Annotated[Line, Field(min_length=1)]


class WordRequest(BaseModel):
    """What the user says of a series."""

    word: Literal["confirmed", "rejected"]


class Rule(BaseModel):
    """A rule in its place, and how many lines it holds for."""

    rule_id: UUID
    place: int
    name: str
    match: str
    conditions: list[dict[str, Any]]
    actions: dict[str, Any]
    for_past: bool
    is_on: bool
    lines: int


class RuleExample(BaseModel):
    """A line that a rule would hold for; the amount in minor units, negative for money out."""

    transaction_id: UUID
    spent_date: date
    description: str
    amount_minor: int
    currency: str
    category_before: str
    origin_before: str
    category_after: str


class RulePreview(BaseModel):
    """What a rule would do to the past."""

    holds: int
    changes: int
    kept_by_user: int
    examples: list[RuleExample]


class RuleSuggestion(BaseModel):
    """A rule that says what the user has said line by line."""

    name: str
    conditions: list[dict[str, Any]]
    actions: dict[str, Any]
    corrections: int
    lines: int


class Remembered(BaseModel):
    """What corrections taught of a merchant, and how many past lines could follow."""

    merchant: str
    is_in: bool
    category_code: str
    probability: float
    reason: str
    past_lines: int


class Follower(BaseModel):
    """A past line that would follow."""

    transaction_id: UUID
    spent_date: date
    description: str
    amount_minor: int
    currency: str
    category_before: str
    category_after: str


class Applied(BaseModel):
    """What an application changed; its id takes it back."""

    application_id: UUID | None
    lines: int


class Series(BaseModel):
    """A series that comes again; amounts are positive for money spent."""

    series_id: UUID
    name: str
    category_code: str
    direction: str
    cadence: str
    currency: str
    amount: float
    amount_from: float
    amount_to: float
    yearly_amount: float
    price_before: float | None
    price_changed_on: date | None
    last_date: date
    next_date: date | None
    status: str
    times: int
    missed: int
    doubled: int
    is_subscription: bool
    is_income: bool
    probability: float
    word: str | None
