"""The reader's weights: boosted trees and calibrations, read from an npz without pickle."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models_ml.receipts import days, merchants, totals
from models_ml.receipts.trees import Trees

MODEL_NAME = "receipts"
WEIGHTS_FILE = "weights.npz"
MANIFEST_FILE = "manifest.json"
CARD_FILE = "card.md"
SHIPPED = Path(__file__).parent / "artifact"
FIELDS = ("total", "date", "merchant")
FEATURES: Mapping[str, tuple[str, ...]] = {
    "total": totals.FEATURES,
    "date": days.FEATURES,
    "merchant": merchants.FEATURES,
}


class ModelRefusedError(ValueError):
    """A model file that is not the one that was registered; the message says what to do."""


@dataclass(frozen=True)
class FieldModel:
    """Trees that score candidates, the calibration of the best one's confidence, and its threshold."""

    trees: Trees
    calibration: npt.NDArray[np.float64]  # coefficients, intercept last
    threshold: float

    def confidence(self, signals: npt.NDArray[np.float64]) -> float:
        """Probability that the best candidate is right."""
        odds = float(signals @ self.calibration[:-1] + self.calibration[-1])
        return 1 / (1 + float(np.exp(-np.clip(odds, -30, 30))))


@dataclass(frozen=True)
class ReceiptModel:
    """A fitted reader."""

    fields: Mapping[str, FieldModel]
    name: str = MODEL_NAME
    version: str = "unsaved"

    def to_bytes(self) -> bytes:
        """The npz file: arrays of numbers and text only."""
        arrays: dict[str, Any] = {}
        for name, field in self.fields.items():
            arrays |= field.trees.arrays(name)
            arrays[f"{name}_calibration"] = field.calibration
            arrays[f"{name}_cut"] = np.float64(field.threshold)
            arrays[f"{name}_names"] = np.array(FEATURES[name])
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()


def load(path: Path, sha256: str) -> ReceiptModel:
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
        return ReceiptModel({name: _field(arrays, name) for name in FIELDS}, version=sha256[:12])


def _field(arrays: Mapping[str, npt.NDArray[Any]], name: str) -> FieldModel:
    if tuple(str(feature) for feature in arrays[f"{name}_names"]) != FEATURES[name]:
        message = f"the weights were written for other features of {name}: train and register the model again"
        raise ModelRefusedError(message)
    return FieldModel(Trees.of(arrays, name), arrays[f"{name}_calibration"], float(arrays[f"{name}_cut"]))


def load_folder(folder: Path = SHIPPED) -> ReceiptModel:
    """The model of a folder with a manifest: the shipped one, or one that the registry materialised."""
    manifest = read_manifest(folder)
    return load(folder / str(manifest["file"]), str(manifest["sha256"]))


def read_manifest(folder: Path = SHIPPED) -> dict[str, Any]:
    """What a model folder says of itself: name, version, hash, parameters, data and metrics."""
    manifest: dict[str, Any] = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    return manifest
