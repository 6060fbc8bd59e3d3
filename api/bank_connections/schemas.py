"""What OpenAPI says of bank connections."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.schemas import Amount, Currency, Instant


class LinkRequest(BaseModel):
    """Which connection to renew; a new one without it."""

    model_config = ConfigDict(frozen=True)

    connection_id: UUID | None = None


class LinkToken(BaseModel):
    """What opens the bank's dialogue in the client, once and for some hours."""

    link_token: str = Field(examples=["link-sandbox-af1a0311-da53-4636-b754-dd15cc058176"])
    expiration: str = Field(examples=["2026-03-14T13:26:53Z"])


class PublicToken(BaseModel):
    """What the bank's dialogue gave to the client."""

    model_config = ConfigDict(frozen=True)

    public_token: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,200}$")] = Field(
        examples=["public-sandbox-b0e2c4ee-a763-4df5-bfe9-46a46bce993d"]
    )


class BankAccount(BaseModel):
    """An account as the bank last described it; what is owed is negative."""

    name: str
    mask: str = Field(description="The last digits of its number.", examples=["4711"])
    kind: str = Field(examples=["checking"])
    currency: Currency
    balance: Amount | None


class BankConnection(BaseModel):
    """A bank that the user let us read."""

    id: UUID
    institution: str = Field(examples=["First Platypus Bank"])
    status: Literal["active", "needs_sign_in", "failing"]
    problem: str | None = Field(description="What is wrong and what to do; null while it works.")
    problem_code: str | None = Field(examples=["ITEM_LOGIN_REQUIRED"])
    is_waiting: bool = Field(description="There are news that have not been read yet.")
    connected_at: Instant
    synced_at: Instant | None
    accounts: list[BankAccount]


EXAMPLE: dict[str, Any] = {
    "id": "019a9c3e-0000-7000-8000-000000000001",
    "institution": "First Platypus Bank",
    "status": "active",
    "problem": None,
    "problem_code": None,
    "is_waiting": False,
    "connected_at": "2026-03-01T10:00:00Z",
    "synced_at": "2026-03-14T10:00:00Z",
    "accounts": [
        {"name": "Plaid Checking", "mask": "0000", "kind": "checking", "currency": "USD", "balance": 110.25}
    ],
}
