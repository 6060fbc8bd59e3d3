"""The caller as the client reads them."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, Field

from api.schemas import Amount, Currency, Instant


class Me(BaseModel):
    """The signed-in user."""

    id: UUID
    email: str
    name: str
    income: Amount = Field(description="A month's, as the user stated it; 0 while it is read off statements.")
    savings_goal: Amount
    budget_method: str = Field(examples=["50/30/20"])
    currency: Currency
    region: str | None
    country: str = Field(examples=["BG"])
    timezone: str = Field(examples=["Europe/Sofia"])
    has_onboarded: bool = Field(description="An income was stated or a statement imported.")
    notifications_enabled: bool
    dark_mode_enabled: bool
    member_since: Instant
    profile_completion: int = Field(ge=0, le=100)
    verified_email: bool
