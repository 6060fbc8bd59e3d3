"""The train-models flow: corrections in, a challenger out, which becomes champion only if it is better."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from prefect import flow

from flows.categorise import challenger_folder, current_model
from flows.models import tracking_uri
from flows.orchestration import publish_table, task
from models_ml import registry
from models_ml.categorizer.model import MANIFEST_FILE, MODEL_NAME, load_folder
from models_ml.promotion import Comparison, PromotionParams, Verdict, by_group, compare, split, verdict
from warehouse.engine import open_warehouse
from warehouse.errors import ActionableError
from warehouse.repositories import predictions
from warehouse.settings import Settings

if TYPE_CHECKING:
    from models_ml.categorizer.model import CategoryModel

CHALLENGER = "challenger"
CALIBRATION_FILE = "calibration.png"
#: The bank that is made where none is named: as large as the one behind the shipped model.
_BANK_USERS, _BANK_MONTHS, _BANK_SEED = 60, 12, 11
#: What of a correction training reads; who made it stays behind.
_TAUGHT = ("description", "category_code", "merchant", "country")


class NoTrainingDataError(ActionableError, RuntimeError):
    """Nothing to learn from was named."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to."""

    version: str
    corrections: int
    comparisons: tuple[Comparison, ...]
    verdict: Verdict
    is_promoted: bool


@flow(name="train-models", description="Train with users' corrections; promote what is better.")
def train_models(data: str = "", *, promote: bool = True, bank: str = "") -> Trained:
    """Train, compare with the champion on corrections that neither learned from, register, promote.

    ``bank`` is a generated bank whose truth teaches how sure to be; one is made where none is named.
    """
    settings = Settings()
    folder = Path(data) if data else settings.training_data
    if folder is None or not folder.is_dir():
        message = (
            "training needs the public lists that it learns from: name their folder (merchants/, "
            "transactions/) as 'mita models train --data FOLDER' or in MITA_TRAINING_DATA"
        )
        raise NoTrainingDataError(message)
    known = read_corrections(settings)
    learned, later, apart = split(known, PromotionParams())
    with tempfile.TemporaryDirectory() as scratch:
        challenger = fit_challenger(folder, learned, Path(scratch), Path(bank) if bank else None)
        return judge_challenger(settings, challenger, len(learned), later, apart, promote=promote)


@task(name="read corrections")
def read_corrections(settings: Settings) -> pl.DataFrame:
    """What users said of lines."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        return predictions.corrections(connection)


@task(name="fit challenger")
def fit_challenger(data: Path, corrections: pl.DataFrame, scratch: Path, bank: Path | None = None) -> Path:
    """The folder of a model that learned the public lists and these corrections."""
    from flows.generator import generate  # noqa: PLC0415
    from models_ml.categorizer import train  # noqa: PLC0415 - scikit-learn

    labelled, out = scratch / "corrections.csv", scratch / "challenger"
    corrections.select(_TAUGHT).write_csv(labelled)
    if bank is None:
        bank = scratch / "bank"
        generate(users=_BANK_USERS, months=_BANK_MONTHS, seed=_BANK_SEED, out=bank)
    arguments = ["--data", str(data), "--bank", str(bank), "--out", str(out)]
    train.main([*arguments, "--labelled", str(labelled)] if len(corrections) else arguments)
    return out


@task(name="judge challenger")
def judge_challenger(  # noqa: PLR0913 - a challenger and the lines it is held against
    settings: Settings,
    challenger: Path,
    learned: int,
    later: pl.DataFrame,
    apart: pl.DataFrame,
    *,
    promote: bool = True,
    params: PromotionParams | None = None,
) -> Trained:
    """Compare, register with all figures, and promote a challenger that is better within the bounds."""
    params = params or PromotionParams()
    model, champion = load_folder(challenger), current_model(settings)
    sets = (("later lines", later), ("unseen merchants", apart))
    comparisons = tuple(_compared(name, lines, champion, model, params) for name, lines in sets)
    found = verdict(comparisons, params)
    _describe(challenger, model, sets, comparisons, params, learned)
    is_promoted = found.is_better and promote
    with open_warehouse(settings) as warehouse:
        tracking = tracking_uri(settings, warehouse.server)
        registered = registry.register(
            challenger,
            tracking_uri=tracking,
            artifact_root=settings.folder("mlflow"),
            alias=CHALLENGER,
        )
        models = settings.folder("models")
        if is_promoted:
            registry.promote(MODEL_NAME, registered.version, tracking_uri=tracking)
            registry.materialize(MODEL_NAME, registry.CHAMPION, models, tracking_uri=tracking)
        registry.materialize(
            MODEL_NAME,
            CHALLENGER,
            models,
            tracking_uri=tracking,
            folder_name=challenger_folder(settings).name,
        )
    publish_table("comparison", [asdict(each) for each in comparisons], found.reason)
    return Trained(model.version, learned, comparisons, found, is_promoted)


def _compared(
    name: str,
    lines: pl.DataFrame,
    champion: CategoryModel,
    challenger: CategoryModel,
    params: PromotionParams,
) -> Comparison:
    one, other = (_predicted(lines, model)["category_code"].to_list() for model in (champion, challenger))
    return compare(name, lines["category_code"].to_list(), one, other, lines["merchant"].to_list(), params)


def _predicted(lines: pl.DataFrame, model: CategoryModel) -> pl.DataFrame:
    from models_ml.categorizer.predict import predict  # noqa: PLC0415

    return predict(
        lines["description"],
        lines["amount_minor"],
        lines["currency"],
        lines["mcc"],
        lines["bank_kind"],
        model=model,
    )


def _describe(  # noqa: PLR0913, PLR0917
    folder: Path,
    model: CategoryModel,
    sets: tuple[tuple[str, pl.DataFrame], ...],
    comparisons: tuple[Comparison, ...],
    params: PromotionParams,
    learned: int,
) -> None:
    """Add to the model's folder what MLflow keeps of the comparison: figures, and how far to believe them."""
    path = folder / MANIFEST_FILE
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    checked = pl.concat([lines for _, lines in sets]).unique("transaction_id", maintain_order=True)
    said = _predicted(checked, model)
    truth = checked["category_code"]
    manifest["metrics"] |= {each.name: each.as_dict() for each in comparisons}
    manifest["metrics"]["by category"] = by_group(truth, said["category_code"], truth)
    manifest["metrics"]["by country"] = by_group(truth, said["category_code"], checked["country"])
    manifest["params"]["promotion"] = params.model_dump(mode="json")
    manifest["data"]["corrections learned"] = {"texts": learned}
    path.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    if len(checked):
        _draw_calibration(said["probability"], truth == said["category_code"], folder / CALIBRATION_FILE)


def _draw_calibration(probability: pl.Series, right: pl.Series, path: Path) -> None:
    from flows.evaluation.plots import draw_calibration  # noqa: PLC0415 - matplotlib

    bins = (
        pl.DataFrame({"said": probability, "true": right.cast(pl.Float64)})
        .with_columns((pl.col("said") * 10).floor().clip(0, 9).alias("bin"))
        .group_by("bin")
        .agg(pl.col("said").mean(), pl.col("true").mean(), pl.len().alias("links"))
        .sort("bin")
        .select(pl.lit("category").alias("kind"), "said", "true", "links")
    )
    draw_calibration({"corrections": bins}, path)
