"""Types that several domains' answers share."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

#: A JSON number with the currency's own decimals, e.g. 12.30 EUR, 1230 JPY, 1.230 KWD.
Amount = Annotated[
    Decimal,
    WithJsonSchema({"type": "number", "description": "Major units with the currency's own decimals."}),
]
#: An instant in UTC; transactions that a bank dated by the day stand at noon of the user's zone.
Instant = Annotated[str, Field(examples=["2026-03-14T10:00:00Z"], json_schema_extra={"format": "date-time"})]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"])]
Light = Literal["green", "yellow", "red"]
ClientCategory = Literal[
    "food",
    "dining",
    "groceries",
    "transportation",
    "gas",
    "public_transport",
    "entertainment",
    "shopping",
    "clothing",
    "healthcare",
    "insurance",
    "utilities",
    "rent",
    "mortgage",
    "education",
    "childcare",
    "pets",
    "travel",
    "subscriptions",
    "gifts",
    "charity",
    "other",
]
