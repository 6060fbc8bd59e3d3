"""The linear layer over n-grams and the tables of names and phrases, fitted on examples."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import BaseModel, ConfigDict

from models_ml.categorizer import knowledge
from models_ml.categorizer.clean import clean_descriptors, romanised
from models_ml.categorizer.confidence import no_confidence
from models_ml.categorizer.features import FeatureSpec, featurise
from models_ml.categorizer.gazetteer import gazetteer, phrase_table, ranked_names, whole_hashes
from models_ml.categorizer.model import CategoryModel, quantise

Floats = npt.NDArray[np.float64]

_REVIEWED_VOTES = 5.0  # a reviewed name outvotes what a public list says of it
_FIELD = 18  # banks cut descriptors at 18 to 22 letters: shorter names fit


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
    usual_weight: float = 0.4  # how far classes lean to what people's lines usually are
    iterations: int = 40
    folds: int = 3
    checked: int = 1  # of the folds, how many are fitted to check on: each takes as long as the model itself

    @property
    def spec(self) -> FeatureSpec:
        """How texts become features."""
        return FeatureSpec(self.buckets, self.ngrams, self.word_weight, self.first_weight)


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
            csr_matrix((rows.data, rows.indices, rows.indptr), (len(noisy), params.buckets)),
            targets,
            sample_weight=_balanced(noisy["weight"].to_numpy(), targets, params.balance),
        )
    quantised, scales = quantise(layer.coef_.T.astype(np.float32))
    return CategoryModel(
        codes=tuple(codes.tolist()),
        quantised=quantised,
        scales=scales,
        intercept=(layer.intercept_ + params.usual_weight * _usual(noisy, codes)).astype(np.float32),
        temperature=1.0,
        spec=params.spec,
        **tables(examples, tuple(codes.tolist())),
    )


def _usual(examples: pl.DataFrame, codes: npt.NDArray[np.str_]) -> Floats:
    """Log ratio of how often people have lines of each class to how often the lists name it.

    Lists of shops hold more clothes shops than people's statements do.
    """
    named = dict(examples.group_by("category_code").agg(pl.col("weight").sum()).iter_rows())
    shares = knowledge.line_shares()
    ratio = np.log([shares.get(code, 1.0) / named[code] for code in codes.tolist()])
    centred: Floats = ratio - ratio.mean()
    return centred


def tables(examples: pl.DataFrame, codes: tuple[str, ...]) -> dict[str, Any]:
    """The tables of names and phrases, and how names are shown; nothing is known of confidence yet."""
    known = _names(examples)
    table = gazetteer(known, codes, knowledge.general_words())
    shown = ranked_names(known, knowledge.general_words())["name"]
    labels = dict(_plainest(known).select("name", "shown").iter_rows())
    order = np.argsort(whole_hashes(shown))
    written = "\n".join(labels[shown[int(place)]] for place in order)
    return {
        "names": table,
        "phrases": phrase_table(_strong_phrases(), codes),
        "confidence": no_confidence(_mixed(codes)),
        "label_bytes": np.frombuffer(written.encode(), dtype=np.uint8),
    }


def _mixed(codes: Sequence[str]) -> Floats:
    return np.array([knowledge.mixed_trades().get(code, 1.0) for code in codes])


@cache
def _strong_phrases() -> pl.DataFrame:
    phrases = knowledge.strong_phrases()
    name = romanised(clean_descriptors(phrases["description"])).alias("name")
    return phrases.select("category_code", "strength").with_columns(name)


def with_bank_noise(examples: pl.DataFrame, params: TrainingParams) -> pl.DataFrame:
    """The examples, each once more with a town behind it, and long ones once more cut off."""
    towns = knowledge.cities()
    texts = examples["description"].to_list()
    placed = pl.Series([f"{text} {towns[zlib.crc32(text.encode()) % len(towns)]}" for text in texts])
    cut = pl.Series([text[: max(_FIELD - 4, len(text) * 7 // 10)] for text in texts])
    copies = [
        examples,
        examples.with_columns(placed.alias("description"), pl.col("weight") * params.town_weight),
        examples.with_columns(cut.alias("description"), pl.col("weight") * params.cut_weight).filter(
            examples["description"].str.len_chars() > _FIELD
        ),
    ]
    return pl.concat(copies)


def _names(examples: pl.DataFrame) -> pl.DataFrame:
    known = examples.filter((pl.col("merchant") != "") & (pl.col("weight") > 0))
    name = romanised(clean_descriptors(known["description"])).alias("name")
    shown = known["description"].str.replace_all(r"[\n\r]+", " ").alias("shown")
    return (
        known.select("category_code", "weight", (pl.col("source") == "merchants").alias("reviewed"))
        .with_columns(name, shown)
        .with_columns(pl.when("reviewed").then(_REVIEWED_VOTES).otherwise("weight").alias("weight"))
    )


def _plainest(known: pl.DataFrame) -> pl.DataFrame:
    """How each name is shown: as it is written without a shop's number, in capitals where somebody does."""
    shown = pl.col("shown")
    return (
        known.with_columns(votes=pl.col("weight").sum().over("name", "shown"))
        .sort(
            shown.str.contains(r"[\d*#]") & ~pl.col("name").str.contains(r"\d"),
            ~shown.str.contains(r"\p{Lu}"),
            -pl.col("votes"),
            shown.str.len_chars(),
            shown,
        )
        .unique("name", keep="first", maintain_order=True)
    )


def _balanced(weights: Floats, targets: npt.NDArray[np.intp], balance: float) -> Floats:
    totals = np.bincount(targets, weights=weights)
    balanced: Floats = weights * (totals / totals.mean())[targets] ** -balance
    return balanced
