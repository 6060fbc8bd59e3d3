"""The caller as the client reads them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.auth.schemas import Country, Email, TimeZone
from api.schemas import Amount, Currency, GivenAmount, Instant, Line

GivenIncome = Annotated[GivenAmount, Field(ge=0)]


class Me(BaseModel):
    """The signed-in user."""

    id: UUID
    email: str
    name: str
    income: Amount = Field(description="A month's: as stated, else the median of the last six whole months.")
    income_is_stated: bool
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
    settings: dict[str, Any] = Field(description="What the settings screen keeps, as it was sent.")
    verified_email: bool
    is_premium: bool


class Subscription(BaseModel):
    """What the client shows of a subscription."""

    subscription_id: UUID
    product_id: str
    status: str
    platform: str
    expires_at: Instant
    auto_renew: bool
    trial_period: bool


class Premium(BaseModel):
    """Whether somebody has premium, and by what."""

    is_premium: bool
    subscription: Subscription | None


class Features(BaseModel):
    """What premium opens."""

    features: list[str]


class MeChange(BaseModel):
    """What of the user shall change; what is absent stays."""

    model_config = ConfigDict(frozen=True)

    name: Line | None = None
    email: Email | None = Field(default=None, description="A link to verify the new address is mailed to it.")
    income: GivenIncome | None = Field(default=None, description="A month's, in major units.")
    savings_goal: GivenIncome | None = None
    region: Line | None = None
    country: Country | None = None
    timezone: TimeZone | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    budget_method: Annotated[str, StringConstraints(max_length=40, pattern=r"^[0-9a-z/ -]+$")] | None = None
    dark_mode: bool | None = None
    notifications: bool | None = None
    biometric_auth: bool | None = None
    auto_sync: bool | None = None
    offline_mode: bool | None = None
    language: Line | None = None
    date_format: Line | None = None
    budget_alert_threshold: Annotated[Decimal, Field(ge=0, le=1000)] | None = None

    def settings(self) -> dict[str, Any]:
        """Those that only the client gives a meaning to, as far as they were sent."""
        sent = self.model_dump(mode="json", include=SETTINGS, exclude_none=True)
        if self.budget_alert_threshold is not None:
            sent["budget_alert_threshold"] = float(self.budget_alert_threshold)
        return sent


SETTINGS = {
    "dark_mode", "notifications", "biometric_auth", "auto_sync", "offline_mode", "language", "date_format",
}  # fmt: skip


EXAMPLE = {
    "id": "0190a5c1-7c3e-7e2a-9d3b-0f6f0d1c2b3a",
    "email": "maria@example.org",
    "name": "Maria",
    "income": 2000.00,
    "income_is_stated": True,
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
    "settings": {},
    "verified_email": False,
    "is_premium": False,
}
