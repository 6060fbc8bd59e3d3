"""What an engine read, kept by the image's content: the same picture is never paid for twice."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from flows.clients.ocr.protocol import TextReader
from models_ml.receipts.page import Page


class CachedReader:
    """A reader before another: answers from a folder, asks the other one where it cannot."""

    def __init__(self, reader: TextReader, folder: Path) -> None:
        self.reader, self.folder = reader, folder
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def name(self) -> str:
        """The name of the reader behind."""
        return self.reader.name

    def read(self, image: npt.NDArray[np.uint8]) -> Page:
        """The page from the folder, or read now and kept."""
        path = self.folder / f"{self.name}-{image_hash(image)}.json"
        if path.is_file():
            return Page.from_dict(json.loads(path.read_text(encoding="utf-8")))
        page = self.reader.read(image)
        path.write_text(json.dumps(page.as_dict(), ensure_ascii=False), encoding="utf-8")
        return page


def image_hash(image: npt.NDArray[np.uint8]) -> str:
    """SHA-256 of the image's shape and pixels."""
    return hashlib.sha256(str(image.shape).encode() + image.tobytes()).hexdigest()
