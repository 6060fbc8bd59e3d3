"""How likely the best leaf is right: a logistic layer over what kind of evidence spoke for it.

A linear text model is as sure of an unknown name that resembles others as of a known one. Which table knew
the name, how much of the line it covers, and how far the best leaf leads tell the two apart, and they mean
the same in a country that nothing was learned from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FEATURES = (
    "lead",  # log odds of the best leaf against all others
    "lead_of_name",  # the same, where a known name says so too
    "lead_of_phrase",
    "lead_alone",  # ... where nothing known says so
    "gap",  # log ratio of the best to the second
    "name_agrees",  # log odds of the name found, if it speaks for the best leaf
    "name_disagrees",
    "phrase_agrees",
    "phrase_disagrees",
    "both_agree",
    "name_covers",  # share of the words that the agreeing name covers
    "phrase_covers",
    "name_first",
    "name_reviewed",  # log odds so high that only the reviewed list gives them
    "group_share",  # log odds of the best leaf's group
    "words",
    "is_short",
    "is_empty",
    "inflow",
    "mixed",  # how far merchants of this leaf sell other leaves too
    "mixed_name",
    "mixed_phrase",
    "mixed_lead",
    "has_code",  # a merchant category code or the bank's own kind stands beside the text
    "guess_agrees",  # the linear layer alone says the same
    "guess_disagrees_name",
    "guess_disagrees_phrase",
)
#: What speaks for the best leaf.
KINDS = ("guess", "public name", "reviewed name", "phrase", "name and phrase")
#: What can make a line sure. A shop sells several things, so that people book what its name alone tells
#: differently: of real lines settled by a reviewed name one in eight has another label.
SURE_KINDS = ("phrase", "name and phrase")
#: How far merchants of the leaf sell other leaves too: not at all, somewhat, largely.
MIXTURES = ("plain", "somewhat mixed", "mixed")
_MIXED_FROM = (0.01, 0.51)
NEVER = 2.0  # a threshold that no probability reaches
_EDGE = 1e-6
_REVIEWED_ODDS = 4.4
_SHORT_TEXT = 4


@dataclass(frozen=True)
class Confidence:
    """Weights of the features and of each leaf; ``classes`` in the order of the model's codes."""

    weights: Floats  # features
    leaves: Floats  # classes
    bias: float
    mixed: Floats  # classes: how far merchants of a leaf sell other leaves too
    sure_from: Floats  # KINDS x MIXTURES: the probability from which a line needs no second look

    def probability(self, features: Floats, best: npt.NDArray[np.intp]) -> Floats:
        """Probability that the best leaf of each line is right."""
        result: Floats = 1.0 / (1.0 + np.exp(-(features @ self.weights + self.leaves[best] + self.bias)))
        return result

    def sure(
        self, probability: Floats, kinds: npt.NDArray[np.int64], best: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.bool_]:
        """Which lines need no second look: so likely, their kind of evidence was shown to be right."""
        result: npt.NDArray[np.bool_] = probability >= self.sure_from[kinds, mixtures(self.mixed)[best]]
        return result


def mixtures(mixed: Floats) -> npt.NDArray[np.intp]:
    """The place in MIXTURES of each leaf."""
    places: npt.NDArray[np.intp] = np.searchsorted(np.array(_MIXED_FROM), mixed)
    return places


def kinds_of(features: Floats) -> npt.NDArray[np.int64]:
    """The place in KINDS of what speaks for the best leaf of each line (lines x FEATURES)."""
    name = features[:, FEATURES.index("name_agrees")] > 0
    reviewed = features[:, FEATURES.index("name_reviewed")] > 0
    phrase = features[:, FEATURES.index("phrase_agrees")] > 0
    return np.select([name & phrase, name & reviewed, name, phrase], [4, 2, 1, 3], 0).astype(np.int64)


@dataclass(frozen=True)
class Evidence:
    """What the tables found in each text: the class that it speaks for (-1: nothing), how strongly."""

    name_class: npt.NDArray[np.int64]
    name_odds: Floats
    name_words: npt.NDArray[np.int64]
    name_first: npt.NDArray[np.bool_]
    name_place: npt.NDArray[np.int64]  # entry of the table of names, -1: none
    phrase_class: npt.NDArray[np.int64]
    phrase_odds: Floats
    phrase_words: npt.NDArray[np.int64]
    words: npt.NDArray[np.int64]
    letters: npt.NDArray[np.int64]
    guess_class: npt.NDArray[np.int64]  # best of the linear layer alone

    def take(self, rows: npt.NDArray[np.int64]) -> Evidence:
        """The same for lines that share texts."""
        return Evidence(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def confidence_features(  # noqa: PLR0913, PLR0917 - one argument per kind of evidence
    shares: Floats,
    evidence: Evidence,
    groups: npt.NDArray[np.int64],
    mixed: Floats,
    inflow: npt.NDArray[np.bool_],
    has_code: npt.NDArray[np.bool_],
) -> Floats:
    """Features (lines x FEATURES) from leaf shares (lines x classes), group and mixture of each class."""
    order = np.argpartition(shares, -2, axis=1)[:, -2:] if len(shares) else np.zeros((0, 2), dtype=np.intp)
    rows = np.arange(len(shares))
    two = np.sort(shares[rows[:, None], order], axis=1)
    best = shares.argmax(axis=1) if len(shares) else np.zeros(0, dtype=np.intp)
    lead, gap = _logit(two[:, 1]), np.log(np.maximum(two[:, 1], _EDGE) / np.maximum(two[:, 0], _EDGE))
    name, phrase = evidence.name_class == best, evidence.phrase_class == best
    guess = evidence.guess_class == best
    no_name, no_phrase = ~name & (evidence.name_class >= 0), ~phrase & (evidence.phrase_class >= 0)
    group_share = np.where(groups[None, :] == groups[best][:, None], shares, 0.0).sum(axis=1)
    words = np.maximum(evidence.words, 1)
    columns = (
        lead,
        lead * name,
        lead * phrase,
        lead * ~(name | phrase),
        np.minimum(gap, 8.0),
        evidence.name_odds * name,
        evidence.name_odds * no_name,
        evidence.phrase_odds * phrase,
        evidence.phrase_odds * no_phrase,
        name & phrase,
        name * evidence.name_words / words,
        phrase * evidence.phrase_words / words,
        name & evidence.name_first,
        name & (evidence.name_odds > _REVIEWED_ODDS),
        _logit(group_share),
        np.log(words),
        evidence.letters <= _SHORT_TEXT,
        evidence.words == 0,
        inflow,
        mixed[best],
        mixed[best] * name,
        mixed[best] * phrase,
        mixed[best] * lead,
        has_code,
        guess,
        ~guess & name,
        ~guess & phrase,
    )
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])


def _logit(share: Floats) -> Floats:
    clipped = np.clip(share, 1e-4, 1 - 1e-4)
    result: Floats = np.log(clipped / (1 - clipped))
    return result


def no_confidence(mixed: Floats) -> Confidence:
    """A layer that repeats the share of the best leaf: for a model that was not calibrated yet."""
    classes, weights = len(mixed), np.zeros(len(FEATURES))
    weights[0] = 1.0
    return Confidence(weights, np.zeros(classes), 0.0, mixed, never_sure())


def never_sure() -> Floats:
    """Thresholds (KINDS x MIXTURES) that no line reaches: nothing was shown yet."""
    return np.full((len(KINDS), len(MIXTURES)), NEVER)
