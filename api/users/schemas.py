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


EXAMPLE = {
    "id": "0190a5c1-7c3e-7e2a-9d3b-0f6f0d1c2b3a",
    "email": "maria@example.org",
    "name": "Maria",
    "income": 2000.00,
    "savings_goal": 0.00,
    "budget_method": "50/30/20",
    "currency": "EUR",
    "region": None,
    "country": "BG",
    "timezone": "Europe/Sofia",
    "has_onboarded": True,
    "notifications_enabled": False,
    "dark_mode_enabled": False,
    "member_since": "2026-01-31T08:00:00.000Z",
    "profile_completion": 100,
    "verified_email": False,
}
