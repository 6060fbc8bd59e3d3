"""The engine that needs nobody: PP-OCR through RapidOCR, whose weights come inside its wheel."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from models_ml.receipts.page import Page, Quad, TextLine

Pixels = npt.NDArray[np.uint8]
#: Measured best on photographed receipts: 1.65 CPU-seconds each, every total in the text.
ENGINE_PARAMS = {
    "Global.use_cls": False,
    "Global.log_level": "error",
    "Det.limit_type": "max",
    "Det.limit_side_len": 960,
    "Rec.rec_batch_num": 1,
}


#: Lines that are less sure are no text.
LEAST_SURE = 0.5
#: The engine looks for lines in a picture of 960 pixels: papers longer than this many widths are cut up
#: into parts of so many, each of which repeats the end of the one before.
_LONG, _PART, _REPEATED = 4.0, 2.0, 0.3


class LocalReader:
    """Latin script by RapidOCR; one instance keeps 0.6 to 1 GB and is used by one thread at a time."""

    name = "rapidocr"

    def __init__(self, threads: int = 2) -> None:
        self.threads = threads

    def read(self, image: Pixels) -> Page:
        """The lines of an RGB image of shape (height, width, 3)."""
        return self._page(image, self._texts)

    def read_all(self, image: Pixels) -> Page:
        """Every line that it sees; in a script that it does not know, without text or hardly sure of it."""
        return self._page(image, self._texts_and_places)

    def _page(self, image: Pixels, read: Callable[[Pixels], list[TextLine]]) -> Page:
        height, width = image.shape[:2]
        found = [
            line
            for part in _parts(height, width)
            for line in read(np.ascontiguousarray(image[part.top : part.bottom, :, ::-1]))
            if part.owns((line.box[1] + line.box[3]) / 2 + part.top, height)
            for line in [_lower(line, part.top)]
        ]
        return Page(width, height, tuple(found))

    def _texts(self, pixels: Pixels, least: float = LEAST_SURE) -> list[TextLine]:
        found = self._engine(pixels, use_rec=True, text_score=least)
        if found.boxes is None:
            return []
        lines = zip(found.txts, found.boxes, found.scores, strict=True)
        return [TextLine(text, _quad(box), float(sure)) for text, box, sure in lines]

    def _texts_and_places(self, pixels: Pixels) -> list[TextLine]:
        """Lines with their text, and those of which the engine reads nothing: it leaves them out."""
        texts = self._texts(pixels, 0.0)
        seen = self._engine(pixels, use_rec=False)
        places = [] if seen.boxes is None else [_quad(box) for box in seen.boxes]
        known = {line.quad for line in texts}
        return [*texts, *(TextLine("", place, 0.0) for place in places if place not in known)]

    @cached_property
    def _engine(self) -> Any:  # noqa: ANN401 - the library ships no types
        from rapidocr import RapidOCR  # noqa: PLC0415 - loads OpenCV and onnxruntime

        logging.getLogger("RapidOCR").setLevel(logging.ERROR)
        threads = {"EngineConfig.onnxruntime.intra_op_num_threads": self.threads}
        return RapidOCR(params={**ENGINE_PARAMS, **threads})


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of pixels that are read together; from ``first`` on up to ``end`` its lines count."""

    top: int
    bottom: int
    first: float
    end: float

    def owns(self, middle: float, height: int) -> bool:
        """Whether a line with this middle is this part's; the outermost parts have all beyond the paper."""
        return (self.first <= middle or self.top == 0) and (middle < self.end or self.bottom == height)


def _parts(height: int, width: int) -> Iterator[_Part]:
    """The whole picture, or a long paper's parts from top to bottom."""
    if height <= _LONG * width:
        yield _Part(0, height, 0, height)
        return
    tall, repeated = int(_PART * width), int(_REPEATED * width)
    for top in range(0, height - repeated, tall - repeated):
        bottom = min(top + tall, height)
        yield _Part(top, bottom, top + repeated / 2, bottom - repeated / 2)


def _lower(line: TextLine, pixels: int) -> TextLine:
    """A line that stands so much further down."""
    quad: Quad = tuple(at + pixels * (place % 2) for place, at in enumerate(line.quad))  # type: ignore[assignment]
    return replace(line, quad=quad)


def _quad(box: npt.NDArray[np.float32]) -> Quad:
    return tuple(float(at) for at in box.reshape(8))  # type: ignore[return-value]
