"""How well receipts are read: every field against its label, and what the reading costs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rapidfuzz import fuzz

from flows.receipts.labels import LabelledImage
from flows.receipts.opening import ReceiptRefusedError, open_pages
from flows.receipts.reading import recognised
from models_ml.receipts.reader import Reader, Reading, read_page

if TYPE_CHECKING:
    from flows.clients.ocr.protocol import TextReader
    from models_ml.receipts.model import ReceiptModel

#: Items at least so sure make the total.
ITEMS_PROVEN = 0.9
#: Two spellings of a shop are one when they are at least so alike (0 to 100).
FUZZY = 85.0


@dataclass(frozen=True, slots=True)
class Scored:
    """One receipt's reading against its label."""

    label: LabelledImage
    reading: Reading | None
    refusal: str
    ocr_cpu_seconds: float
    other_cpu_seconds: float

    @property
    def total_right(self) -> bool:
        """Whether the total is exact."""
        return bool(
            self.reading and self.reading.total and self.reading.total.value == self.label.total_minor
        )

    @property
    def date_right(self) -> bool:
        """Whether the date is exact."""
        return bool(self.reading and self.reading.day and self.reading.day.value == self.label.day)

    @property
    def items_right(self) -> bool:
        """Whether as many lines were read as the label tells, and they make the total."""
        return _are_proven(self) and bool(self.reading and len(self.reading.items) == self.label.items)

    @property
    def merchant_ratio(self) -> float:
        """How alike the merchant is to its label, 0 to 100."""
        read = self.reading.merchant.value if self.reading and self.reading.merchant else ""
        return merchant_likeness(read, self.label.merchant)

    @property
    def is_sure(self) -> bool:
        """Whether nobody is asked to look at it."""
        return bool(self.reading and self.reading.status == "completed")


def merchant_likeness(read: str, truth: str) -> float:
    """Likeness of two names, 0 to 100: by letters, or as sets of words where one is the shorter name."""
    one, other = normalised(read), normalised(truth)
    if not one or not other:
        return 0.0
    squeezed = fuzz.ratio(one.replace(" ", ""), other.replace(" ", ""))
    return max(squeezed, fuzz.token_set_ratio(one, other))


def normalised(name: str) -> str:
    """A name in capitals without punctuation."""
    return " ".join(re.sub(r"[^\w ]", " ", name.upper()).replace("_", " ").split())


def score_folder(
    labels: Sequence[LabelledImage], ocr: TextReader, model: ReceiptModel, about: Reader
) -> Iterable[Scored]:
    """Every receipt of a folder, read and compared, one by one."""
    for label in labels:
        yield _scored(label, ocr, model, about)


def _scored(label: LabelledImage, ocr: TextReader, model: ReceiptModel, about: Reader) -> Scored:
    timed = _Timed(ocr)
    begun = _processor_seconds()
    try:
        page = recognised(open_pages(label.path), timed, label.path.name)
        reading, refusal = read_page(page, model, about), ""
    except ReceiptRefusedError as error:
        reading, refusal = None, str(error)
    spent = _processor_seconds() - begun
    return Scored(label, reading, refusal, timed.seconds, spent - timed.seconds)


def _processor_seconds() -> float:
    """Seconds of all cores that this process and those it ran have used."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


class _Timed:
    """A reader that counts the processor's seconds of the one behind it."""

    def __init__(self, reader: TextReader) -> None:
        self.reader, self.seconds = reader, 0.0

    @property
    def name(self) -> str:
        return self.reader.name

    def read(self, image: Any) -> Any:  # noqa: ANN401 - handed on as they are
        begun = _processor_seconds()
        try:
            return self.reader.read(image)
        finally:
            self.seconds += _processor_seconds() - begun


def figures_of(scored: Sequence[Scored]) -> dict[str, float]:
    """Shares of right fields, coverage and error of those that are not sent to review, and the cost."""
    count = max(len(scored), 1)
    sure = [one for one in scored if one.is_sure]
    exact = [normalised(_merchant(one)) == normalised(one.label.merchant) for one in scored]
    fuzzy = [one.merchant_ratio >= FUZZY for one in scored]
    strict = [
        fuzz.ratio(normalised(_merchant(one)), normalised(one.label.merchant)) >= FUZZY for one in scored
    ]
    every = [one.total_right and one.date_right and near for one, near in zip(scored, fuzzy, strict=True)]
    itemised = [one for one in scored if one.label.items is not None]
    figures = {
        "receipts": float(len(scored)),
        "total_exact": sum(one.total_right for one in scored) / count,
        "date_exact": sum(one.date_right for one in scored) / count,
        "merchant_exact": sum(exact) / count,
        "merchant_fuzzy": sum(fuzzy) / count,
        "merchant_fuzzy_strict": sum(strict) / count,
        "all_three": sum(every) / count,
        "coverage": len(sure) / count,
        "wrong_totals_when_sure": sum(not one.total_right for one in sure) / max(len(sure), 1),
        "wrong_dates_when_sure": sum(not one.date_right for one in sure) / max(len(sure), 1),
        "wrong_merchants_when_sure": sum(one.merchant_ratio < FUZZY for one in sure) / max(len(sure), 1),
        "items_proven": sum(_are_proven(one) for one in scored) / count,
        "ocr_cpu_seconds": sum(one.ocr_cpu_seconds for one in scored) / count,
        "other_cpu_seconds": sum(one.other_cpu_seconds for one in scored) / count,
    }
    if itemised:
        figures["items_right"] = sum(one.items_right for one in itemised) / len(itemised)
    return {name: round(value, 4) for name, value in figures.items()}


def misses_of(scored: Sequence[Scored]) -> list[dict[str, Any]]:
    """The receipts that were read wrong, with what was read and what stands there."""
    return [
        {
            "file": one.label.path.name,
            "status": one.reading.status if one.reading else "failed",
            "total": [
                one.reading.total.value if one.reading and one.reading.total else None,
                one.label.total_minor,
            ],
            "date": [one.reading.day.value if one.reading and one.reading.day else None, one.label.day],
            "merchant": [_merchant(one), one.label.merchant],
            "refusal": one.refusal,
        }
        for one in scored
        if not (one.total_right and one.date_right and one.merchant_ratio >= FUZZY)
    ]


def _are_proven(one: Scored) -> bool:
    return bool(one.reading and one.reading.items_confidence >= ITEMS_PROVEN)


def _merchant(one: Scored) -> str:
    return one.reading.merchant.value if one.reading and one.reading.merchant else ""
