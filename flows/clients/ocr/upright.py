"""Turn a picture that lies on its side or head before it is read for good."""

from __future__ import annotations

import math
from statistics import median

import numpy as np
import numpy.typing as npt

from flows.clients.ocr.protocol import TextReader
from models_ml.receipts.page import Page

#: A page read at least so surely, line by line, stands upright.
_SURE = 0.85
_FEW_LINES = 4


def read_upright(reader: TextReader, image: npt.NDArray[np.uint8]) -> Page:
    """The page as read the right way up; only pictures that read badly are turned and read again."""
    page = reader.read(image)
    if is_upright(page):
        return page
    turns = (1, 3) if _is_sideways(page) else (2, 1, 3)
    best, best_score = page, score(page)
    for quarters in turns:
        turned = reader.read(np.ascontiguousarray(np.rot90(image, quarters)))
        if score(turned) > best_score:
            best, best_score = turned, score(turned)
        if is_upright(turned):
            break
    return best


def is_upright(page: Page) -> bool:
    """Whether lines run from left to right and are read surely."""
    return len(page.lines) >= _FEW_LINES and not _is_sideways(page) and _sureness(page) >= _SURE


def score(page: Page) -> float:
    """Letters read, each by its line's confidence; sideways lines count little."""
    letters = sum(len(line.text) * max(line.confidence - 0.5, 0.0) for line in page.lines)
    return letters * (0.3 if _is_sideways(page) else 1.0)


def _sureness(page: Page) -> float:
    return median(line.confidence for line in page.lines) if page.lines else 0.0


def _is_sideways(page: Page) -> bool:
    """Whether most of the text runs up or down."""
    sideways = upright = 0
    for line in page.lines:
        left, top, right, bottom = line.box
        x0, y0, x1, y1 = line.quad[:4]
        steep = abs(math.sin(math.atan2(y1 - y0, x1 - x0))) > 0.7  # noqa: PLR2004
        if len(line.text) > 2:  # noqa: PLR2004
            sideways += steep or (bottom - top) > 1.5 * (right - left)
            upright += not (steep or (bottom - top) > 1.5 * (right - left))
    return sideways > upright
