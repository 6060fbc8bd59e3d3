"""What monitors are told."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

Part = Literal["database", "migrations", "marts"]


class Health(BaseModel):
    """The process answers."""

    status: Literal["healthy"] = "healthy"


class Readiness(BaseModel):
    """Whether everything is there that answers need."""

    status: Literal["ready", "not ready"]
    missing: dict[Part, str] = Field(
        description="What is missing, with what to do about it.",
        examples=[{"marts": "run 'mita build' or ingest a statement"}],
    )
