"""How often the categoriser is right on lines it did not learn from, beside three simpler methods."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from flows.progress import report
from warehouse.errors import ActionableError

if TYPE_CHECKING:
    from models_ml.categorizer.evaluate import Scores
    from models_ml.categorizer.model import CategoryModel

Floats = npt.NDArray[np.float64]
_STEPS = "evaluating categories"
_SAMPLE = 1500  # distinct lines of a set that the slow baselines are asked
_FOLDS = 3
_METHODS = ("mita", "keywords", "nearest brand", "1-3-gram SVC")


class DataMissingError(ActionableError):
    """The folder of public data is not there."""


@dataclass(frozen=True, slots=True)
class CheckSet:
    """Lines whose leaves are known: descriptions, signs (null: unknown), and the leaves each may have."""

    name: str
    descriptions: pl.Series
    signs: pl.Series
    truth: list[frozenset[str]]


@dataclass(frozen=True, slots=True)
class CategoriesReport:
    """Figures by check set and method; ``model_version`` is the shipped or registered model."""

    model_version: str
    sure_from: float
    sets: dict[str, dict[str, Scores]]
    #: Of the shipped training: each source judged by a confidence that learned from the other sources alone.
    apart: dict[str, dict[str, float]]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: set -> method -> figure."""
        sets = {
            name: {method: asdict(scores) for method, scores in methods.items()}
            for name, methods in self.sets.items()
        }
        return {
            "model_version": self.model_version,
            "sure_from": self.sure_from,
            "sets": sets,
            "confidence_of_other_sources": self.apart,
        }


def evaluate_categories(data: Path | None, bank: Path, model: CategoryModel) -> CategoriesReport:
    """Score the model on foreign lines and simulated ones, and a model fitted anew on unseen merchants.

    Unseen: a third of the shops, by their first telling word, whose labels no fit has seen. The South
    African lines and the simulated bank's are scored by ``model`` itself, which has not learned from them.
    """
    from models_ml.categorizer import train  # noqa: PLC0415 - scikit-learn
    from models_ml.categorizer.model import read_manifest  # noqa: PLC0415
    from models_ml.categorizer.predict import SURE  # noqa: PLC0415

    folder = data_folder(data)
    examples = train.read_examples(folder)
    held = _held(examples)
    learned = examples.filter(~held)
    sets: dict[str, dict[str, Scores]] = {}
    report(_STEPS, 0, 4)
    apart = train.fit(learned, train.TrainingParams())
    apart = train.with_confidence_of(apart, model)
    report(_STEPS, 1, 4)
    heard = train.with_public_names(apart, examples)
    birmingham = _unseen(examples.filter(held), "birmingham")
    sets["birmingham, unseen merchants"] = _scored(birmingham, heard, learned)
    sets["brands, names unseen"] = _scored(_unseen(examples.filter(held), "brands"), apart, learned)
    report(_STEPS, 2, 4)
    foreign = _south_africa(folder)
    if foreign:
        sets["south_africa"] = _scored(foreign, model, learned)
    report(_STEPS, 3, 4)
    sets["simulated"] = _scored(_simulated(bank), model, learned)
    report(_STEPS, 4, 4)
    return CategoriesReport(model.version, SURE, sets, read_manifest()["metrics"])


def data_folder(given: Path | None) -> Path:
    """The folder of public data: as given, MITA_REALDATA, or the one beside the checkout."""
    folder = given or Path(os.environ.get("MITA_REALDATA", "../shared/data"))
    if not (folder / "merchants").is_dir():
        message = f"{folder} holds no merchants/: name the folder of public data with --data or MITA_REALDATA"
        raise DataMissingError(message)
    return folder


def _held(examples: pl.DataFrame) -> pl.Series:
    from models_ml.categorizer import train  # noqa: PLC0415

    return train.folds(examples, _FOLDS)[0]


def _unseen(held: pl.DataFrame, source: str) -> CheckSet:
    from models_ml.categorizer import train  # noqa: PLC0415

    rows = held.filter(pl.col("source") == source)
    if len(rows) > _SAMPLE:
        rows = rows.sample(_SAMPLE, seed=1)
    outflow = pl.repeat(-1, len(rows), dtype=pl.Int64, eager=True)
    return CheckSet(source, rows["description"], outflow, train.truth_of(rows))


def _south_africa(folder: Path) -> CheckSet | None:
    from models_ml.categorizer import train  # noqa: PLC0415

    path = folder / train.SOUTH_AFRICA
    if not path.is_file():
        return None
    lines, truth = train.south_african(pl.read_csv(path, infer_schema=False))
    return CheckSet("south_africa", lines["description"], _as_signs(lines["inflow"]), truth)


def _simulated(bank: Path) -> CheckSet:
    from models_ml.categorizer import train  # noqa: PLC0415

    lines, truth = train.simulated_lines(pl.read_parquet(bank / "truth" / "events.parquet"))
    return CheckSet("simulated", lines["description"], _as_signs(lines["inflow"]), truth)


def _as_signs(inflow: pl.Series) -> pl.Series:
    return inflow.cast(pl.Int64) * 2 - 1


def _scored(lines: CheckSet, model: CategoryModel, learned: pl.DataFrame) -> dict[str, Scores]:
    from models_ml.categorizer.evaluate import score  # noqa: PLC0415
    from models_ml.categorizer.predict import ranked  # noqa: PLC0415

    said = ranked(lines.descriptions, lines.signs, model=model)
    scores = {"mita": score(lines.truth, said["category_code"].to_list(), said["probability"].to_numpy())}
    few = min(_SAMPLE, len(lines.truth))
    for name, (codes, probability) in _baselines(lines.descriptions.head(few), learned).items():
        scores[name] = score(lines.truth[:few], codes, probability)
    return {name: scores[name] for name in _METHODS}


def _baselines(descriptions: pl.Series, learned: pl.DataFrame) -> dict[str, tuple[Sequence[str], Floats]]:
    from models_ml.categorizer.baselines import nearest_brand, word_machine  # noqa: PLC0415
    from models_ml.categorizer.evaluate import keyword_baseline  # noqa: PLC0415
    from models_ml.categorizer.train import lexicon_phrases  # noqa: PLC0415

    certain = np.ones(len(descriptions))
    brands = learned.filter(pl.col("source").is_in(["brands", "merchants"]))
    taught = learned.filter(pl.col("weight") > 0)
    machine = word_machine(
        taught["description"].to_list(), taught["category_code"].to_list(), descriptions.to_list()
    )
    return {
        "keywords": (keyword_baseline(descriptions, lexicon_phrases()), certain),
        "nearest brand": nearest_brand(descriptions, brands),
        "1-3-gram SVC": (machine, certain),
    }
