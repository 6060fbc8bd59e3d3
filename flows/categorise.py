"""The categorise flow: the current model scores what it has not seen."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from prefect import flow

from flows.llm_categories import ask_for_unsure
from flows.orchestration import DATABASE_RETRIES, publish_table, task
from flows.progress import report
from models_ml.taxonomy import UNCATEGORISED
from warehouse.engine import Warehouse, open_warehouse
from warehouse.repositories import predictions
from warehouse.settings import Settings

if TYPE_CHECKING:
    from models_ml.categorizer.model import CategoryModel

#: Transactions read, scored and stored at a time.
SCORED_AT_ONCE = 100_000


@flow(name="categorise", description="Score transactions that the current model has not seen.")
def categorise() -> int:
    """Score what is new and give how many transactions that were."""
    return score_transactions(Settings())


@task(name="score transactions", **DATABASE_RETRIES)
def score_transactions(settings: Settings) -> int:
    """Score every transaction that the current model has not scored yet."""
    told, total = [], 0
    with open_warehouse(settings) as warehouse:
        for model, users in models_in_use(settings):
            scored = score_users(warehouse, model, users)
            told.append({"model": model.name, "version": model.version, "transactions": scored})
            total += scored
        if total:
            ask_for_unsure(settings, warehouse)
    publish_table("categorised", told, "Scored now")
    return total


def score_users(warehouse: Warehouse, model: CategoryModel, users: tuple[int, int]) -> int:
    """Score what a model has not seen of the users that are its own."""
    scored = 0
    while True:
        with warehouse.transaction() as connection:
            batch = predictions.unscored_transactions(
                connection, name=model.name, version=model.version, limit=SCORED_AT_ONCE, users=users
            )
            predictions.add_predictions(connection, scores(batch, model))
        scored += batch.height
        report("categorising", scored)
        if batch.height < SCORED_AT_ONCE:
            return scored


def models_in_use(settings: Settings) -> list[tuple[CategoryModel, tuple[int, int]]]:
    """Which model scores which users: the champion all, or all but those who try the challenger."""
    champion = current_model(settings)
    trying = round(settings.challenger_share * predictions.EVERYBODY[1])
    challenger = challenger_model(settings) if trying else None
    if challenger is None:
        return [(champion, predictions.EVERYBODY)]
    return [(challenger, (0, trying)), (champion, (trying, predictions.EVERYBODY[1]))]


def scores(batch: pl.DataFrame, model: CategoryModel) -> pl.DataFrame:
    """Predictions for a batch, as ``ml.category_predictions`` keeps them; unsure ones stand uncategorised."""
    from models_ml.categorizer.predict import STANDS, predict  # noqa: PLC0415 - numpy, wanted only here

    best = predict(
        batch["description"],
        batch["amount_minor"],
        batch["currency"],
        batch["mcc"],
        batch["bank_kind"],
        model=model,
    )
    return batch.select("user_id", "transaction_id").with_columns(
        category_code=pl.when(best["probability"] >= STANDS)
        .then(best["category_code"])
        .otherwise(pl.lit(UNCATEGORISED)),
        suggested_code=best["category_code"],
        probability=best["probability"],
        merchant=best["merchant"],
        model_name=best["model_name"],
        model_version=best["model_version"],
    )


def champion_folder(settings: Settings) -> Path:
    """Where the registry's champion lies once it was fetched; scoring needs no registry then."""
    return settings.folder("models") / "categorizer"


def challenger_folder(settings: Settings) -> Path:
    """Where the registry's challenger lies once it was fetched."""
    return settings.folder("models") / "categorizer-challenger"


def challenger_model(settings: Settings) -> CategoryModel | None:
    """The challenger if it was fetched and is what was registered."""
    from models_ml.categorizer.model import MANIFEST_FILE, ModelRefusedError, load_folder  # noqa: PLC0415

    folder = challenger_folder(settings)
    if not (folder / MANIFEST_FILE).exists():
        return None
    try:
        return load_folder(folder)
    except ModelRefusedError as refusal:
        logging.getLogger(__name__).warning("The champion scores everybody: %s", refusal)
        return None


def current_model(settings: Settings) -> CategoryModel:
    """The registry's champion if it was fetched and can be read, else the model that the platform ships."""
    from models_ml.categorizer.model import MANIFEST_FILE, ModelRefusedError, load_folder  # noqa: PLC0415

    champion = champion_folder(settings)
    if not (champion / MANIFEST_FILE).exists():
        return load_folder()
    try:
        return load_folder(champion)
    except ModelRefusedError as refusal:
        logging.getLogger(__name__).warning("The shipped model scores instead: %s", refusal)
        return load_folder()
