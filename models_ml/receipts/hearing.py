"""What a language model's reading changes: two readers that agree are believed, one alone proposes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from models_ml.receipts.choose import PROVING
from models_ml.receipts.evidence import Evidence
from models_ml.receipts.fields import Field, Head
from models_ml.receipts.model import ReceiptModel
from models_ml.receipts.names import mended
from models_ml.receipts.second_reading import (
    SecondReading,
    day_that_stands,
    is_same_name,
    name_that_stands,
    total_that_stands,
)
from models_ml.receipts.totals import TotalCandidate

T = TypeVar("T")
#: What two readers agree on is worth this, or a field's threshold where that is higher; what the language
#: model alone read is a proposal.
AGREED, PROPOSED = 0.9, 0.5
#: An engine that is less sure of the digits may have misread them for both readers.
LEAST_READ = 0.8
_ALONE = "only the language model read it"


def heard(  # noqa: PLR0913, PLR0917 - what was read twice, and what it is held against
    head: Head,
    read: Evidence,
    totals: Sequence[TotalCandidate],
    second: SecondReading,
    model: ReceiptModel,
    currency: str,
    latest_day: date,
) -> Head:
    """The head with the second reading's say on its fields that are missing or below their threshold."""
    merchant, named = _merchant(head, read, second, model)
    day, dated = _day(head, read, second, model, latest_day)
    total, proofs, summed = _total(head, read, totals, second, model, currency)
    notes = {"merchant": named, "date": dated, "total": summed}
    return replace(head, merchant=merchant, day=day, total=total, proofs=proofs, notes=notes)


def _is_sure(field: Field[T] | None, name: str, model: ReceiptModel) -> bool:
    return field is not None and field.confidence >= model.fields[name].threshold


def _agreed(field: Field[T], name: str, model: ReceiptModel) -> Field[T]:
    return replace(field, confidence=max(AGREED, model.fields[name].threshold))


def _merchant(
    head: Head, read: Evidence, second: SecondReading, model: ReceiptModel
) -> tuple[Field[str] | None, str]:
    own, told = head.merchant, name_that_stands(read, second)
    if told is None or _is_sure(own, "merchant", model):
        return own, ""
    if own is None:
        return Field(mended(told.text), PROPOSED, told.box), _ALONE
    if is_same_name(own.value, told.text):
        return _agreed(own, "merchant", model), ""
    return own, f"the language model reads {told.text}"


def _day(
    head: Head, read: Evidence, second: SecondReading, model: ReceiptModel, latest_day: date
) -> tuple[Field[date] | None, str]:
    """Where day and month could be either way round, agreement tells nothing: both readers guess alike."""
    own, told = head.day, day_that_stands(read, second, latest_day)
    if told is None or _is_sure(own, "date", model):
        return own, ""
    day, box = told
    if own is None:
        return Field(day, PROPOSED, box), _ALONE
    if own.value != day:
        return own, f"the language model reads {day.isoformat()}"
    return (own, "") if head.could_be_two else (_agreed(own, "date", model), "")


def _total(  # noqa: PLR0913, PLR0917
    head: Head,
    read: Evidence,
    totals: Sequence[TotalCandidate],
    second: SecondReading,
    model: ReceiptModel,
    currency: str,
) -> tuple[Field[int] | None, frozenset[str], str]:
    """The total, what proves it, and what the language model reads against it."""
    own, told = head.total, total_that_stands(read, second, currency)
    if told is None or own is None or _is_sure(own, "total", model):
        return own, head.proofs, ""
    known = {one.minor: one for one in totals}
    chosen, other = known[own.value], known[abs(told.minor)]
    if other is chosen:
        is_believed = _is_well_read(chosen) and not any(_is_proven_more(one, chosen) for one in totals)
        return (_agreed(own, "total", model) if is_believed else own), head.proofs, ""
    if _is_proven_more(other, chosen):
        return _agreed(Field(other.minor, 0.0, told.box), "total", model), other.proofs, ""
    return own, head.proofs, f"the language model reads {told.text}"


def _is_well_read(candidate: TotalCandidate) -> bool:
    return max(place.confidence for place in candidate.places) >= LEAST_READ


def _is_proven_more(other: TotalCandidate, chosen: TotalCandidate) -> bool:
    """Whether the receipt's arithmetic speaks more for another value than for the chosen one."""
    return "is_part" not in other.proofs and len(other.proofs & PROVING) > len(chosen.proofs & PROVING)
