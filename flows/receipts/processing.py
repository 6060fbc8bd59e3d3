"""One job: a photo is opened, cleaned, recognised and understood, and what it says is kept."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from flows.clients.ocr.choice import missing_script
from flows.receipts.likeness import is_same_receipt, perceptual_hash
from flows.receipts.opening import Pixels, open_pages
from flows.receipts.reading import ReceiptOutcome, as_object, default_reader, recognised
from models_ml.receipts.page import Page
from models_ml.receipts.reader import Reading, read_page
from models_ml.receipts.second_reading import SecondReading
from warehouse.repositories import receipts
from warehouse.repositories.receipts import Job, Receipt, ReceiptImage, ReceiptItem
from warehouse.repositories.users import get_user_by_id

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from flows.clients.ocr.protocol import TextReader
    from flows.receipts.asking import SecondReader
    from models_ml.receipts.model import ReceiptModel
    from warehouse.engine import Warehouse
    from warehouse.receipt_store import ReceiptStore
    from warehouse.repositories.users import User

_JPEG_QUALITY = 82
#: The most pixels of a kept photo's height; JPEG ends at 65,535.
_TALLEST = 60_000
#: Items of one receipt that are kept; more are no receipt of a person.
MOST_ITEMS = 1000
_SURE_FIELDS = ("merchant", "date", "total")


@dataclass(frozen=True, slots=True)
class Engines:
    """What reading needs, loaded once for many photos; ``regional`` reads what a country's people send.

    ``second`` reads what stays in doubt; None where no language model is configured.
    """

    ocr: TextReader
    model: ReceiptModel
    regional: Mapping[str, TextReader] = field(default_factory=dict)
    second: SecondReader | None = None

    def reader_for(self, country: str) -> TextReader:
        """The reader of a user's country."""
        return self.regional.get(country.upper(), self.ocr)


@dataclass(frozen=True, slots=True)
class Recognised:
    """A photo's text, and the photo without anything but its pixels."""

    page: Page
    clean: bytes
    picture: str  # its perceptual hash
    engine: str


def recognise(content: bytes, ocr: TextReader, folder: Path) -> Recognised:
    """Open an untrusted file and read its text; raises ReceiptRefusedError, or OcrError when engines fail."""
    descriptor, name = tempfile.mkstemp(dir=folder)  # readable by its owner only
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        images = open_pages(Path(name))
    finally:
        Path(name).unlink()
    page = recognised(images, ocr, "the photo")
    return Recognised(page, stripped(images), perceptual_hash(images[0]), ocr.name)


def stripped(images: Sequence[Pixels]) -> bytes:
    """The pages one below the other as JPEG: pixels alone, without place, camera or anything hidden."""
    from PIL import Image  # noqa: PLC0415

    kept: list[Image.Image] = []
    height = 0
    for image in images:
        height += image.shape[0]
        if kept and height > _TALLEST:
            break
        kept.append(Image.fromarray(image))
    whole = kept[0]
    if len(kept) > 1:
        whole = Image.new(
            "RGB", (max(page.width for page in kept), sum(page.height for page in kept)), "white"
        )
        top = 0
        for page in kept:
            whole.paste(page, (0, top))
            top += page.height
    target = io.BytesIO()
    whole.save(target, "JPEG", quality=_JPEG_QUALITY)
    return target.getvalue()


def read_image(warehouse: Warehouse, store: ReceiptStore, job: Job, engines: Engines, folder: Path) -> None:
    """Recognise a photo, unless that was done before, and keep its text and the cleaned photo."""
    with warehouse.transaction() as connection:
        image = receipts.get_image(connection, job.user_id, job.image_id)
        ocr = engines.reader_for(get_user_by_id(connection, job.user_id).country)
    if image.page is not None or image.storage_key is None:
        return
    found = recognise(store.get(image.storage_key), ocr, folder)
    store.put(job.user_id, job.image_id, found.clean)
    with warehouse.transaction() as connection:
        receipts.change_image(
            connection,
            job.user_id,
            job.image_id,
            page=found.page.as_dict() | {"engine": found.engine},
            perceptual_hash=found.picture,
            media_type="image/jpeg",
        )


def understand(connection: Connection, user: User, image_id: UUID, engines: Engines) -> Receipt | None:
    """What a recognised photo says, with the user's corrections over it, kept; None without its text."""
    image = receipts.get_image(connection, user.user_id, image_id)
    if image.page is None:
        return None
    corrections = receipts.corrections_of(connection, user.user_id, image_id)
    about = default_reader(user.country, corrections.get("currency", user.currency))
    reading = read_page(Page.from_dict(image.page), engines.model, about, _second(image))
    receipt = corrected(receipt_of(image_id, reading, str(image.page.get("engine", ""))), corrections)
    receipt = _advised(receipt, user.country)
    receipt = replace(receipt, category_code=_category(connection, user, receipt, corrections))
    receipt = _known_before(connection, user.user_id, receipt, image)
    receipts.put_receipt(connection, user.user_id, receipt, items_of(reading, receipt))
    return receipt


def first_reading(page: Page, user: User, model: ReceiptModel) -> Reading:
    """What the reader of fields says of a user's receipt before anybody else was asked."""
    return read_page(page, model, default_reader(user.country, user.currency))


def _second(image: ReceiptImage) -> SecondReading | None:
    """What a language model read of a photo, if one was asked."""
    kept = image.second_reading
    return SecondReading.model_validate(kept["answer"]) if kept else None


def _advised(receipt: Receipt, country: str) -> Receipt:
    """With the reason beside it where the user's script was read by an engine that does not know it."""
    advice = missing_script(country, receipt.reader)
    if receipt.status != "needs_review" or not advice:
        return receipt
    return replace(receipt, reasons=[*receipt.reasons, advice])


def receipt_of(image_id: UUID, reading: Reading, engine: str) -> Receipt:
    """A reading as the warehouse keeps it."""
    told = as_object(ReceiptOutcome("", reading, "", engine, 0.0))
    return Receipt(
        receipt_id=image_id,
        status="completed" if reading.status == "completed" else "needs_review",
        merchant=reading.merchant.value if reading.merchant else None,
        spent_date=reading.day.value if reading.day else None,
        spent_time=reading.moment.value if reading.moment else None,
        total_minor=reading.total.value if reading.total else None,
        currency=reading.currency.value if reading.currency else None,
        tax_minor=reading.tax.value if reading.tax else None,
        tip_minor=None,
        payment=reading.payment.value if reading.payment else None,
        card_tail=reading.card_tail or None,
        category_code=None,
        confidence=told["confidence"],
        boxes=told["boxes"],
        reasons=reading.reasons,
        reader=engine,
    )


def corrected(receipt: Receipt, corrections: dict[str, str]) -> Receipt:
    """The user's word over the reader's; what they said is certain and needs no review."""
    changes: dict[str, object] = {}
    if "merchant" in corrections:
        changes["merchant"] = corrections["merchant"]
    if "date" in corrections:
        changes["spent_date"] = date.fromisoformat(corrections["date"])
    if "total" in corrections:
        changes["total_minor"] = int(corrections["total"])
    if "currency" in corrections:
        changes["currency"] = corrections["currency"]
    said = dict.fromkeys(corrections, 1.0)
    reasons = [reason for reason in receipt.reasons if not _is_settled(reason, corrections)]
    fixed = replace(receipt, **changes, confidence={**receipt.confidence, **said}, reasons=reasons)  # type: ignore[arg-type]
    whole = fixed.merchant and fixed.spent_date and fixed.total_minor is not None and fixed.currency
    return replace(fixed, status="completed" if whole and not reasons else "needs_review")


def _is_settled(reason: str, corrections: dict[str, str]) -> bool:
    return any(name in reason.partition(":")[0] for name in corrections)


def items_of(reading: Reading, receipt: Receipt) -> list[ReceiptItem]:
    """The bought lines, each with a category where its name tells one."""
    from models_ml.receipts.goods import category_of  # noqa: PLC0415

    return [
        ReceiptItem(
            item.name,
            *item.bought,
            item.minor,
            item.is_discount,
            category_of(item.name) or receipt.category_code,
            [round(at) for at in item.box],
        )
        for item in reading.items[:MOST_ITEMS]
    ]


def _category(
    connection: Connection, user: User, receipt: Receipt, corrections: dict[str, str]
) -> str | None:
    """The user's word, else what they said of this merchant before, else the model's if it is sure."""
    if "category" in corrections:
        return corrections["category"]
    if not receipt.merchant:
        return None
    remembered = receipts.remembered_category(connection, user.user_id, receipt.merchant)
    return remembered or predicted_category(receipt.merchant, receipt.currency or user.currency)


def predicted_category(merchant: str, currency: str) -> str | None:
    """The category that the model that scores statements gives to the merchant, None when it is unsure."""
    from models_ml.categorizer.model import load_folder  # noqa: PLC0415
    from models_ml.categorizer.predict import STANDS, predict  # noqa: PLC0415

    best = predict([merchant], [-1000], [currency], model=load_folder()).row(0, named=True)
    return str(best["category_code"]) if best["probability"] >= STANDS else None


def _known_before(connection: Connection, user_id: UUID, receipt: Receipt, image: ReceiptImage) -> Receipt:
    """The receipt as a duplicate when an earlier photo shows it already."""
    if receipt.status != "completed" or image.perceptual_hash is None:
        return receipt
    for other in receipts.lookalikes(connection, user_id, receipt):
        if is_same_receipt(receipt, image.perceptual_hash, other):
            return replace(receipt, status="duplicate", duplicate_of=other.receipt_id)
    return receipt
