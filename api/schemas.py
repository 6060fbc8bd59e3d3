"""Types that several domains' answers share."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints, WithJsonSchema

from warehouse.calendar import EARLIEST, LATEST, is_of_our_time

#: A JSON number with the currency's own decimals, e.g. 12.30 EUR, 1230 JPY, 1.230 KWD.
Amount = Annotated[
    Decimal,
    WithJsonSchema({"type": "number", "description": "Major units with the currency's own decimals."}),
]
#: An amount that a client sends: a JSON number, or the same as text; at most a million millions.
GivenAmount = Annotated[
    Decimal,
    Field(ge=-1_000_000_000_000, le=1_000_000_000_000, max_digits=20),
    WithJsonSchema({"type": "number", "minimum": -1_000_000_000_000, "maximum": 1_000_000_000_000}),
]


#: A line or a paragraph that a person typed.
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00]*$"),
]
Paragraph = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]


def keepable(value: dict[str, Any]) -> dict[str, Any]:
    """The object as Postgres can keep it; raises ValueError for zero characters and endless integers."""
    try:
        written = orjson.dumps(value, default=float)
    except TypeError as error:
        message = "must be JSON with integers of at most 64 bits"
        raise ValueError(message) from error
    if b"\\u0000" in written:
        message = "must not contain zero characters"
        raise ValueError(message)
    kept: dict[str, Any] = orjson.loads(written)
    return kept


#: An object whose meaning is the client's.
JsonObject = Annotated[dict[str, Any], AfterValidator(keepable)]


def instant(value: datetime | None) -> datetime:
    """With an offset: now for none, UTC for one that has none."""
    if value is None:
        return datetime.now(tz=UTC)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _of_our_time(value: date) -> date:
    day = value.date() if isinstance(value, datetime) else value
    if not is_of_our_time(day):
        message = f"must lie between {EARLIEST} and {LATEST}"
        raise ValueError(message)
    return value


SpentAt = Annotated[
    AwareDatetime | datetime,
    AfterValidator(_of_our_time),
    Field(description="From 2000 to 2049; now when absent, UTC without an offset."),
]
SpentDay = Annotated[date, AfterValidator(_of_our_time)]


class Nothing(BaseModel):
    """An answer that says no more than that it was done."""


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
