"""A value read from a receipt, and the three that a receipt is nothing without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from models_ml.receipts.layout import Box

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """A value with its calibrated confidence and the rectangle on the image where it stands."""

    value: T
    confidence: float
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """Merchant, day and total (minor units), None where nothing shows them.

    ``proofs`` are the total's; ``could_be_two`` says that the day has two readings and nothing tells which.
    ``notes`` say by field what a language model read that is not believed without somebody's word.
    """

    merchant: Field[str] | None
    day: Field[date] | None
    total: Field[int] | None
    proofs: frozenset[str]
    could_be_two: bool
    notes: Mapping[str, str]
