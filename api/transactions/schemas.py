"""Transactions as the client reads and asks for them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.schemas import Amount, ClientCategory, Currency, Instant


class Transaction(BaseModel):
    """One purchase, refund or other line of an account."""

    id: UUID
    category: ClientCategory
    category_code: str = Field(description="The leaf of the product's own taxonomy.", examples=["coffee"])
    group: Literal["need", "want", "saving", "income", "transfer"]
    amount: Amount = Field(description="Positive for money out, negative for money in (refunds).")
    currency: Currency
    description: str | None
    merchant: str | None
    location: str | None
    tags: list[str]
    is_recurring: bool
    is_pending: bool
    confidence_score: float | None = Field(description="How sure the model is; null where the user decided.")
    receipt_url: str | None
    notes: str | None
    spent_at: Instant
    created_at: Instant
    updated_at: Instant


class PageQuery(BaseModel):
    """Which transactions, and how many."""

    model_config = ConfigDict(frozen=True)

    skip: int = Field(default=0, ge=0, le=1_000_000)
    limit: int = Field(default=100, ge=1, le=1000)
    start_date: AwareDatetime | date | None = Field(
        default=None, description="From the day of this instant in the user's zone, or from this day."
    )
    end_date: AwareDatetime | date | None = Field(default=None, description="Up to that day, inclusive.")
    category: str | None = Field(
        default=None,
        max_length=64,
        pattern=r"^[a-z_]+$",
        description="The client's name of a category, or a leaf's code.",
        examples=["groceries"],
    )
    include: Literal["spending", "all"] = Field(
        default="spending", description="`all` adds income, savings and transfers between own accounts."
    )

    def parameters(self) -> dict[str, Any]:
        """The same for the statement, which knows the user's zone."""
        return {
            "skip": self.skip,
            "limit": self.limit,
            "category": self.category,
            "everything": self.include == "all",
            **_bound("start", self.start_date),
            **_bound("end", self.end_date),
        }


def _bound(name: str, value: datetime | date | None) -> dict[str, datetime | date | None]:
    is_instant = isinstance(value, datetime)
    return {f"{name}_at": value if is_instant else None, f"{name}_day": None if is_instant else value}


EXAMPLE = [
    {
        "id": "0190a5c1-7c3e-7e2a-9d3b-0f6f0d1c2b3a",
        "category": "dining",
        "category_code": "coffee",
        "group": "want",
        "amount": 3.10,
        "currency": "EUR",
        "description": "POS 4711 ESPRESSO BAR",
        "merchant": "Espresso Bar",
        "location": None,
        "tags": [],
        "is_recurring": False,
        "is_pending": False,
        "confidence_score": 0.875,
        "receipt_url": None,
        "notes": None,
        "spent_at": "2026-03-14T10:00:00Z",
        "created_at": "2026-03-14T18:30:00.000Z",
        "updated_at": "2026-03-14T18:30:00.000Z",
    }
]
