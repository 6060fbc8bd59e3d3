"""Train the categoriser anew: ``python -m models_ml.categorizer.train --data DIR``."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from models_ml.categorizer.calibration import fit_confidence, fit_sure, outside
from models_ml.categorizer.checks import SOUTH_AFRICA
from models_ml.categorizer.confidence import KINDS, MIXTURES
from models_ml.categorizer.evaluate import Scores
from models_ml.categorizer.examples import SOURCES, data_version, read_examples
from models_ml.categorizer.fitting import TrainingParams, fit
from models_ml.categorizer.model import MANIFEST_FILE, MODEL_NAME, SHIPPED, WEIGHTS_FILE, CategoryModel
from models_ml.categorizer.predict import STANDS, SURE_BY_CODE
from models_ml.categorizer.report import CARD_FILE, card, draw_calibration, draw_confusion
from models_ml.categorizer.samples import judge_apart

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """A calibrated model with its figures and what they were measured on."""

    model: CategoryModel
    params: TrainingParams
    metrics: dict[str, Scores]
    data: dict[str, dict[str, int | str]]  # per source: texts, sha256
    outcome: pl.DataFrame = field(repr=False)  # description, source, category_code, predicted, probability


def train(
    examples: pl.DataFrame,
    params: TrainingParams,
    south_africa: pl.DataFrame | None = None,
    simulated: pl.DataFrame | None = None,
) -> Trained:
    """Fit on all examples; temperature and figures come from shops that each fold's fit had not seen.

    ``examples`` follow knowledge.EXAMPLE_SCHEMA; ``south_africa`` (description, amount, label) and
    ``simulated`` (a generated bank's truth/events.parquet) are scored; they teach how sure to be and no more.
    The figures of each source come from a confidence that learned from the other sources alone.
    """
    samples, temperature = judge_apart(examples, params, south_africa, simulated)
    outcome, metrics = outside(samples)
    layer = replace(fit_confidence(samples), sure_from=fit_sure(samples))
    model = replace(fit(examples, params), temperature=temperature, confidence=layer)
    return Trained(model, params, metrics, data_version(examples), outcome)


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
        "threshold": round(STANDS, 4),
        "sure_by_code": SURE_BY_CODE,
        "sure_from": told_thresholds(trained.model.confidence.sure_from),
        "temperature": round(trained.model.temperature, 4),
        "params": trained.params.model_dump(mode="json"),
        "data": trained.data,
        "metrics": {name: scores.as_dict() for name, scores in trained.metrics.items()},
    }
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    (folder / CARD_FILE).write_text(card(manifest, len(content), dict(SOURCES.values())), encoding="utf-8")
    draw_confusion(trained.outcome, folder)
    draw_calibration(trained.outcome, folder)
    return manifest


def told_thresholds(sure_from: Floats) -> dict[str, dict[str, float | None]]:
    """Thresholds by kind of evidence and mixture of the leaf, null where no line is sure."""
    return {
        kind: {
            mixture: round(float(value), 4) if value <= 1 else None
            for mixture, value in zip(MIXTURES, row, strict=True)
        }
        for kind, row in zip(KINDS, sure_from, strict=True)
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Train from the command line and write the artifact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with merchants/ and transactions/")
    parser.add_argument(
        "--labelled", type=Path, help="CSV with description, category_code, and merchant, country"
    )
    parser.add_argument("--bank", type=Path, help="folder that 'mita generate' made, to calibrate on")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="folder for the artifact")
    options = parser.parse_args(arguments)
    more = pl.read_csv(options.labelled, infer_schema=False) if options.labelled else None
    check = options.data / SOUTH_AFRICA
    south_africa = pl.read_csv(check, infer_schema=False) if check.is_file() else None
    bank = pl.read_parquet(options.bank / "truth" / "events.parquet") if options.bank else None
    trained = train(read_examples(options.data, more), TrainingParams(), south_africa, bank)
    json.dump(save(trained, options.out)["metrics"], sys.stdout, indent=1)


if __name__ == "__main__":
    main()
