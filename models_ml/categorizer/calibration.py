"""How far to believe each kind of evidence, learned and judged with sources kept apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt
import polars as pl

from models_ml.categorizer.checks import lexicon_phrases
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
from models_ml.categorizer.samples import WITHHELD, Sample

Floats = npt.NDArray[np.float64]

_LEAF_SCALE = 0.3  # what single leaves add is held down: few lines tell of each
_MOST_WRONG = 0.02  # of the lines that need no second look
_LIMITS_OF_A_KIND = (0.05, 0.04, 0.03, 0.02)  # of the lines of one kind of evidence among them
_NAMES_ONLY = "brands"  # a list's names are no bank lines: nothing stands around them
_SURE_GRID = np.arange(0.99, 0.699, -0.005)
_THRESHOLDS_APART = ", thresholds of other sources"


def fit_confidence(samples: Sequence[Sample]) -> Confidence:
    """The layer that tells right from wrong on lines whose labels the judging model had not seen.

    Sources count by the root of their lines, so that one long list does not set the scale for all.
    """
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # noqa: PLC0415

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
    root = sample.source.removesuffix(WITHHELD)
    others = [other for other in samples if other.source.removesuffix(WITHHELD) != root]
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
        root = source.removesuffix(WITHHELD)
        own = [sample for sample in samples if sample.source == source]
        others = [sample for sample in samples if sample.source.removesuffix(WITHHELD) != root] or own
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
