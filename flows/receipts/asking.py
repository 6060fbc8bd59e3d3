"""A language model reads what the reader of fields could not, where one is configured. See docs/llm.md."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flows.clients.llm import LlmUnavailableError, language_model
from flows.receipts.processing import first_reading
from models_ml.receipts.page import Page
from models_ml.receipts.second_reading import INSTRUCTIONS, Question, SecondReading, question_of
from warehouse.repositories import receipts
from warehouse.repositories.users import get_user_by_id

if TYPE_CHECKING:
    from flows.clients.llm import LanguageModel
    from flows.receipts.processing import Engines
    from warehouse.engine import Warehouse
    from warehouse.repositories.receipts import Job
    from warehouse.settings import Settings

PURPOSE = "receipts"
_MOST_TOKENS = 2_000
#: Seconds for one try: with the retries of the client a job's lease must hold them beside the reading.
MOST_SECONDS = 20.0
#: Failures in a row after which the model is left alone, and for how many seconds: people wait for photos.
MOST_FAILURES, REST_SECONDS = 3, 300.0
_log = logging.getLogger(__name__)


@dataclass
class SecondReader:
    """A language model that is left alone for a while when it fails for good, or often in a row."""

    model: LanguageModel
    clock: Callable[[], float] = time.monotonic
    _failed: int = field(default=0, init=False)
    _rests_until: float = field(default=0.0, init=False)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    def read(self, question: Question) -> SecondReading | None:
        """What the model reads; None when it gives no answer, or rests."""
        if self.clock() < self._rests_until:
            return None
        try:
            answer = self.model.ask(
                question.schema,
                INSTRUCTIONS,
                question.facts,
                purpose=PURPOSE,
                most_tokens=_MOST_TOKENS,
                keep=False,
            )
        except LlmUnavailableError as error:
            self._note(error)
            return None
        self._failed = 0
        return SecondReading.model_validate(answer.model_dump())

    def _note(self, error: LlmUnavailableError) -> None:
        self._failed += 1
        _log.warning("Receipts stay as the reader of fields has them: %s", error)
        if error.is_lasting or self._failed >= MOST_FAILURES:
            self._rests_until, self._failed = self.clock() + REST_SECONDS, 0


def second_reader(settings: Settings, warehouse: Warehouse) -> SecondReader | None:
    """The language model that the settings name; None without a key."""
    patience = min(settings.llm_timeout_seconds, MOST_SECONDS)
    model = language_model(settings.model_copy(update={"llm_timeout_seconds": patience}), warehouse)
    return SecondReader(model) if model else None


def ask_for_doubts(warehouse: Warehouse, job: Job, engines: Engines) -> None:
    """Ask for the fields of a photo that are in doubt, and keep the answer, so that it is paid for once.

    No transaction is open while the model thinks. Without an answer the receipt is reviewed as it is.
    """
    if engines.second is None or job.kind != "read":
        return
    with warehouse.transaction() as connection:
        image = receipts.get_image(connection, job.user_id, job.image_id)
        user = get_user_by_id(connection, job.user_id)
    if image.page is None or image.second_reading is not None:
        return
    page = Page.from_dict(image.page)
    question = question_of(page, first_reading(page, user, engines.model).doubts)
    answer = engines.second.read(question) if question else None
    if answer is None:
        return
    kept = {"model": engines.second.name, "answer": answer.model_dump(mode="json")}
    with warehouse.transaction() as connection:
        receipts.change_image(connection, job.user_id, job.image_id, second_reading=kept)
