"""The categorise flow: the current model scores what it has not seen."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from prefect import flow

from flows.orchestration import DATABASE_RETRIES, publish_table, task
from flows.progress import report
from models_ml.taxonomy import UNCATEGORISED
from warehouse.engine import open_warehouse
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
    model, scored = current_model(settings), 0
    with open_warehouse(settings) as warehouse:
        while True:
            with warehouse.transaction() as connection:
                batch = predictions.unscored_transactions(
                    connection, name=model.name, version=model.version, limit=SCORED_AT_ONCE
                )
                predictions.add_predictions(connection, scores(batch, model))
            scored += batch.height
            report("categorising", scored)
            if batch.height < SCORED_AT_ONCE:
                break
    publish_table(
        "categorised", [{"model": model.name, "version": model.version, "transactions": scored}], "Scored now"
    )
    return scored


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
        model_name=best["model_name"],
        model_version=best["model_version"],
    )


def champion_folder(settings: Settings) -> Path:
    """Where the registry's champion lies once it was fetched; scoring needs no registry then."""
    return settings.folder("models") / "categorizer"


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
