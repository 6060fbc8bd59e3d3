"""The categoriser's weights: hashed text features times a linear layer, read from an npz without pickle."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from models_ml.categorizer.clean import romanised
from models_ml.categorizer.confidence import Confidence, Evidence
from models_ml.categorizer.features import FeatureSpec, SparseRows, featurise
from models_ml.categorizer.gazetteer import Gazetteer, Matches, runs_of

MODEL_NAME = "categorizer"
WEIGHTS_FILE = "weights.npz"
MANIFEST_FILE = "manifest.json"
SHIPPED = Path(__file__).parent / "artifact"
#: Below this many rows a plain gather beats the 0.4 s that importing scipy.sparse takes.
_FEW_ROWS = 256

#: How money is sent says nothing of what for; how strong a phrase (log odds) tells that, and what it takes.
_RAILS = ("transfer_in", "transfer_out", "card_payment")
_NAMED_ODDS = 2.9
_RAIL_LOSS = 2.5

Floats = npt.NDArray[np.float32]


class ModelRefusedError(ValueError):
    """A model file that is not the one that was registered; the message says what to do."""


@dataclass(frozen=True)
class CategoryModel:
    """A fitted categoriser; weights take 8 bits a class and bucket, a quarter of the file."""

    codes: tuple[str, ...]
    quantised: npt.NDArray[np.int8]  # buckets x classes
    scales: Floats  # classes
    intercept: Floats  # classes
    temperature: float
    spec: FeatureSpec
    names: Gazetteer
    phrases: Gazetteer
    confidence: Confidence
    label_bytes: npt.NDArray[np.uint8]  # names as people write them, in the order of the table, by lines
    name: str = MODEL_NAME
    version: str = "unsaved"

    def read(self, cleaned: pl.Series) -> tuple[Floats, Evidence]:
        """Log-odds (texts x classes) of cleaned texts, before amount and codes, and what the tables found."""
        latin = romanised(cleaned)
        rows = featurise(latin, self.spec)
        scores = _few(rows, self._weights) if len(cleaned) < _FEW_ROWS else _many(rows, self._weights)
        runs = runs_of(latin)
        names, phrases = self.names.matches(runs), self.phrases.matches(runs, self._rails)
        texts, classes = len(cleaned), len(self.codes)
        odds = (scores + self.intercept) / np.float32(self.temperature)
        guess = odds.argmax(axis=1).astype(np.int64)
        self._leave_rails(odds, phrases)
        odds += self.names.spread(names, texts, classes) + self.phrases.spread(phrases, texts, classes)
        return odds, self._evidence(latin, names, phrases, guess)

    def _leave_rails(self, odds: Floats, phrases: Matches) -> None:
        """A purpose that is named beside a transfer is what the money was for: "virement loyer" is rent."""
        of_rails = np.isin(self.phrases.classes[phrases.place], self._rails)
        named = ~of_rails & (phrases.log_odds >= _NAMED_ODDS)
        odds[np.ix_(phrases.owner[named], self._rails)] -= np.float32(_RAIL_LOSS)

    @cached_property
    def _rails(self) -> npt.NDArray[np.int64]:
        return np.array([place for place, code in enumerate(self.codes) if code in _RAILS], dtype=np.int64)

    def logits(self, cleaned: pl.Series) -> Floats:
        """The log-odds alone."""
        return self.read(cleaned)[0]

    def _evidence(
        self, latin: pl.Series, names: Matches, phrases: Matches, guess: npt.NDArray[np.int64]
    ) -> Evidence:
        def filled(found: Matches, values: npt.NDArray[Any], default: float) -> npt.NDArray[Any]:
            column = np.full(len(latin), default, dtype=values.dtype)
            column[found.owner] = values
            return column

        listed = latin.to_list()
        return Evidence(
            filled(names, self.names.classes[names.place].astype(np.int64), -1),
            filled(names, names.log_odds.astype(np.float64), 0.0),
            filled(names, names.words, 0),
            filled(names, names.is_first, 0),
            filled(names, names.place, -1),
            filled(phrases, self.phrases.classes[phrases.place].astype(np.int64), -1),
            filled(phrases, phrases.log_odds.astype(np.float64), 0.0),
            filled(phrases, phrases.words, 0),
            np.array([len(text.split()) for text in listed], dtype=np.int64),
            np.array([len(text) for text in listed], dtype=np.int64),
            guess,
        )

    @cached_property
    def labels(self) -> list[str]:
        """Names as people write them, in the order of the table of names."""
        return self.label_bytes.tobytes().decode().split("\n")

    @cached_property
    def _weights(self) -> Floats:
        return self.quantised.astype(np.float32) * self.scales

    def to_bytes(self) -> bytes:
        """The npz file: arrays of numbers and text only."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            allow_pickle=False,
            codes=np.array(self.codes),
            quantised=self.quantised,
            scales=self.scales,
            intercept=self.intercept,
            temperature=np.float64(self.temperature),
            name_hashes=self.names.hashes,
            name_classes=self.names.classes,
            name_first=self.names.first_odds.astype(np.float16),
            name_later=self.names.later_odds.astype(np.float16),
            phrase_hashes=self.phrases.hashes,
            phrase_classes=self.phrases.classes,
            phrase_first=self.phrases.first_odds.astype(np.float16),
            phrase_later=self.phrases.later_odds.astype(np.float16),
            confidence=self.confidence.weights,
            confidence_leaves=self.confidence.leaves,
            confidence_bias=np.float64(self.confidence.bias),
            mixed=self.confidence.mixed,
            sure_from=self.confidence.sure_from,
            labels=self.label_bytes,
            buckets=np.int64(self.spec.buckets),
            ngrams=np.array(self.spec.ngrams, dtype=np.int64),
            word_weight=np.float64(self.spec.word_weight),
            first_weight=np.float64(self.spec.first_weight),
        )
        return buffer.getvalue()


def quantise(weights: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Weights (buckets x classes) as 8-bit integers, and the scale of each class."""
    scales = np.maximum(np.abs(weights).max(axis=0) / 127.0, 1e-9).astype(np.float32)
    return np.round(weights / scales).astype(np.int8), scales


def load(path: Path, sha256: str) -> CategoryModel:
    """The model in an npz file whose content has this hash; any other content is refused unread."""
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        message = (
            f"{path.name} has the hash {found[:12]}, not the registered {sha256[:12]}: "
            "restore the file or train and register the model again"
        )
        raise ModelRefusedError(message)
    try:
        return _read(content, version=sha256[:12])
    except KeyError as error:
        message = f"{path.name} was written for another version of MITA ({error}): register a newer one"
        raise ModelRefusedError(message) from error


def _read(content: bytes, version: str) -> CategoryModel:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return CategoryModel(
            codes=tuple(str(code) for code in arrays["codes"]),
            quantised=arrays["quantised"],
            scales=arrays["scales"],
            intercept=arrays["intercept"],
            temperature=float(arrays["temperature"]),
            spec=FeatureSpec(
                buckets=int(arrays["buckets"]),
                ngrams=tuple(int(size) for size in arrays["ngrams"]),
                word_weight=float(arrays["word_weight"]),
                first_weight=float(arrays["first_weight"]),
            ),
            names=_gazetteer(arrays, "name"),
            phrases=_gazetteer(arrays, "phrase"),
            confidence=Confidence(
                arrays["confidence"],
                arrays["confidence_leaves"],
                float(arrays["confidence_bias"]),
                arrays["mixed"],
                arrays["sure_from"],
            ),
            label_bytes=arrays["labels"],
            version=version,
        )


def _gazetteer(arrays: Mapping[str, npt.NDArray[Any]], prefix: str) -> Gazetteer:
    return Gazetteer(
        arrays[f"{prefix}_hashes"],
        arrays[f"{prefix}_classes"],
        arrays[f"{prefix}_first"].astype(np.float32),
        arrays[f"{prefix}_later"].astype(np.float32),
    )


def load_folder(folder: Path = SHIPPED) -> CategoryModel:
    """The model of a folder with a manifest: the shipped one, or one that the registry materialised."""
    manifest = read_manifest(folder)
    return load(folder / str(manifest["file"]), str(manifest["sha256"]))


def read_manifest(folder: Path = SHIPPED) -> dict[str, Any]:
    """What a model folder says of itself: name, version, hash, parameters, data and metrics."""
    manifest: dict[str, Any] = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    return manifest


def _many(rows: SparseRows, weights: Floats) -> Floats:
    # 0.4 s to import, which one API line never needs; it ships no types
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]  # noqa: PLC0415

    matrix = csr_matrix((rows.data, rows.indices, rows.indptr), shape=(len(rows.indptr) - 1, len(weights)))
    product: Floats = matrix @ weights
    return product


def _few(rows: SparseRows, weights: Floats) -> Floats:
    scores = np.zeros((len(rows.indptr) - 1, weights.shape[1]), dtype=np.float32)
    for row, (start, end) in enumerate(zip(rows.indptr[:-1], rows.indptr[1:], strict=True)):
        scores[row] = rows.data[start:end] @ weights[rows.indices[start:end]]
    return scores
