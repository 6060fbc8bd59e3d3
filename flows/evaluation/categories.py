"""How often the categoriser is right on lines it did not learn from, beside three simpler methods."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from flows.progress import report
from warehouse.errors import ActionableError

if TYPE_CHECKING:
    from models_ml.categorizer.evaluate import Scores
    from models_ml.categorizer.model import CategoryModel
    from models_ml.categorizer.samples import Sample

Machine = Callable[[Sequence[str]], list[str]]
_STEPS = "evaluating categories"
_TRUTH = "truth/events.parquet"
_SETS = 6  # brands, Birmingham twice, the written lines, South Africa, the simulated bank
_OURS, _AS_REGISTERED = "mita", "mita, as registered"
_TAUGHT_NO_WORDS = ("written", "south_africa", "simulated")
_SAMPLE = 1500  # distinct lines of a set that the slow baselines are asked


class DataMissingError(ActionableError):
    """The folder of public data is not there."""


@dataclass(frozen=True, slots=True)
class CategoriesReport:
    """Figures by check set and method; ``model_version`` is the shipped or registered model."""

    model_version: str
    #: By kind of evidence and mixture of the leaf: the probability from which the model calls a line sure.
    sure_from: dict[str, dict[str, float | None]]
    sets: dict[str, dict[str, Scores]]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: set -> method -> figure."""
        sets = {
            name: {method: asdict(scores) for method, scores in methods.items()}
            for name, methods in self.sets.items()
        }
        return {"model_version": self.model_version, "sure_from": self.sure_from, "sets": sets}


def evaluate_categories(data: Path | None, bank: Path, model: CategoryModel) -> CategoriesReport:
    """Score a model fitted anew on lines that it has not learned from, beside three simpler methods.

    Unseen shops are a third of all, by their first telling word, whose labels the fit has not seen; no words
    are learned from the South African and the simulated lines. How sure to be of a source is learned from
    the other sources. ``model`` itself, whose confidence has learned from all of them, is scored beside it
    on the lines that taught it no words.
    """
    # scikit-learn takes a second to import
    from models_ml.categorizer.calibration import outside  # noqa: PLC0415
    from models_ml.categorizer.examples import folds, read_examples  # noqa: PLC0415
    from models_ml.categorizer.fitting import TrainingParams  # noqa: PLC0415
    from models_ml.categorizer.samples import judge_apart  # noqa: PLC0415
    from models_ml.categorizer.train import told_thresholds  # noqa: PLC0415

    folder, params = data_folder(data), TrainingParams()
    examples = read_examples(folder)
    report(_STEPS, 0, 2 + _SETS)
    samples, _ = judge_apart(examples, params, _south_africa(folder), pl.read_parquet(bank / _TRUTH))
    report(_STEPS, 1, 2 + _SETS)
    _, metrics = outside(samples)
    learned = examples.filter(~folds(examples, params.folds)[0])
    machine = _machine(learned)
    report(_STEPS, 2, 2 + _SETS)
    sets: dict[str, dict[str, Scores]] = {}
    for place, sample in enumerate(samples):
        sets[sample.source] = {_OURS: metrics[sample.source]} | _beside(sample, model, learned, machine)
        report(_STEPS, 3 + place, 2 + len(samples))
    return CategoriesReport(model.version, told_thresholds(model.confidence.sure_from), sets)


def data_folder(given: Path | None) -> Path:
    """The folder of public data: as given, MITA_REALDATA, or the one beside the checkout."""
    folder = given or Path(os.environ.get("MITA_REALDATA", "../shared/data"))
    if not (folder / "merchants").is_dir():
        message = f"{folder} holds no merchants/: name the folder of public data with --data or MITA_REALDATA"
        raise DataMissingError(message)
    return folder


def _south_africa(folder: Path) -> pl.DataFrame | None:
    from models_ml.categorizer.checks import SOUTH_AFRICA  # noqa: PLC0415

    path = folder / SOUTH_AFRICA
    return pl.read_csv(path, infer_schema=False) if path.is_file() else None


def _beside(
    sample: Sample, model: CategoryModel, learned: pl.DataFrame, machine: Machine
) -> dict[str, Scores]:
    """The scores of other methods on the same lines, of many lines on every n-th of them."""
    from models_ml.categorizer.baselines import nearest_brand  # noqa: PLC0415
    from models_ml.categorizer.checks import lexicon_phrases  # noqa: PLC0415
    from models_ml.categorizer.evaluate import keyword_baseline, score  # noqa: PLC0415
    from models_ml.categorizer.predict import ranked  # noqa: PLC0415

    texts = pl.Series(sample.description, dtype=pl.String)
    scores: dict[str, Scores] = {}
    if sample.source in _TAUGHT_NO_WORDS:
        said = ranked(texts, sample.signs, model=model)
        scores[_AS_REGISTERED] = score(
            sample.truth,
            said["category_code"].to_list(),
            said["probability"].to_numpy(),
            said["sure"].to_numpy(),
        )
    every = -(-len(texts) // _SAMPLE)
    few, truth = texts.gather_every(every), sample.truth[::every]
    certain = np.ones(len(few))
    brands = learned.filter(pl.col("source").is_in(["brands", "merchants"]))
    scores["keywords"] = score(truth, keyword_baseline(few, lexicon_phrases()), certain)
    scores["nearest brand"] = score(truth, *nearest_brand(few, brands))
    scores["1-3-gram SVC"] = score(truth, machine(few.to_list()), certain)
    return scores


def _machine(learned: pl.DataFrame) -> Machine:
    from models_ml.categorizer.baselines import word_machine  # noqa: PLC0415

    taught = learned.filter(pl.col("weight") > 0)
    return word_machine(taught["description"].to_list(), taught["category_code"].to_list())
