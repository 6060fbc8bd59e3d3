"""What every OCR engine offers: an image in, lines of text with place and confidence out."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from models_ml.receipts.page import Page


class TextReader(Protocol):
    """An engine that reads text from RGB images of shape (height, width, 3)."""

    @property
    def name(self) -> str:
        """The engine's name, kept beside what it read."""
        ...

    def read(self, image: npt.NDArray[np.uint8]) -> Page:
        """The lines of an image; raises OcrError when the engine cannot answer."""
        ...


class OcrError(RuntimeError):
    """An engine that did not answer; ``is_lasting`` when asking again soon is no use (quota, no access)."""

    def __init__(self, message: str, *, is_lasting: bool = False) -> None:
        super().__init__(message)
        self.is_lasting = is_lasting
