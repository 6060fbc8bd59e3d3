"""The paid engine first, the local one when it fails; then the paid one is left alone for a while."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from flows.clients.ocr.protocol import OcrError, TextReader
from models_ml.receipts.page import Page

_log = logging.getLogger(__name__)


@dataclass
class FallbackReader:
    """A circuit breaker: ``failures`` in a row, or one lasting error, keep it open for ``rest`` seconds."""

    first: TextReader
    second: TextReader
    failures: int = 3
    rest: float = 300.0
    clock: Callable[[], float] = time.monotonic
    _failed: int = field(default=0, init=False)
    _closed_again_at: float = field(default=0.0, init=False)
    _answered: str = field(default="", init=False)

    @property
    def name(self) -> str:
        """The engine that answered last."""
        return self._answered or self.first.name

    @property
    def is_open(self) -> bool:
        """Whether the first engine is being left alone."""
        return self.clock() < self._closed_again_at

    def read(self, image: npt.NDArray[np.uint8]) -> Page:
        """The page by the first engine that answers; raises OcrError when neither does."""
        if not self.is_open:
            try:
                page = self.first.read(image)
            except OcrError as error:
                self._note(error)
            else:
                self._failed, self._answered = 0, self.first.name
                return page
        self._answered = self.second.name
        return self.second.read(image)

    def _note(self, error: OcrError) -> None:
        self._failed += 1
        _log.warning("%s failed, reading with %s: %s", self.first.name, self.second.name, error)
        if error.is_lasting or self._failed >= self.failures:
            self._closed_again_at, self._failed = self.clock() + self.rest, 0
