"""Lines as models judge them that were fitted without their labels: what confidence learns from."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from models_ml.categorizer.checks import (
    as_purchases,
    simulated_lines,
    south_african,
    truth_of,
    written_lines,
)
from models_ml.categorizer.examples import folds
from models_ml.categorizer.fitting import TrainingParams, fit, tables
from models_ml.categorizer.model import CategoryModel
from models_ml.categorizer.predict import judged, probabilities

Floats = npt.NDArray[np.float64]

_CHECKED = ("birmingham", "brands", "labelled")
_LABELLED = ("birmingham", "labelled")
WITHHELD = ", names withheld"
_SHOP_WEIGHT = 0.5  # of a brand list's kind from which its names are shops that people pay
_TEMPERATURES = np.geomspace(0.2, 3.0, 56)
_CALIBRATION_TEXTS = 3000  # per source, so that brand names do not outnumber card lines


@dataclass(frozen=True)
class Sample:
    """Check lines of one source as a model that had not seen their labels judged them."""

    source: str
    description: list[str]
    truth: list[frozenset[str]]
    predicted: list[str]
    best: npt.NDArray[np.intp]
    features: Floats
    mixed: Floats  # classes
    signs: list[int | None]  # of the amounts

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Whether the best leaf is one that the line may have."""
        return np.array([code in leaves for code, leaves in zip(self.predicted, self.truth, strict=True)])


def judge_apart(
    examples: pl.DataFrame,
    params: TrainingParams,
    south_africa: pl.DataFrame | None = None,
    simulated: pl.DataFrame | None = None,
) -> tuple[list[Sample], float]:
    """Check lines of all sources as models judge them that were fitted without; and the temperature."""
    fitted = [
        (fit(examples.filter(~held), params), examples.filter(held & _checkable(examples)))
        for held in _telling_folds(examples, params)
    ]
    temperature = _temperature(fitted)
    heard = _heard_names(examples, fitted[0][0].codes)
    samples = [
        sample
        for model, rows in fitted
        for sample in check_samples(replace(model, temperature=temperature), rows, heard)
    ]
    lines = {"written": written_lines()}
    if south_africa is not None:
        lines["south_africa"] = south_african(south_africa)
    if simulated is not None:
        lines["simulated"] = simulated_lines(simulated)
    knowing = replace(fitted[0][0], temperature=temperature, **heard)
    samples += [sample_of(source, knowing, each) for source, each in lines.items()]
    return samples, temperature


def _checkable(examples: pl.DataFrame) -> pl.Series:
    """Which examples are fit to check on: what weighs little (who owns a power line) is no one's shop."""
    source = examples["source"]
    return source.is_in(_CHECKED) & ((source != "brands") | (examples["weight"] >= _SHOP_WEIGHT))


def _telling_folds(examples: pl.DataFrame, params: TrainingParams) -> list[pl.Series]:
    """The first ``checked`` folds that hold out shops to check on; small data leaves some folds without."""
    checked = examples["source"].is_in(_CHECKED)
    telling = [held for held in folds(examples, params.folds) if (held & checked).any()]
    if not telling:
        message = (
            f"no shop to check on: {', '.join(_CHECKED)} name none; give lists of shops or labelled lines"
        )
        raise ValueError(message)
    return telling[: params.checked]


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
    shares = probabilities(as_purchases(rows), model)
    accepted = np.zeros_like(shares)
    for row, leaves in enumerate(truth_of(rows)):
        accepted[row] = [code in leaves for code in model.codes]
    mass = np.maximum((shares * accepted).sum(axis=1), 1e-9)
    per_source = rows.select((1.0 / pl.len().over("source")).alias("weight"))["weight"].to_numpy()
    return float(-(np.log(mass) * per_source).sum())


def _heard_names(examples: pl.DataFrame, codes: tuple[str, ...]) -> dict[str, Any]:
    """The tables of all public and reviewed names, without those that only labelled lines tell."""
    told = tables(examples.filter(~pl.col("source").is_in(_LABELLED)), codes)
    return {key: told[key] for key in ("names", "label_bytes")}


def check_samples(model: CategoryModel, rows: pl.DataFrame, heard: dict[str, Any]) -> list[Sample]:
    """Held-out shops: of labelled lines both with public lists of names known and with the name withheld."""
    found = []
    for (source,), part in rows.group_by("source", maintain_order=True):
        lines = as_purchases(part).with_columns(part["description"])
        truth = truth_of(part)
        found.append(_sample(f"{source}{'' if source == 'brands' else WITHHELD}", model, lines, truth))
        if source in _LABELLED:
            found.append(_sample(str(source), replace(model, **heard), lines, truth))
    return found


def sample_of(source: str, model: CategoryModel, lines: tuple[pl.DataFrame, list[frozenset[str]]]) -> Sample:
    """A sample of lines (description, cleaned, inflow, mcc, kind) with the leaves that each may have."""
    return _sample(source, model, *lines)


def _sample(source: str, model: CategoryModel, lines: pl.DataFrame, truth: list[frozenset[str]]) -> Sample:
    found = judged(lines.drop("description"), model)
    return Sample(
        source,
        lines["description"].to_list(),
        truth,
        [model.codes[place] for place in found.best],
        found.best,
        found.features,
        model.confidence.mixed,
        [None if inflow is None else 2 * int(inflow) - 1 for inflow in lines["inflow"].to_list()],
    )
