"""The first step of a photo: known by its content, sealed, and left with a job."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from flows.receipts.decoding import MOST_BYTES, UnreadableImageError, kind_of
from flows.receipts.opening import ReceiptRefusedError
from warehouse.repositories import receipts

if TYPE_CHECKING:
    from pathlib import Path

    from warehouse.engine import Warehouse
    from warehouse.receipt_store import ReceiptStore

MEDIA_TYPES = {kind: f"image/{kind.lower()}" for kind in ("JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP")}


@dataclass(frozen=True, slots=True)
class Left:
    """An image and the job that was left for it; ``is_new`` is False for a photo that was sent before."""

    image_id: UUID
    job_id: UUID | None
    is_new: bool


def leave_file(warehouse: Warehouse, store: ReceiptStore, user_id: UUID, path: Path) -> Left:
    """Take in a file; raises ReceiptRefusedError for what cannot be a receipt."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            message = f"{path.name}: the file has {size:,} bytes, more than {MOST_BYTES:,}"
            raise ReceiptRefusedError(message)
        content = path.read_bytes()
        media_type = media_type_of(content)
    except OSError as error:
        message = f"{path.name}: {error.strerror or error}: give the path of a photo or PDF"
        raise ReceiptRefusedError(message) from error
    except UnreadableImageError as error:
        message = f"{path.name}: {error}"
        raise ReceiptRefusedError(message) from error
    return leave(warehouse, store, user_id, content, media_type)


def media_type_of(content: bytes) -> str:
    """By the first bytes, whatever a name says; raises UnreadableImageError."""
    return MEDIA_TYPES.get(kind_of(content[:16]), "application/pdf")


def leave(warehouse: Warehouse, store: ReceiptStore, user_id: UUID, content: bytes, media_type: str) -> Left:
    """Keep a photo and leave a job, both or neither; a photo that was sent before is left as it is."""
    digest = hashlib.sha256(content).hexdigest()
    with warehouse.transaction() as connection:
        image_id, is_new = receipts.add_image(connection, user_id, digest, media_type, len(content))
        if not is_new:
            return Left(image_id, None, is_new=False)
        key = store.put(user_id, image_id, content)
        receipts.change_image(connection, user_id, image_id, storage_key=key)
        return Left(image_id, receipts.add_job(connection, user_id, image_id), is_new=True)
