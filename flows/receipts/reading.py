"""Read receipts from files: open, check, recognise, understand."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.receipts.opening import Pixels, ReceiptRefusedError, open_pages
from models_ml.receipts.fields import Field
from models_ml.receipts.items import Item
from models_ml.receipts.page import Page, TextLine
from models_ml.receipts.quality import faults_of
from models_ml.receipts.reader import Reader, Reading, read_page
from warehouse.money import exponent

if TYPE_CHECKING:
    from flows.clients.ocr.protocol import TextReader
    from models_ml.receipts.model import ReceiptModel


@dataclass(frozen=True, slots=True)
class ReceiptOutcome:
    """What became of one file; ``reading`` is None for one that was refused, with the reason."""

    file: str
    reading: Reading | None
    refusal: str
    ocr: str
    seconds: float


def read_file(path: Path, ocr: TextReader, model: ReceiptModel, about: Reader) -> ReceiptOutcome:
    """One receipt from a photo or a PDF (its pages are one receipt); never raises for a bad file."""
    begun = time.perf_counter()
    try:
        reading = read_page(recognised(open_pages(path), ocr, path.name), model, about)
    except ReceiptRefusedError as error:
        return ReceiptOutcome(str(path), None, str(error), ocr.name, time.perf_counter() - begun)
    return ReceiptOutcome(str(path), reading, "", ocr.name, time.perf_counter() - begun)


def recognised(images: Sequence[Pixels], ocr: TextReader, name: str) -> Page:
    """The text of a receipt's images, one below the other; raises ReceiptRefusedError for unreadable ones."""
    from flows.clients.ocr.upright import read_upright  # noqa: PLC0415 - engines are loaded when needed

    faults = [fault for image in images for fault in faults_of(image)]
    if faults or not images:
        message = f"{name}: {'; '.join(dict.fromkeys(faults)) or 'it has no page'}: take the photo again"
        raise ReceiptRefusedError(message)
    page = stacked([read_upright(ocr, image) for image in images])
    if not page.lines:
        message = f"{name}: no text found: photograph the receipt from nearer"
        raise ReceiptRefusedError(message)
    return page


def stacked(pages: Sequence[Page]) -> Page:
    """Pages of one receipt as one, each below the one before."""
    lines: list[TextLine] = []
    height = 0
    for page in pages:
        for line in page.lines:
            quad = tuple(at + height * (place % 2) for place, at in enumerate(line.quad))
            lines.append(TextLine(line.text, quad, line.confidence))  # type: ignore[arg-type]
        height += page.height
    return Page(max(page.width for page in pages), height, tuple(lines))


def default_reader(country: str = "", currency: str = "") -> Reader:
    """What is assumed of a user, with tomorrow as the last day that a receipt can have."""
    return Reader(country, currency, (datetime.now(UTC) + timedelta(days=1)).date())


def as_object(outcome: ReceiptOutcome) -> dict[str, Any]:
    """The outcome as one JSON object; amounts are numbers in major units and, as ``_minor``, whole ones."""
    base: dict[str, Any] = {"file": outcome.file, "status": "failed", "seconds": round(outcome.seconds, 3)}
    reading = outcome.reading
    if reading is None:
        return base | {
            "merchant": None,
            "date": None,
            "total": None,
            "currency": None,
            "error": outcome.refusal,
        }
    currency = reading.currency.value if reading.currency else ""
    return base | {
        "status": reading.status,
        "reasons": list(reading.reasons),
        "merchant": _value(reading.merchant),
        "date": reading.day.value.isoformat() if reading.day else None,
        "time": reading.moment.value.isoformat() if reading.moment else None,
        "total": major(reading.total.value, currency) if reading.total else None,
        "total_minor": _value(reading.total),
        "currency": currency or None,
        "tax": major(reading.tax.value, currency) if reading.tax else None,
        "tax_minor": _value(reading.tax),
        "tax_included": reading.tax_included,
        "tip_minor": _value(reading.tip),
        "discount_minor": _value(reading.discount),
        "rounding_minor": _value(reading.rounding),
        "payment": _value(reading.payment),
        "card_tail": reading.card_tail or None,
        "items": [_item(item, currency) for item in reading.items],
        "proofs": list(reading.proofs),
        "confidence": _confidences(reading),
        "boxes": _boxes(reading),
        "ocr": outcome.ocr,
    }


def major(minor: int, currency: str) -> float:
    """Minor units as the number that a person writes; two decimals where the currency is unknown."""
    return float(Decimal(minor).scaleb(-(exponent(currency) if currency else 2)))


def _item(item: Item, currency: str) -> dict[str, Any]:
    """A bought line; ``unit`` is None where pieces are counted."""
    quantity, unit, unit_minor = item.bought
    return {
        "name": item.name,
        "quantity": int(quantity) if unit is None else float(quantity),
        "unit": unit,
        "unit_price": major(unit_minor, currency),
        "amount": major(item.minor, currency),
        "is_discount": item.is_discount,
    }


def _value(field: Field[Any] | None) -> Any:  # noqa: ANN401 - whatever the field holds
    return field.value if field else None


def _named(reading: Reading) -> dict[str, Field[Any] | None]:
    return {
        "merchant": reading.merchant,
        "date": reading.day,
        "time": reading.moment,
        "total": reading.total,
        "currency": reading.currency,
        "tax": reading.tax,
        "payment": reading.payment,
    }


def _confidences(reading: Reading) -> dict[str, float]:
    sure = {name: round(field.confidence, 4) for name, field in _named(reading).items() if field}
    return sure | ({"items": reading.items_confidence} if reading.items else {})


def _boxes(reading: Reading) -> dict[str, list[int]]:
    return {
        name: [round(at) for at in field.box]
        for name, field in _named(reading).items()
        if field and field.box
    }
