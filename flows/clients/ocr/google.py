"""Google Cloud Vision through its own client library, for those who have set it up."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from flows.clients.ocr.protocol import OcrError
from models_ml.receipts.page import Page, Quad, TextLine
from warehouse.errors import ActionableError

if TYPE_CHECKING:
    from google.cloud.vision import ImageAnnotatorClient

#: What one image costs beyond the free ones, in millionths of a US dollar (1.50 USD a thousand).
PRICE_MICRO_USD = 1500
_JPEG_QUALITY = 92
_SETTING = "MITA_VISION_CREDENTIALS"


@dataclass
class Spent:
    """What was asked of a paid service by this process."""

    images: int = 0
    micro_usd: int = 0


@dataclass
class VisionReader:
    """Document text detection; ``timeout`` in seconds covers one image with its retries."""

    client: ImageAnnotatorClient
    timeout: float = 20.0
    price_micro_usd: int = PRICE_MICRO_USD
    spent: Spent = field(default_factory=Spent)
    name: str = "google_vision"

    def read(self, image: npt.NDArray[np.uint8]) -> Page:
        """The lines of an RGB image; raises OcrError when Vision refuses or does not answer in time."""
        from google.api_core import exceptions, retry  # noqa: PLC0415 - loads gRPC

        again = retry.Retry(
            predicate=retry.if_exception_type(exceptions.ServiceUnavailable, exceptions.InternalServerError),
            initial=0.2,
            maximum=2.0,
            timeout=self.timeout,
        )
        try:
            answer = self.client.document_text_detection(
                image={"content": _jpeg(image)}, timeout=self.timeout, retry=again
            )
        except exceptions.GoogleAPIError as error:
            raise _told(error) from error
        if answer.error.code:
            message = f"Vision refused the image: {answer.error.message}"
            raise OcrError(message)
        self.spent.images += 1
        self.spent.micro_usd += self.price_micro_usd
        height, width = image.shape[:2]
        return Page(width, height, tuple(_lines(answer.full_text_annotation)))


def vision_client(credentials: Path) -> ImageAnnotatorClient:
    """The library's client for a service account's key file; raises ActionableError for another file."""
    from google.cloud.vision import ImageAnnotatorClient  # noqa: PLC0415 - loads gRPC

    try:
        client: ImageAnnotatorClient = ImageAnnotatorClient.from_service_account_file(str(credentials))
    except ValueError as error:  # no JSON, another JSON, a key that is none
        message = f"{credentials}: it is no key file of a service account; make one, or unset {_SETTING}"
        raise ActionableError(message) from error
    return client


def _told(error: Exception) -> OcrError:
    from google.api_core import exceptions  # noqa: PLC0415

    lasting = (exceptions.ResourceExhausted, exceptions.PermissionDenied, exceptions.Unauthenticated)
    return OcrError(f"Vision: {type(error).__name__}: {error}", is_lasting=isinstance(error, lasting))


def _jpeg(image: npt.NDArray[np.uint8]) -> bytes:
    from PIL import Image  # noqa: PLC0415

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=_JPEG_QUALITY)  # carries no EXIF
    return buffer.getvalue()


def _lines(document: Any) -> Iterator[TextLine]:  # noqa: ANN401 - a generated message
    """Words joined to lines where Vision saw a line's end."""
    for page in document.pages:
        for block in page.blocks:
            for paragraph in block.paragraphs:
                words: list[Any] = []
                for word in paragraph.words:
                    words.append(word)
                    if _ends_line(word):
                        yield _line(words)
                        words = []
                if words:
                    yield _line(words)


def _ends_line(word: Any) -> bool:  # noqa: ANN401
    last = word.symbols[-1].property.detected_break.type_ if word.symbols else 0
    return last in {3, 5}  # EOL_SURE_SPACE, LINE_BREAK


def _line(words: list[Any]) -> TextLine:
    texts = ["".join(symbol.text for symbol in word.symbols) + _space(word) for word in words]
    first, last = words[0].bounding_box.vertices, words[-1].bounding_box.vertices
    corners = (first[0], last[1], last[2], first[3])
    quad: Quad = tuple(float(at) for corner in corners for at in (corner.x, corner.y))  # type: ignore[assignment]
    letters = [max(len(word.symbols), 1) for word in words]
    sure = sum(word.confidence * count for word, count in zip(words, letters, strict=True)) / sum(letters)
    return TextLine("".join(texts).strip(), quad, float(sure))


def _space(word: Any) -> str:  # noqa: ANN401
    """A space where Vision saw one: "9" and ".90" are one amount."""
    kind = word.symbols[-1].property.detected_break.type_ if word.symbols else 0
    return " " if kind in {1, 2} else ""
