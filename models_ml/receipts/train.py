"""Train the receipt reader: from pages with known fields, and from drawn ones, to a folder with weights."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from rapidfuzz import fuzz

from models_ml.receipts.choose import Candidates, Choice, candidates_of, choose
from models_ml.receipts.dates import Order
from models_ml.receipts.days import receipt_order
from models_ml.receipts.drawn.compose import compose, locales
from models_ml.receipts.drawn.pages import page_of
from models_ml.receipts.evidence import evidence
from models_ml.receipts.fitting import fit_trees
from models_ml.receipts.model import (
    FIELDS,
    MANIFEST_FILE,
    MODEL_NAME,
    SHIPPED,
    WEIGHTS_FILE,
    FieldModel,
    ReceiptModel,
)
from models_ml.receipts.page import Page
from models_ml.receipts.trees import Trees

Floats = npt.NDArray[np.float64]
#: A row is taken for the shop's name in training when its letters are at least so alike.
_NAME_ALIKE = 80.0
ABSENT = "absent"


class TrainingParams(BaseModel):
    """Everything that steers a training; the manifest and MLflow keep it beside the figures."""

    model_config = ConfigDict(frozen=True)

    trees: int = 220
    depth: int = 4
    rate: float = 0.06
    drawn: int = 900
    drawn_weight: float = 0.35  # of all drawn receipts against all photographed ones, each
    folds: int = 6
    seed: int = 7
    latest_day: date = date(2027, 12, 31)
    absent: float = 0.05  # share of receipts whose true value the engine is taken to lose
    wrong_total_when_sure: float = 0.003  # aimed at when thresholds are set
    wrong_date_when_sure: float = 0.004
    wrong_merchant_when_sure: float = 0.03
    lowest_threshold: float = 0.85


@dataclass(frozen=True)
class Labelled:
    """A page and what it says; ``group`` keeps one company's receipts in one fold."""

    page: Page
    merchant: str
    day: date | None
    total_minor: int | None
    group: str
    order: Order | None = None
    source: str = "photographed"


@dataclass(frozen=True)
class _Example:
    candidates: Candidates
    hits: dict[str, list[bool]]
    fold: int
    weight: float
    source: str


@dataclass(frozen=True)
class Trained:
    """A calibrated reader with its figures on companies that it had not seen."""

    model: ReceiptModel
    params: TrainingParams
    metrics: dict[str, dict[str, float]]
    data: dict[str, dict[str, int | str]]


def train(photographed: Sequence[Labelled], params: TrainingParams) -> Trained:
    """Fit on all; calibration, thresholds and figures come from companies that each fold had not seen."""
    labelled = [*photographed, *drawn_receipts(params)]
    examples = _examples(labelled, params)
    fields: dict[str, FieldModel] = {}
    metrics: dict[str, dict[str, float]] = {}
    for field in FIELDS:
        outcome = _held_out(examples, field, params)
        calibration = _calibrated(outcome)
        threshold = _threshold(outcome, calibration, _aim(field, params), params.lowest_threshold)
        fields[field] = FieldModel(_fitted(examples, field, params), calibration, threshold)
        metrics |= _figures(field, outcome, fields[field])
    return Trained(ReceiptModel(fields), params, metrics, _data_version(labelled))


def drawn_receipts(params: TrainingParams) -> list[Labelled]:
    """Drawn pages of all locales in turn."""
    names = sorted(locales())
    result = []
    for number in range(params.drawn):
        random = Random(f"{params.seed}-{number}")  # noqa: S311 - for drawing, not for secrets
        locale = names[number % len(names)]
        receipt = compose(random, locale)
        truth = receipt.truth
        order: Order = "month" if locale == "en_US" else "day"
        page = page_of(receipt, random)
        result.append(
            Labelled(
                page, truth.merchant, truth.moment.date(), truth.total_minor, f"drawn {number}", order, locale
            )
        )
    return result


def save(trained: Trained, folder: Path = SHIPPED) -> dict[str, Any]:
    """Write weights, manifest and card; gives the manifest."""
    from models_ml.receipts.report import write_card  # noqa: PLC0415 - needs the manifest's shape only

    folder.mkdir(parents=True, exist_ok=True)
    content = trained.model.to_bytes()
    (folder / WEIGHTS_FILE).write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    manifest = {
        "name": MODEL_NAME,
        "version": sha256[:12],
        "file": WEIGHTS_FILE,
        "sha256": sha256,
        "thresholds": {name: round(field.threshold, 4) for name, field in trained.model.fields.items()},
        "params": trained.params.model_dump(mode="json"),
        "data": trained.data,
        "metrics": trained.metrics,
    }
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    write_card(manifest, len(content), folder)
    return manifest


def letters(text: str) -> str:
    """A name's letters and digits in upper case, which is what two spellings are compared by."""
    return re.sub(r"[\W_]", "", text.upper())


def _examples(labelled: Sequence[Labelled], params: TrainingParams) -> list[_Example]:
    sizes = Counter(one.group for one in labelled)
    photographed = sum(one.source == "photographed" for one in labelled)
    share = params.drawn_weight * max(photographed, 50) / max(len(labelled) - photographed, 1)
    return [_example(one, sizes[one.group], share, params) for one in labelled]


def _example(one: Labelled, size: int, share: float, params: TrainingParams) -> _Example:
    read = evidence(one.page)
    order: Order = one.order or receipt_order(read) or "day"
    found = candidates_of(read, order, params.latest_day)
    alike = [fuzz.ratio(letters(candidate.name), letters(one.merchant)) for candidate in found.merchant]
    closest = max(alike, default=0.0)
    hits = {
        "total": [candidate.minor == one.total_minor for candidate in found.total],
        "date": [candidate.day == one.day for candidate in found.date],
        "merchant": [value == closest and value >= _NAME_ALIKE for value in alike],
    }
    weight = size**-0.5 if one.source == "photographed" else share
    return _Example(found, hits, zlib.crc32(one.group.encode()) % params.folds, weight, one.source)


def _fitted(examples: Iterable[_Example], field: str, params: TrainingParams) -> Trees:
    used = [one for one in examples if any(one.hits[field])]
    rows = np.concatenate([one.candidates.matrix(field) for one in used])
    targets = np.concatenate([np.array(one.hits[field]) for one in used])
    weights = np.concatenate([np.full(len(one.hits[field]), one.weight) for one in used])
    return fit_trees(
        rows, targets, weights, count=params.trees, depth=params.depth, rate=params.rate, seed=params.seed
    )


@dataclass(frozen=True)
class _Outcome:
    signals: Floats  # receipts x signals
    right: npt.NDArray[np.bool_]
    weights: Floats
    sources: tuple[str, ...]  # photographed, a locale, or ABSENT


def _held_out(examples: Sequence[_Example], field: str, params: TrainingParams) -> _Outcome:
    """What a reader says of receipts whose company it did not learn from.

    Each receipt is judged once more without its true candidates: what the engine did not read cannot be
    right, and the best of the rest must not look sure.
    """
    rows: list[tuple[Floats, bool, float, str]] = []
    for fold in range(params.folds):
        trees = _fitted([one for one in examples if one.fold != fold], field, params)
        for one in (one for one in examples if one.fold == fold and one.hits[field]):
            logits = trees.logits(one.candidates.matrix(field))
            candidates, hits = getattr(one.candidates, field), np.array(one.hits[field])
            choice: Choice[Any] = choose(candidates, logits)
            rows.append((choice.signals, bool(hits[int(np.argmax(logits))]), one.weight, one.source))
            others = [candidate for candidate, hit in zip(candidates, hits, strict=True) if not hit]
            if others and hits.any():
                choice = choose(others, logits[~hits])
                rows.append((choice.signals, False, one.weight * params.absent, ABSENT))
    signals, right, weights, sources = zip(*rows, strict=True)
    return _Outcome(np.array(signals), np.array(right), np.array(weights), sources)


def _calibrated(outcome: _Outcome) -> Floats:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # noqa: PLC0415

    model = LogisticRegression(C=0.5, max_iter=2000)
    weights = outcome.weights * len(outcome.weights) / outcome.weights.sum()
    model.fit(outcome.signals, outcome.right, sample_weight=weights)
    return np.concatenate([model.coef_[0], model.intercept_])


def _aim(field: str, params: TrainingParams) -> float:
    """The share of wrong values that is accepted of a field without review."""
    return float(getattr(params, f"wrong_{field}_when_sure"))


def _threshold(outcome: _Outcome, calibration: Floats, wrong: float, lowest: float) -> float:
    """The lowest confidence above which the weighted share of wrong values is as small as asked for."""
    odds = outcome.signals @ calibration[:-1] + calibration[-1]
    order = np.argsort(-odds)
    errors = np.cumsum(outcome.weights[order] * ~outcome.right[order]) / np.cumsum(outcome.weights[order])
    fitting = np.flatnonzero(errors <= wrong)
    last = odds[order][fitting[-1]] if len(fitting) else odds.max()
    return float(np.clip(1 / (1 + np.exp(-last)), lowest, 0.995))


def _figures(field: str, outcome: _Outcome, model: FieldModel) -> dict[str, dict[str, float]]:
    confidence = np.array([model.confidence(row) for row in outcome.signals])
    sources = np.array(outcome.sources)
    photographed, absent = sources == "photographed", sources == ABSENT
    figures = {}
    masks = {"photographed": photographed, "drawn": ~photographed & ~absent, "true value removed": absent}
    for name, mask in masks.items():
        if mask.any():
            figures[f"{field}, {name}"] = _figures_of(outcome.right[mask], confidence[mask], model.threshold)
    return figures


def _figures_of(right: npt.NDArray[np.bool_], confidence: Floats, threshold: float) -> dict[str, float]:
    sure = confidence >= threshold
    return {
        "receipts": len(right),
        "right": round(float(right.mean()), 4),
        "coverage": round(float(sure.mean()), 4),
        "wrong_when_sure": round(float(1 - right[sure].mean()) if sure.any() else 0.0, 4),
        "brier": round(float(((confidence - right) ** 2).mean()), 4),
    }


def _data_version(labelled: Sequence[Labelled]) -> dict[str, dict[str, int | str]]:
    version: dict[str, dict[str, int | str]] = {}
    for name in sorted({one.source for one in labelled}):
        pages = [json.dumps(one.page.as_dict(), sort_keys=True) for one in labelled if one.source == name]
        version[name] = {
            "receipts": len(pages),
            "sha256": hashlib.sha256("".join(pages).encode()).hexdigest(),
        }
    return version
