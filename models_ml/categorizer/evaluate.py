"""How good a categoriser is: accuracy by leaf and group, calibration, and a keyword baseline to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from models_ml.categorizer.clean import clean_descriptors, romanised
from models_ml.categorizer.predict import STANDS
from models_ml.taxonomy import UNCATEGORISED, group_of

_BINS = 10


@dataclass(frozen=True, slots=True)
class Scores:
    """Figures of one check set; shares are 0 to 1, rounded to three decimals."""

    lines: int
    leaf_accuracy: float
    leaf_macro_f1: float
    group_accuracy: float
    group_macro_f1: float
    coverage: float  # share of lines that are sure
    sure: int  # how many those are
    wrong_of_sure: int  # how many of those have a wrong leaf
    at_most_wrong: float  # upper end of their share (Clopper-Pearson, one-sided 95 %); 1 where none is sure
    stored: float  # share of lines whose category stands
    wrong_when_stored: float
    calibration_error: float  # expected calibration error over ten equal-width bins

    def as_dict(self) -> dict[str, float]:
        """The figures by name, for a manifest or a tracking server."""
        return asdict(self)


def score(
    truth: Sequence[frozenset[str]],
    predicted: Sequence[str],
    probability: npt.NDArray[np.float64],
    said_sure: npt.NDArray[np.bool_] | None = None,
) -> Scores:
    """Scores of predictions against the leaves that each line may truly have.

    ``said_sure`` marks those that the method calls sure; a method that cannot say so is never sure.
    """
    right = np.array([code in leaves for code, leaves in zip(predicted, truth, strict=True)])
    groups = np.array(
        [group_of(code) in map(group_of, leaves) for code, leaves in zip(predicted, truth, strict=True)]
    )
    known = np.array([code != UNCATEGORISED for code in predicted], dtype=np.bool_)
    sure = known & (np.zeros(len(truth), dtype=np.bool_) if said_sure is None else said_sure)
    stored = known & (probability >= STANDS)
    wrong = int((sure & ~right).sum())
    named = [code if code in leaves else min(leaves) for code, leaves in zip(predicted, truth, strict=True)]
    return Scores(
        lines=len(truth),
        leaf_accuracy=round(float(right.mean()), 3),
        leaf_macro_f1=round(macro_f1(named, predicted), 3),
        group_accuracy=round(float(groups.mean()), 3),
        group_macro_f1=round(macro_f1(_groups(named), _groups(predicted)), 3),
        coverage=round(float(sure.mean()), 3),
        sure=int(sure.sum()),
        wrong_of_sure=wrong,
        at_most_wrong=round(upper_bound(wrong, int(sure.sum())), 3),
        stored=round(float(stored.mean()), 3),
        wrong_when_stored=round(float(1 - right[stored].mean()) if stored.any() else 0.0, 3),
        calibration_error=round(calibration_error(right, probability), 3),
    )


def upper_bound(wrong: int, lines: int, level: float = 0.95) -> float:
    """The share wrong that is exceeded with no more than 1 - level of probability (Clopper-Pearson)."""
    from scipy.stats import beta  # type: ignore[import-untyped]  # noqa: PLC0415 - ships no types

    return 1.0 if wrong >= lines else float(beta.ppf(level, wrong + 1, lines - wrong))


def lower_bound(wrong: int, lines: int, level: float = 0.95) -> float:
    """The same from below."""
    from scipy.stats import beta  # noqa: PLC0415

    return 0.0 if wrong == 0 else float(beta.ppf(1 - level, wrong, lines - wrong + 1))


def _groups(codes: Sequence[str]) -> list[str]:
    return [group_of(code) for code in codes]


def macro_f1(truth: Sequence[str], predicted: Sequence[str]) -> float:
    """Mean F1 over the leaves that occur in the truth."""
    actual, guessed = np.array(truth), np.array(predicted)
    values = []
    for code in sorted(set(truth)):
        hits = np.sum((actual == code) & (guessed == code))
        values.append(2 * hits / (np.sum(actual == code) + np.sum(guessed == code)))
    return float(np.mean(values))


def calibration_error(right: npt.NDArray[np.bool_], probability: npt.NDArray[np.float64]) -> float:
    """Expected calibration error: mean gap between probability and accuracy, by bins of probability."""
    bins = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    gaps = [
        abs(float(right[bins == place].mean() - probability[bins == place].mean()))
        * float((bins == place).mean())
        for place in range(_BINS)
        if (bins == place).any()
    ]
    return sum(gaps)


def keyword_baseline(descriptions: pl.Series, phrases: Mapping[str, str]) -> list[str]:
    """The leaf of the longest phrase of the lexicon that a text contains as whole words, else uncategorised.

    ``phrases`` maps romanised phrases to leaves.
    """
    longest = max(len(phrase.split()) for phrase in phrases)
    return [
        _longest_match(text.split(), phrases, longest)
        for text in romanised(clean_descriptors(descriptions)).to_list()
    ]


def _longest_match(words: list[str], phrases: Mapping[str, str], longest: int) -> str:
    for size in range(min(longest, len(words)), 0, -1):
        for start in range(len(words) - size + 1):
            found = phrases.get(" ".join(words[start : start + size]))
            if found:
                return found
    return UNCATEGORISED
