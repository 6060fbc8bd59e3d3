"""The forecaster's weights: trees by target and quantile and a calibration, in an npz without pickle."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from models_ml.forecaster.boosting import Boosted
from models_ml.forecaster.calibrate import Calibration, as_arrays
from models_ml.forecaster.features import NAMES, QUANTILES, TARGETS, Outlook
from models_ml.forecaster.history import Floats

MODEL_NAME = "forecaster"
WEIGHTS_FILE, MANIFEST_FILE, CARD_FILE = "weights.npz", "manifest.json", "card.md"
SHIPPED = Path(__file__).parent / "artifact"


class ModelRefusedError(ValueError):
    """A model file that is not the one that was registered; the message says what to do."""


@dataclass(frozen=True)
class ForecastModel:
    """Trees by target and quantile, and where the truth fell for people that they had not seen."""

    trees: Mapping[tuple[str, float], Boosted]
    calibration: Calibration
    name: str = MODEL_NAME
    version: str = "unsaved"

    def say(self, outlooks: Mapping[str, Outlook]) -> dict[str, Floats]:
        """Quantiles in units of each outlook, before calibration: rows x quantiles, in order."""
        return {target: self.say_rows(target, outlooks[target].rows) for target in TARGETS}

    def say_rows(self, target: str, rows: Any) -> Floats:  # noqa: ANN401 - an array of features
        """The same for rows of one target, of any number of people."""
        said = np.stack([self.trees[target, level].predict(rows) for level in QUANTILES], axis=1)
        said.sort(axis=1)
        return said

    def calibrated_by(self, table: Calibration) -> ForecastModel:
        """The same trees with another calibration."""
        return replace(self, calibration=table)

    def to_bytes(self) -> bytes:
        """The npz file: arrays of numbers and text only."""
        arrays: dict[str, Any] = {"names": np.array(NAMES), **as_arrays(self.calibration)}
        for (target, level), trees in self.trees.items():
            arrays |= trees.arrays(f"{target}_{level}")
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()


def load(path: Path, sha256: str) -> ForecastModel:
    """The model in an npz file whose content has this hash; any other content is refused unread."""
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        message = (
            f"{path.name} has the hash {found[:12]}, not the registered {sha256[:12]}: "
            "restore the file or train and register the model again"
        )
        raise ModelRefusedError(message)
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        if tuple(map(str, arrays["names"])) != NAMES:
            message = "the weights were written for other features: train and register the model again"
            raise ModelRefusedError(message)
        trees = {
            (target, level): Boosted.of(arrays, f"{target}_{level}")
            for target in TARGETS
            for level in QUANTILES
        }
        table = {target: arrays[f"calibration_{target}"] for target in TARGETS}
    return ForecastModel(trees, table, version=sha256[:12])


def load_folder(folder: Path = SHIPPED) -> ForecastModel:
    """The model of a folder with a manifest: the shipped one, or one that the registry materialised."""
    manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    return load(folder / str(manifest["file"]), str(manifest["sha256"]))


@cache
def shipped() -> ForecastModel:
    """The model that comes with the platform."""
    return load_folder()
