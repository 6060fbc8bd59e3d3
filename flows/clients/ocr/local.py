"""The engine that needs nobody: PP-OCR through RapidOCR, whose weights come inside its wheel."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from models_ml.receipts.page import Page, Quad, TextLine

#: Measured best on photographed receipts: 1.65 CPU-seconds each, every total in the text.
ENGINE_PARAMS = {
    "Global.use_cls": False,
    "Global.log_level": "error",
    "Det.limit_type": "max",
    "Det.limit_side_len": 960,
    "Rec.rec_batch_num": 1,
}


class LocalReader:
    """Latin script by RapidOCR; one instance keeps 0.6 to 1 GB and is used by one thread at a time."""

    name = "rapidocr"

    def __init__(self, threads: int = 2) -> None:
        self.threads = threads

    def read(self, image: npt.NDArray[np.uint8]) -> Page:
        """The lines of an RGB image of shape (height, width, 3)."""
        found = self._engine(np.ascontiguousarray(image[:, :, ::-1]))
        height, width = image.shape[:2]
        if found.boxes is None:
            return Page(width, height, ())
        lines = zip(found.txts, found.boxes, found.scores, strict=True)
        return Page(
            width, height, tuple(TextLine(text, _quad(box), float(sure)) for text, box, sure in lines)
        )

    @cached_property
    def _engine(self) -> Any:  # noqa: ANN401 - the library ships no types
        from rapidocr import RapidOCR  # noqa: PLC0415 - loads OpenCV and onnxruntime

        logging.getLogger("RapidOCR").setLevel(logging.ERROR)
        threads = {"EngineConfig.onnxruntime.intra_op_num_threads": self.threads}
        return RapidOCR(params={**ENGINE_PARAMS, **threads})


def _quad(box: npt.NDArray[np.float32]) -> Quad:
    return tuple(float(at) for at in box.reshape(8))  # type: ignore[return-value]
