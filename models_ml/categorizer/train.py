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
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import BaseModel, ConfigDict

from models_ml.categorizer import knowledge
from models_ml.categorizer.clean import clean_descriptors, inflows, romanised
from models_ml.categorizer.confidence import (
    KINDS,
    MIXTURES,
    NEVER,
    SURE_KINDS,
    Confidence,
    kinds_of,
    mixtures,
    never_sure,
    no_confidence,
)
from models_ml.categorizer.evaluate import Scores, keyword_baseline, lower_bound, score, upper_bound
from models_ml.categorizer.features import FeatureSpec, featurise
from models_ml.categorizer.gazetteer import gazetteer, phrase_table, ranked_names, whole_hashes
from models_ml.categorizer.model import (
    MANIFEST_FILE,
    MODEL_NAME,
    SHIPPED,
    WEIGHTS_FILE,
    CategoryModel,
    quantise,
)
from models_ml.categorizer.predict import STANDS, SURE_BY_CODE, judged, probabilities
from models_ml.categorizer.report import CARD_FILE, card, draw_calibration, draw_confusion
from models_ml.taxonomy import UNCATEGORISED, leaf_codes

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
_LABELLED = ("birmingham", "labelled")
_WITHHELD = ", names withheld"
_THRESHOLDS_APART = ", thresholds of other sources"
_LEAF_SCALE = 0.3  # what single leaves add is held down: few lines tell of each
_TEMPERATURES = np.geomspace(0.2, 3.0, 56)
_REVIEWED_VOTES = 5.0  # a reviewed name outvotes what a public list says of it
_SHOP_WEIGHT = 0.5  # of a brand list's kind from which its names are shops that people pay
_MOST_WRONG = 0.02  # of the lines that need no second look
_LIMITS_OF_A_KIND = (0.05, 0.04, 0.03, 0.02)  # of the lines of one kind of evidence among them
_NAMES_ONLY = "brands"  # a list's names are no bank lines: nothing stands around them
_SURE_GRID = np.arange(0.99, 0.699, -0.005)
_FIELD = 18  # banks cut descriptors at 18 to 22 letters: shorter names fit
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
    usual_weight: float = 0.4  # how far classes lean to what people's lines usually are
    iterations: int = 40
    folds: int = 3
    checked: int = 1  # of the folds, how many are fitted to check on: each takes as long as the model itself

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
    return Trained(model, params, metrics, _data_version(examples), outcome)


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
        **_tables(examples, tuple(codes.tolist())),
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


def _tables(examples: pl.DataFrame, codes: tuple[str, ...]) -> dict[str, Any]:
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


def folds(examples: pl.DataFrame, count: int) -> list[pl.Series]:
    """Which examples each fold holds out: all of a shop at once, in every source; general words never."""
    fold = pl.Series(
        [zlib.crc32(merchant.encode()) % count if merchant else -1 for merchant in examples["merchant"]]
    )
    return [fold == number for number in range(count)]


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
    for row, leaves in enumerate(truth_of(rows)):
        accepted[row] = [code in leaves for code in model.codes]
    mass = np.maximum((shares * accepted).sum(axis=1), 1e-9)
    per_source = rows.select((1.0 / pl.len().over("source")).alias("weight"))["weight"].to_numpy()
    return float(-(np.log(mass) * per_source).sum())


def _as_purchases(rows: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame({"cleaned": clean_descriptors(rows["description"])}).with_columns(
        pl.lit(value=False).alias("inflow"), pl.lit("").alias("mcc"), pl.lit("").alias("kind")
    )


def _heard_names(examples: pl.DataFrame, codes: tuple[str, ...]) -> dict[str, Any]:
    """The tables of all public and reviewed names, without those that only labelled lines tell."""
    tables = _tables(examples.filter(~pl.col("source").is_in(_LABELLED)), codes)
    return {key: tables[key] for key in ("names", "label_bytes")}


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


def check_samples(model: CategoryModel, rows: pl.DataFrame, heard: dict[str, Any]) -> list[Sample]:
    """Held-out shops: of labelled lines both with public lists of names known and with the name withheld."""
    found = []
    for (source,), part in rows.group_by("source", maintain_order=True):
        lines = _as_purchases(part).with_columns(part["description"])
        truth = truth_of(part)
        found.append(_sample(f"{source}{'' if source == 'brands' else _WITHHELD}", model, lines, truth))
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


def fit_confidence(samples: Sequence[Sample]) -> Confidence:
    """The layer that tells right from wrong on lines whose labels the judging model had not seen.

    Sources count by the root of their lines, so that one long list does not set the scale for all.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    features = np.concatenate([sample.features for sample in samples])
    right = np.concatenate([sample.right for sample in samples])
    best = np.concatenate([sample.best for sample in samples])
    weight = np.concatenate(
        [np.full(len(sample.best), _source_weight(sample.source, samples)) for sample in samples]
    )
    mixed = samples[0].mixed
    if right.all() or not right.any():
        return no_confidence(mixed)
    scale = features.std(axis=0) + 1e-9
    leaves = np.eye(len(mixed))[best] * _LEAF_SCALE
    layer = LogisticRegression(C=0.3, max_iter=3000)
    layer.fit(np.hstack([features / scale, leaves]), right, sample_weight=weight)
    weights = layer.coef_[0].astype(np.float64)
    return Confidence(
        weights[: len(scale)] / scale,
        weights[len(scale) :] * _LEAF_SCALE,
        float(layer.intercept_[0]),
        mixed,
        never_sure(),
    )


def _sure(layer: Confidence, sample: Sample) -> npt.NDArray[np.bool_]:
    probability = layer.probability(sample.features, sample.best)
    return layer.sure(probability, kinds_of(sample.features), sample.best)


def fit_sure(samples: Sequence[Sample]) -> Floats:
    """The probability (KINDS x MIXTURES) from which lines need no second look, by what spoke for them.

    Each source is judged by a confidence of the other sources; a list's names are no lines and prove nothing.
    Of each kind of evidence the lowest threshold is taken that holds its share of wrong lines to a limit by
    its upper bound; the limit is the loosest with which all kinds together hold theirs, and no source may say
    otherwise by its lower bound. Letters, or a name, alone are never sure.
    """
    judged_apart = [_apart(sample, samples) for sample in samples if sample.source != _NAMES_ONLY]
    for limit in _LIMITS_OF_A_KIND:
        found = _thresholds(judged_apart, limit)
        sure = [
            right[probability >= found[kinds, mixed]] for probability, right, kinds, mixed in judged_apart
        ]
        if _is_shown(sure, _MOST_WRONG):
            return found
    return never_sure()


def _thresholds(judged_apart: Sequence[_Apart], limit: float) -> Floats:
    """Of each kind and mixture the lowest threshold that holds its share of wrong lines to the limit."""
    found = never_sure()
    for kind, mixture in product(map(KINDS.index, SURE_KINDS), range(len(MIXTURES))):
        cell = [
            (probability[own], right[own])
            for probability, right, kinds, mixed in judged_apart
            for own in [(kinds == kind) & (mixed == mixture)]
        ]
        found[kind, mixture] = min(
            (
                threshold
                for threshold in _SURE_GRID
                if _is_shown([right[probability >= threshold] for probability, right in cell], limit)
            ),
            default=NEVER,
        )
    return found


_Apart = tuple[Floats, npt.NDArray[np.bool_], npt.NDArray[np.int64], npt.NDArray[np.intp]]


def _apart(sample: Sample, samples: Sequence[Sample]) -> _Apart:
    """Probability by a confidence of other sources, whether right, kind and mixture of a sample's lines."""
    root = sample.source.removesuffix(_WITHHELD)
    others = [other for other in samples if other.source.removesuffix(_WITHHELD) != root]
    layer = fit_confidence(others or samples)
    probability = layer.probability(sample.features, sample.best)
    return probability, sample.right, kinds_of(sample.features), mixtures(sample.mixed)[sample.best]


def _is_shown(sources: Sequence[npt.NDArray[np.bool_]], limit: float) -> bool:
    """Whether few enough are wrong: within the limit for certain of all, possibly 2 % of each source."""
    counts = [(int((~right).sum()), len(right)) for right in sources]
    wrong, lines = sum(count[0] for count in counts), sum(count[1] for count in counts)
    return upper_bound(wrong, lines) <= limit and all(lower_bound(*each) <= _MOST_WRONG for each in counts)


def _source_weight(source: str, samples: Sequence[Sample]) -> float:
    """Sources count by the root of their lines: between alike and line by line."""
    lines = sum(len(sample.best) for sample in samples if sample.source == source)
    return float((1000 / lines) ** 0.5)


def outside(samples: Sequence[Sample]) -> tuple[pl.DataFrame, dict[str, Scores]]:
    """Outcome and figures, the confidence of each source learned from the other sources alone."""
    frames: list[pl.DataFrame] = []
    metrics: dict[str, Scores] = {}
    thresholds = fit_sure(samples)
    for source in dict.fromkeys(sample.source for sample in samples):
        root = source.removesuffix(_WITHHELD)
        own = [sample for sample in samples if sample.source == source]
        others = [sample for sample in samples if sample.source.removesuffix(_WITHHELD) != root] or own
        layer = replace(fit_confidence(others), sure_from=thresholds)
        stricter = replace(layer, sure_from=fit_sure(others))
        probability = np.concatenate([layer.probability(sample.features, sample.best) for sample in own])
        sure = np.concatenate([_sure(layer, sample) for sample in own])
        apart = np.concatenate([_sure(stricter, sample) for sample in own])
        truth = [leaves for sample in own for leaves in sample.truth]
        predicted = [code for sample in own for code in sample.predicted]
        text = [description for sample in own for description in sample.description]
        frames.append(_outcome(source, text, truth, predicted, probability))
        words = keyword_baseline(pl.Series(text), lexicon_phrases())
        metrics[source] = score(truth, predicted, probability, sure)
        metrics[f"{source}{_THRESHOLDS_APART}"] = score(truth, predicted, probability, apart)
        metrics[f"{source}, keywords"] = score(truth, words, np.ones(len(words)))
    return pl.concat(frames), metrics


def _outcome(
    source: str, text: list[str], truth: list[frozenset[str]], predicted: list[str], probability: Floats
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "description": text,
            "source": [source] * len(text),
            "category_code": [
                code if code in leaves else min(leaves) for code, leaves in zip(predicted, truth, strict=True)
            ],
            "predicted": predicted,
            "probability": probability,
        }
    )


def truth_of(rows: pl.DataFrame) -> list[frozenset[str]]:
    """The leaves that each example may truly have: of a brand all kinds of shop that lists name it for."""
    wide = knowledge.birmingham_leaves()
    cleaned = rows.with_columns(romanised(clean_descriptors(rows["description"])).alias("name"))
    listed = cleaned.with_columns(
        pl.col("category_code").unique().over("source", "name", mapping_strategy="join")
    )
    return [
        wide[code] if source == "birmingham" else frozenset(codes if source == "brands" else [code])
        for source, code, codes in zip(
            rows["source"], rows["category_code"], listed["category_code"].to_list(), strict=True
        )
    ]


def south_african(lines: pl.DataFrame) -> tuple[pl.DataFrame, list[frozenset[str]]]:
    """The South African lines whose label has leaves, with description, and those leaves."""
    leaves = knowledge.south_african_leaves()
    known = lines.filter(pl.col("label").is_in(list(leaves)))
    amount = known["amount"].str.replace_all(r"[^\d.-]", "").cast(pl.Float64, strict=False)
    frame = _as_purchases(known).with_columns(
        known["description"], inflows(known["description"], amount).alias("inflow")
    )
    return frame, [leaves[label] for label in known["label"]]


def written_lines() -> tuple[pl.DataFrame, list[frozenset[str]]]:
    """The bank lines that were written to check on, with the leaves that each may have."""
    known = knowledge.written_lines()
    frame = _as_purchases(known).with_columns(
        known["description"], inflows(known["description"], known["amount_minor"]).alias("inflow")
    )
    return frame, [frozenset(codes.split("|")) for codes in known["category_codes"]]


def simulated_lines(events: pl.DataFrame) -> tuple[pl.DataFrame, list[frozenset[str]]]:
    """Distinct posted lines of a simulated bank (its truth/events.parquet) with their leaves."""
    known = events.filter(
        pl.col("posted")
        & pl.col("category").cast(pl.String).is_in(list(leaf_codes()))
        & (pl.col("category").cast(pl.String) != UNCATEGORISED)
    ).with_columns(pl.col("description").fill_null(""))
    known = known.with_columns(clean_descriptors(known["description"]).alias("cleaned")).unique(
        ["cleaned", "category"], maintain_order=True
    )
    frame = _as_purchases(known).with_columns(
        known["description"], inflows(known["description"], known["amount_minor"]).alias("inflow")
    )
    return frame, [frozenset({code}) for code in known["category"].cast(pl.String)]


def lexicon_phrases() -> dict[str, str]:
    """Romanised phrases of the lexicon with their leaves."""
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
