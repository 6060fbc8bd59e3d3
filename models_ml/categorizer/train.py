"""Train the categoriser anew: ``python -m models_ml.categorizer.train --data DIR``."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import BaseModel, ConfigDict

from models_ml.categorizer import knowledge
from models_ml.categorizer.clean import clean_descriptors, romanised
from models_ml.categorizer.evaluate import Scores, keyword_baseline, score
from models_ml.categorizer.features import FeatureSpec, featurise
from models_ml.categorizer.gazetteer import gazetteer
from models_ml.categorizer.model import (
    MANIFEST_FILE,
    MODEL_NAME,
    SHIPPED,
    WEIGHTS_FILE,
    CategoryModel,
    quantise,
)
from models_ml.categorizer.predict import SURE, predict, probabilities
from models_ml.categorizer.report import CARD_FILE, card, draw_confusion

Floats = npt.NDArray[np.float64]

#: What is learned from, below the data folder, with the licence it comes under. Data that may only be
#: evaluated on (personal_transactions, berka) is not named here and never read.
SOURCES = {
    "brands": ("merchants/nsi_brands.csv.gz", "name-suggestion-index, BSD-3-Clause"),
    "mcc": ("merchants/mcc_codes.csv", "greggles/mcc-codes, public domain"),
    "birmingham": (
        "transactions/birmingham_purchase_cards_2014_2018.csv.gz",
        "Birmingham City Council, Open Government Licence",
    ),
}
#: Real bank lines of a country that nothing is learned from; scored only.
SOUTH_AFRICA = "transactions/za_transactions.csv"
_CHECKED = ("birmingham", "brands", "labelled")
_OUTFLOW = -100  # brand names carry no amount: they are scored as purchases
_TEMPERATURES = np.geomspace(0.2, 3.0, 56)
_CALIBRATION_TEXTS = 3000  # per source, so that brand names do not outnumber card lines


class TrainingParams(BaseModel):
    """Everything that steers a training; the manifest and MLflow keep it beside the figures."""

    model_config = ConfigDict(frozen=True)

    buckets: int = 1 << 16
    ngrams: tuple[int, ...] = (2, 3, 4, 5)
    word_weight: float = 2.0
    first_weight: float = 2.0
    inverse_regularisation: float = 8.0
    balance: float = 0.5  # a class of weight n counts n ** (1 - balance)
    town_weight: float = 0.5  # of a text's copy with a town behind it
    cut_weight: float = 0.3  # of a text's copy cut off as banks cut it
    iterations: int = 40
    folds: int = 3

    @property
    def spec(self) -> FeatureSpec:
        """How texts become features."""
        return FeatureSpec(self.buckets, self.ngrams, self.word_weight, self.first_weight)


@dataclass(frozen=True)
class Trained:
    """A calibrated model with its figures and what they were measured on."""

    model: CategoryModel
    params: TrainingParams
    metrics: dict[str, Scores]
    data: dict[str, dict[str, int | str]]  # per source: texts, sha256
    outcome: pl.DataFrame = field(repr=False)  # description, source, category_code, predicted, probability


def read_examples(data: Path, more: pl.DataFrame | None = None) -> pl.DataFrame:
    """All that is learned from, as knowledge.EXAMPLE_SCHEMA: own words, public lists, labelled lines."""
    parts = [
        knowledge.lexicon(),
        knowledge.known_merchants(),
        knowledge.brands(data / SOURCES["brands"][0]),
        knowledge.merchant_code_names(data / SOURCES["mcc"][0]),
        knowledge.birmingham(data / SOURCES["birmingham"][0]),
    ]
    return pl.concat(parts if more is None else [*parts, knowledge.labelled(more)])


def train(
    examples: pl.DataFrame, params: TrainingParams, south_africa: pl.DataFrame | None = None
) -> Trained:
    """Fit on all examples; temperature and figures come from shops that each fold's fit had not seen.

    ``examples`` follow knowledge.EXAMPLE_SCHEMA; ``south_africa`` (description, amount, label) is
    only scored.
    """
    folds = [
        (fit(examples.filter(~held), params), examples.filter(held & pl.col("source").is_in(_CHECKED)))
        for held in _folds(examples, params.folds)
    ]
    temperature = _temperature(folds)
    outcome = pl.concat(_predicted(replace(model, temperature=temperature), rows) for model, rows in folds)
    model = replace(fit(examples, params), temperature=temperature)
    metrics = _metrics(outcome)
    if south_africa is not None:
        metrics |= _south_african_metrics(south_africa, model)
    return Trained(model, params, metrics, _data_version(examples), outcome)


def fit(examples: pl.DataFrame, params: TrainingParams) -> CategoryModel:
    """A linear layer over hashed n-grams, fitted on the examples and their noisy copies."""
    # for training only; neither ships types
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]  # noqa: PLC0415
    from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # noqa: PLC0415

    noisy = with_bank_noise(examples.filter(pl.col("weight") > 0), params)
    rows = featurise(romanised(clean_descriptors(noisy["description"])), params.spec)
    codes, targets = np.unique(noisy["category_code"].to_numpy().astype(str), return_inverse=True)
    layer = LogisticRegression(C=params.inverse_regularisation, max_iter=params.iterations, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopping early regularises and is meant
        layer.fit(
            csr_matrix(
                (rows.data.astype(np.float64), rows.indices, rows.indptr), (len(noisy), params.buckets)
            ),
            targets,
            sample_weight=_balanced(noisy["weight"].to_numpy(), targets, params.balance),
        )
    quantised, scales = quantise(layer.coef_.T.astype(np.float32))
    return CategoryModel(
        codes=tuple(codes.tolist()),
        quantised=quantised,
        scales=scales,
        intercept=layer.intercept_.astype(np.float32),
        temperature=1.0,
        spec=params.spec,
        names=gazetteer(_names(examples), tuple(codes.tolist()), knowledge.general_words()),
    )


def with_bank_noise(examples: pl.DataFrame, params: TrainingParams) -> pl.DataFrame:
    """The examples, each once more with a town behind it, and long ones once more cut off."""
    towns = knowledge.cities()
    texts = examples["description"].to_list()
    placed = pl.Series([f"{text} {towns[zlib.crc32(text.encode()) % len(towns)]}" for text in texts])
    cut = pl.Series([text[: max(8, len(text) * 7 // 10)] for text in texts])
    copies = [
        examples,
        examples.with_columns(placed.alias("description"), pl.col("weight") * params.town_weight),
        examples.with_columns(cut.alias("description"), pl.col("weight") * params.cut_weight).filter(
            examples["description"].str.len_chars() > 12  # noqa: PLR2004  (shorter ones fit any bank's field)
        ),
    ]
    return pl.concat(copies)


def save(trained: Trained, folder: Path) -> dict[str, Any]:
    """Write weights, manifest, card and confusion plot; gives the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    content = trained.model.to_bytes()
    (folder / WEIGHTS_FILE).write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    manifest = {
        "name": MODEL_NAME,
        "version": sha256[:12],
        "file": WEIGHTS_FILE,
        "sha256": sha256,
        "threshold": round(SURE, 4),
        "temperature": round(trained.model.temperature, 4),
        "params": trained.params.model_dump(mode="json"),
        "data": trained.data,
        "metrics": {name: scores.as_dict() for name, scores in trained.metrics.items()},
    }
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    (folder / CARD_FILE).write_text(card(manifest, len(content), dict(SOURCES.values())), encoding="utf-8")
    draw_confusion(trained.outcome, folder)
    return manifest


def main(arguments: Sequence[str] | None = None) -> None:
    """Train from the command line and write the artifact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with merchants/ and transactions/")
    parser.add_argument(
        "--labelled", type=Path, help="CSV with description, category_code, and merchant, country"
    )
    parser.add_argument("--out", type=Path, default=SHIPPED, help="folder for the artifact")
    options = parser.parse_args(arguments)
    more = pl.read_csv(options.labelled, infer_schema=False) if options.labelled else None
    check = options.data / SOUTH_AFRICA
    south_africa = pl.read_csv(check, infer_schema=False) if check.is_file() else None
    trained = train(read_examples(options.data, more), TrainingParams(), south_africa)
    json.dump(save(trained, options.out)["metrics"], sys.stdout, indent=1)


def _folds(examples: pl.DataFrame, count: int) -> list[pl.Series]:
    fold = pl.Series(
        [zlib.crc32(merchant.encode()) % count if merchant else -1 for merchant in examples["merchant"]]
    )
    return [fold == number for number in range(count)]


def _names(examples: pl.DataFrame) -> pl.DataFrame:
    known = examples.filter((pl.col("merchant") != "") & (pl.col("weight") > 0))
    name = romanised(clean_descriptors(known["description"])).alias("name")
    return known.select("category_code", "weight").with_columns(name)


def _balanced(weights: Floats, targets: npt.NDArray[np.intp], balance: float) -> Floats:
    totals = np.bincount(targets, weights=weights)
    balanced: Floats = weights * (totals / totals.mean())[targets] ** -balance
    return balanced


def _temperature(folds: list[tuple[CategoryModel, pl.DataFrame]]) -> float:
    """The temperature of least surprise on held-out shops, each source counting alike."""
    samples = [(model, _calibration_sample(rows)) for model, rows in folds]
    losses = [
        sum(_surprise(replace(model, temperature=float(temperature)), rows) for model, rows in samples)
        for temperature in _TEMPERATURES
    ]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _calibration_sample(rows: pl.DataFrame) -> pl.DataFrame:
    order = pl.Series("order", [zlib.crc32(text.encode()) for text in rows["description"]], dtype=pl.UInt32)
    mixed = rows.with_columns(order).sort("order", "description", "category_code")
    return mixed.group_by("source", maintain_order=True).head(_CALIBRATION_TEXTS)


def _surprise(model: CategoryModel, rows: pl.DataFrame) -> float:
    shares = probabilities(_as_purchases(rows), model)
    accepted = np.zeros_like(shares)
    for row, leaves in enumerate(_truth(rows)):
        accepted[row] = [code in leaves for code in model.codes]
    mass = np.maximum((shares * accepted).sum(axis=1), 1e-9)
    per_source = rows.select((1.0 / pl.len().over("source")).alias("weight"))["weight"].to_numpy()
    return float(-(np.log(mass) * per_source).sum())


def _as_purchases(rows: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame({"cleaned": clean_descriptors(rows["description"])}).with_columns(
        pl.lit(value=False).alias("inflow"), pl.lit("").alias("mcc"), pl.lit("").alias("kind")
    )


def _truth(rows: pl.DataFrame) -> list[frozenset[str]]:
    wide = knowledge.birmingham_leaves()
    return [
        wide[code] if source == "birmingham" else frozenset({code})
        for source, code in rows.select("source", "category_code").iter_rows()
    ]


def _predicted(model: CategoryModel, rows: pl.DataFrame) -> pl.DataFrame:
    lines = predict(rows["description"], [_OUTFLOW] * len(rows), ["EUR"] * len(rows), model=model)
    return rows.select("description", "source", "category_code").with_columns(
        lines["category_code"].alias("predicted"), lines["probability"]
    )


def _metrics(outcome: pl.DataFrame) -> dict[str, Scores]:
    return {
        name: scores
        for (source,), rows in outcome.group_by("source", maintain_order=True)
        for name, scores in _against_keywords(
            str(source), rows["description"], _truth(rows), rows["predicted"], rows["probability"]
        ).items()
    }


def _south_african_metrics(lines: pl.DataFrame, model: CategoryModel) -> dict[str, Scores]:
    leaves = knowledge.south_african_leaves()
    known = lines.filter(pl.col("label").is_in(list(leaves)))
    amount = (
        known["amount"].str.replace_all(r"[^\d.-]", "").cast(pl.Float64, strict=False).fill_null(_OUTFLOW)
    )
    minor = (amount * 100).round().cast(pl.Int64)
    found = predict(known["description"], minor, ["ZAR"] * len(known), model=model)
    truth = [leaves[label] for label in known["label"]]
    return _against_keywords(
        "south_africa", known["description"], truth, found["category_code"], found["probability"]
    )


def _against_keywords(
    name: str,
    descriptions: pl.Series,
    truth: list[frozenset[str]],
    predicted: pl.Series,
    probability: pl.Series,
) -> dict[str, Scores]:
    words = keyword_baseline(descriptions, _phrases())
    return {
        name: score(truth, predicted.to_list(), probability.to_numpy()),
        f"{name}, keywords": score(truth, words, np.ones(len(words))),
    }


def _phrases() -> dict[str, str]:
    words = knowledge.lexicon()
    texts = romanised(clean_descriptors(words["description"])).to_list()
    return {text: code for text, code in zip(texts, words["category_code"], strict=True) if text}


def _data_version(examples: pl.DataFrame) -> dict[str, dict[str, int | str]]:
    return {
        str(source): {"texts": len(rows), "sha256": hashlib.sha256(rows.write_csv().encode()).hexdigest()}
        for (source,), rows in examples.group_by("source", maintain_order=True)
    }


if __name__ == "__main__":
    main()
