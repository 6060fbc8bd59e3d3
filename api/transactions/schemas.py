"""Transactions as the client reads and asks for them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from api.amounts import exact_minor
from api.schemas import (
    Amount,
    ClientCategory,
    Currency,
    GivenAmount,
    Instant,
    Line,
    Paragraph,
    SpentAt,
    instant,
)
from warehouse.repositories.purchases import Purchase

Category = Annotated[
    str,
    StringConstraints(max_length=64, pattern=r"^[a-z_]+$"),
    Field(description="The client's name of a category, or a leaf's code.", examples=["groceries"]),
]
Tags = Annotated[list[Annotated[Line, Field(min_length=1)]], Field(max_length=20)]
#: A day, or an instant of which the day in the user's zone is meant. Without an offset it is UTC.
When = AwareDatetime | datetime | date
MAX_PAGE = 1000


class Part(BaseModel):
    """A part of a transaction that the user split; the parts sum to it."""

    category: ClientCategory
    category_code: str
    amount: Amount
    note: str


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
    link_kind: Literal["transfer", "refund", "reimbursement"] | None
    linked_transaction_id: UUID | None = Field(
        description="The other end of a transfer, or the purchase that the money came back from."
    )
    splits: list[Part] = Field(description="Empty unless split; `category` is then that of the largest part.")
    confidence_score: float | None = Field(
        description="How sure it is; null where the user or a rule decided."
    )
    category_origin: str = Field(description="user, rule, link, memory, model, llm or none.")
    category_reason: str = Field(description="Why it has this category, in words.")
    category_model: str | None = Field(description="The version of the model, where its word stands.")
    receipt_url: str | None
    notes: str | None
    account_id: UUID
    spent_at: Instant
    created_at: Instant
    updated_at: Instant
    rebalanced: bool = Field(description="Whether the plan moved money to cover it.")
    rebalance_covered: Amount | None
    rebalance_fully_covered: bool | None


class TransactionPage(BaseModel):
    """A page and where the next one begins; null at the end."""

    transactions: list[Transaction]
    next_cursor: str | None


class NewPurchase(BaseModel):
    """A purchase that the user enters; it stands in the cash account unless another is named."""

    model_config = ConfigDict(frozen=True)

    amount: GivenAmount = Field(description="Positive for money out, negative for a refund.")
    category: Category
    description: Paragraph | None = None
    currency: Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{3}$")] | None = Field(
        default=None, description="The user's own when absent."
    )
    merchant: Line | None = None
    location: Line | None = None
    tags: Tags | None = None
    is_recurring: bool | None = None
    confidence_score: float | None = Field(default=None, ge=0, le=1)
    receipt_url: Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")] | None = None
    notes: Paragraph | None = None
    spent_at: SpentAt | None = None
    account_id: UUID | None = None

    def purchase(self, currency: str, transaction_id: UUID | None = None) -> Purchase:
        """The same in minor units; raises WrongAmountError."""
        code = self.currency or currency
        return Purchase(
            amount_minor=-exact_minor(self.amount, code),
            currency=code,
            spent_at=instant(self.spent_at),
            category=self.category,
            description=self.description or self.merchant or "",
            merchant=self.merchant,
            location=self.location,
            tags=self.tags or (),
            is_recurring=bool(self.is_recurring),
            receipt_url=self.receipt_url,
            notes=self.notes,
            account_id=self.account_id,
            transaction_id=transaction_id,
        )


class ImportedPurchase(NewPurchase):
    """A purchase with the id that the client gave it; the same id again adds nothing."""

    id: UUID | None = None


class BulkImport(BaseModel):
    """Purchases to store at once: all of them, or none."""

    transactions: Annotated[list[ImportedPurchase], Field(min_length=1, max_length=MAX_PAGE)]


class BulkResult(BaseModel):
    """What became of them."""

    imported: int
    skipped: int = Field(description="Had an id that is known already.")
    ids: list[UUID]


class AffordabilityRequest(BaseModel):
    """A purchase that somebody thinks of."""

    category: Category
    amount: Annotated[GivenAmount, Field(ge=0)]
    date: When | None = None


class Alternative(BaseModel):
    """A category with something left today."""

    category: str
    available: Amount


class Affordability(BaseModel):
    """What a purchase would do to the day's plan."""

    category: str
    amount: Amount
    can_afford: bool
    warning_level: Literal["safe", "caution", "warning", "danger", "blocked"]
    daily_budget: Amount
    remaining_budget: Amount
    percentage_used: float
    overage: Amount
    impact_message: str
    suggestions: list[str]
    alternative_categories: list[Alternative]


class DayStatus(BaseModel):
    """What is left of one day."""

    date: date
    budget: Amount
    spent: Amount
    remaining: Amount
    status: Literal["green", "yellow", "red"]


class DayEntry(BaseModel):
    """A purchase as the day's list shows it."""

    id: UUID
    amount: Amount
    currency: Currency
    category: str
    description: str | None
    merchant: str | None
    date: date
    time: Instant
    created_at: Instant


class Filter(BaseModel):
    """Which transactions."""

    model_config = ConfigDict(frozen=True)

    start_date: When | None = Field(
        default=None, description="From the day of this instant in the user's zone, or from this day."
    )
    end_date: When | None = Field(default=None, description="Up to that day, inclusive.")
    category: Category | None = None
    merchant: Line | None = Field(default=None, description="Part of the merchant's name.")
    tags: Line | None = Field(default=None, description="Comma-separated; all of them.")
    text: Line | None = Field(default=None, description="In merchant, description or notes.")
    account_id: UUID | None = None
    include: Literal["spending", "all"] = Field(
        default="spending", description="`all` adds income, savings and transfers between own accounts."
    )

    def parameters(self) -> dict[str, Any]:
        """The same for the statement, which knows the user's zone."""
        return {
            "category": self.category,
            "merchant": self.merchant,
            "tags": [tag.strip() for tag in self.tags.split(",") if tag.strip()] if self.tags else None,
            "text": self.text,
            "account_id": self.account_id,
            "everything": self.include == "all",
            "before_day": None,
            "before_id": None,
            **bound("start", self.start_date),
            **bound("end", self.end_date),
        }


class ExportQuery(Filter):
    """Which transactions, as which table."""

    format: Literal["csv", "xlsx"] = "csv"


class PageQuery(Filter):
    """Which transactions, and how many."""

    skip: int = Field(default=0, ge=0, le=1_000_000)
    limit: int = Field(default=100, ge=1, le=MAX_PAGE)

    def parameters(self) -> dict[str, Any]:
        """The same for the statement."""
        return {**super().parameters(), "skip": self.skip, "limit": self.limit}


class CursorQuery(Filter):
    """Which transactions, how many, and after which."""

    limit: int = Field(default=100, ge=1, le=MAX_PAGE)
    cursor: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d_[0-9a-f-]{36}$")] | None = Field(
        default=None, description="`next_cursor` of the page before."
    )

    def parameters(self) -> dict[str, Any]:
        """The same for the statement; raises ValueError for a cursor that none was."""
        day, _, transaction_id = (self.cursor or "").partition("_")
        return {
            **super().parameters(),
            "skip": 0,
            "limit": self.limit,
            "before_day": date.fromisoformat(day) if day else None,
            "before_id": UUID(transaction_id) if day else None,
        }


def bound(name: str, value: datetime | date | None) -> dict[str, datetime | date | None]:
    """A day or an instant as the two parameters of which the statement takes the one that is there."""
    if isinstance(value, datetime):
        return {f"{name}_at": instant(value), f"{name}_day": None}
    return {f"{name}_at": None, f"{name}_day": value}


EXAMPLE_TRANSACTION: dict[str, Any] = {
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
    "link_kind": None,
    "linked_transaction_id": None,
    "splits": [],
    "confidence_score": 0.875,
    "category_origin": "model",
    "category_reason": "the model reads it in the text with 88 %",
    "category_model": "3f2a9c10b7de",
    "receipt_url": None,
    "notes": None,
    "account_id": "0190a5c1-7c3e-7e2a-9d3b-0f6f0d1c2b3b",
    "spent_at": "2026-03-14T10:00:00Z",
    "created_at": "2026-03-14T18:30:00.000Z",
    "updated_at": "2026-03-14T18:30:00.000Z",
    "rebalanced": False,
    "rebalance_covered": None,
    "rebalance_fully_covered": None,
}
EXAMPLE = [EXAMPLE_TRANSACTION]
