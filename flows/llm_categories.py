"""The language model's turn: lines that the model is not sure of, if one is configured. See docs/llm.md."""

from __future__ import annotations

import hashlib
import logging
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, create_model

from flows.clients.llm import LanguageModel, LlmUnavailableError, language_model
from models_ml.taxonomy import UNCATEGORISED, leaf_codes
from warehouse.repositories import predictions

if TYPE_CHECKING:
    from warehouse.engine import Warehouse
    from warehouse.settings import Settings

#: Texts asked for in a run, and in one question.
ASKED_AT_ONCE, IN_ONE_QUESTION = 2_000, 40
#: Models are too sure of themselves: below it a word of theirs does not stand, above it counts as this.
SURE_ENOUGH, AT_MOST = 0.8, 0.9
_TOKENS_EACH, _TOKENS_BESIDE = 60, 1_000
INSTRUCTIONS = (
    "Each fact is the cleaned text of a bank line, and whether money went out or came in. Give each number "
    "the category of the taxonomy that it most likely belongs to, and how sure you are from 0 to 1. Choose "
    f"'{UNCATEGORISED}' when the text does not tell."
)


class _Guess(BaseModel):
    """The category of one text."""

    model_config = ConfigDict(extra="forbid")

    number: int
    category: str
    confidence: float = Field(ge=0, le=1)


class _Answer(BaseModel):
    """The categories of all texts of a question."""

    model_config = ConfigDict(extra="forbid")

    guesses: list[_Guess]


@cache
def answer_schema() -> type[_Answer]:
    """The answer's shape; no other category than the taxonomy's can be said."""
    codes: Any = Literal.__getitem__(leaf_codes())
    guess: Any = create_model("Guess", __base__=_Guess, category=(codes, ...))
    return create_model("Answer", __base__=_Answer, guesses=(list[guess], ...))


def ask_for_unsure(settings: Settings, warehouse: Warehouse) -> int:
    """Ask for texts that nobody could categorise, and give how many lines got a category."""
    model = language_model(settings, warehouse)
    if model is None:
        return 0
    return categorise_unsure(model, warehouse)


def categorise_unsure(model: LanguageModel, warehouse: Warehouse) -> int:
    """The same with this model; texts that were asked before are not asked again."""
    with warehouse.transaction() as connection:
        texts = predictions.unsure_texts(connection, ASKED_AT_ONCE)
    if texts.is_empty():
        return 0
    texts = texts.with_columns(_cleaned(texts, model.name)).filter(pl.col("cleaned") != "")
    distinct = texts.unique("hash", maintain_order=True)
    with warehouse.transaction() as connection:
        known = predictions.known_answers(connection, distinct["hash"].to_list())
    missing = distinct.filter(~pl.col("hash").is_in(list(known)))
    for part in missing.iter_slices(IN_ONE_QUESTION):
        try:
            found = _ask(model, part)
        except LlmUnavailableError as error:
            logging.getLogger(__name__).warning("Lines stay uncategorised: %s", error)
            if error.is_lasting:
                break
            continue
        with warehouse.transaction() as connection:
            predictions.keep_answers(connection, found, model.name)
        known |= found
    return _apply(warehouse, texts, known)


def _cleaned(texts: pl.DataFrame, model: str) -> list[pl.Series]:
    """Whom a line paid, without numbers; and the hash by which it is known again."""
    from models_ml.categorizer.clean import clean_descriptors  # noqa: PLC0415

    said = texts.select(pl.concat_str("counterparty", "description", separator=" ", ignore_nulls=True))
    cleaned = clean_descriptors(said.to_series()).alias("cleaned")
    marks = [
        hashlib.sha256(f"{model}\x00{is_in}\x00{text}".encode()).digest()
        for text, is_in in zip(cleaned, texts["is_in"], strict=True)
    ]
    return [cleaned, pl.Series("hash", marks, dtype=pl.Binary)]


def _ask(model: LanguageModel, part: pl.DataFrame) -> dict[bytes, tuple[str, float]]:
    """Categories by hash; numbers that were not asked for, or twice, are not heard."""
    facts = [
        {"number": number, "text": row["cleaned"][:120], "money": "in" if row["is_in"] else "out"}
        for number, row in enumerate(part.iter_rows(named=True))
    ]
    answer = model.ask(
        answer_schema(),
        INSTRUCTIONS,
        facts,
        purpose="categories",
        most_tokens=_TOKENS_BESIDE + _TOKENS_EACH * len(facts),
        keep=False,
    )
    hashes = part["hash"].to_list()
    found: dict[bytes, tuple[str, float]] = {}
    for guess in answer.guesses:
        if 0 <= guess.number < len(hashes) and hashes[guess.number] not in found:
            sure = guess.confidence >= SURE_ENOUGH
            category = guess.category if sure else UNCATEGORISED
            found[hashes[guess.number]] = (category, min(guess.confidence, AT_MOST))
    return found


def _apply(warehouse: Warehouse, texts: pl.DataFrame, known: dict[bytes, tuple[str, float]]) -> int:
    rows = [
        (row["description"], row["counterparty"], row["is_in"], *known[row["hash"]])
        for row in texts.iter_rows(named=True)
        if known.get(row["hash"], (UNCATEGORISED, 0.0))[0] != UNCATEGORISED
    ]
    schema = {
        "description": pl.String,
        "counterparty": pl.String,
        "is_in": pl.Boolean,
        "category_code": pl.String,
        "probability": pl.Float64,
    }
    if not rows:
        return 0
    with warehouse.transaction() as connection:
        return predictions.apply_answers(connection, pl.DataFrame(rows, schema=schema, orient="row"))
