"""Names known by heart: a sorted table of hashed shop names, looked up for every run of words at once.

A linear layer over n-grams generalises to shops that it never saw, and in exchange forgets which of the
thirty thousand names it did see; the table remembers those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from models_ml.categorizer.features import WordRuns, word_runs

#: How many times likelier a leaf becomes by a name that belongs to it. Banks write the merchant first;
#: a single word elsewhere is as often a street.
_FIRST_ODDS, _FIRST_SINGLE_ODDS, _LATER_ODDS = 100.0, 30.0, 10.0
_MOST_WORDS = 4
_NO_CLASS = -1
#: Where a name means several kinds of shop ("Tesco" sells food, fuel and phones) the everyday one leads.
_EVERYDAY = {"groceries": 2.0, "fuel": 1.5, "fast_food": 1.5, "coffee": 1.5, "general_shopping": 1.5}


@dataclass(frozen=True)
class Gazetteer:
    """Hashes of names in ascending order, with the class of each and how far its sources agree (0 to 1)."""

    hashes: npt.NDArray[np.uint64]
    classes: npt.NDArray[np.int16]
    agreement: npt.NDArray[np.float32]

    def log_odds(self, romanised: pl.Series, class_count: int) -> npt.NDArray[np.float32]:
        """Log odds (texts x classes) that the best name in each romanised text adds to its class."""
        added = np.zeros((len(romanised), class_count), dtype=np.float32)
        if len(self.hashes):
            runs = word_runs(romanised, _MOST_WORDS)
            place = np.minimum(np.searchsorted(self.hashes, runs.hashes), len(self.hashes) - 1)
            known = self.hashes[place] == runs.hashes
            odds = np.where(known, _odds(runs) * self.agreement[place], 0.0)
            best = _best_of_each(runs.owner, odds)
            best = best[odds[best] > 1.0]
            added[runs.owner[best], self.classes[place[best]]] = np.log(odds[best])
        return added


def gazetteer(names: pl.DataFrame, codes: tuple[str, ...], general: frozenset[str]) -> Gazetteer:
    """The table of romanised names (name, category_code, weight), without those of general words only."""
    own = names.filter(
        ~pl.col("name").str.split(" ").list.eval(pl.element().is_in(list(general))).list.all()
        & (pl.col("name").str.split(" ").list.len() <= _MOST_WORDS)
        & (pl.col("name") != "")
    )
    everyday = pl.col("category_code").replace_strict(_EVERYDAY, default=1.0)
    votes = (
        own.group_by("name", "category_code")
        .agg((pl.col("weight").sum()).alias("votes"))
        .with_columns(pl.col("votes") * everyday)
        .with_columns(
            pl.min_horizontal(1.0, "votes", pl.col("votes") / pl.col("votes").sum().over("name")).alias(
                "agreement"
            )
        )
        .sort("votes", "category_code", descending=True)
        .unique("name", keep="first", maintain_order=True)
    )
    hashes = whole_hashes(votes["name"])
    order = np.argsort(hashes)
    places = [codes.index(code) for code in votes["category_code"]]
    return Gazetteer(
        hashes[order],
        np.array(places, dtype=np.int16)[order],
        votes["agreement"].to_numpy().astype(np.float32)[order],
    )


def whole_hashes(romanised: pl.Series) -> npt.NDArray[np.uint64]:
    """The hash of each text as one run of words; texts hold one to four words."""
    runs = word_runs(romanised, _MOST_WORDS)
    counts = romanised.str.split(" ").list.len().to_numpy()
    whole = np.flatnonzero(runs.is_first & (runs.length == counts[runs.owner]))
    hashes: npt.NDArray[np.uint64] = runs.hashes[whole[np.argsort(runs.owner[whole])]]
    return hashes


def _odds(runs: WordRuns) -> npt.NDArray[np.float64]:
    """Odds of a match by where it stands; the longer name wins among equals."""
    single = runs.length == 1
    first = np.where(single, _FIRST_SINGLE_ODDS, _FIRST_ODDS + runs.length)
    later = np.where(single, 0.0, _LATER_ODDS + runs.length)
    return np.where(runs.is_first, first, later)


def _best_of_each(owner: npt.NDArray[np.int32], odds: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """For each owner the position of its highest odds, the earlier one among equals."""
    order = np.lexsort((-odds, owner))
    firsts = np.flatnonzero(np.diff(owner[order], prepend=-1))
    best: npt.NDArray[np.int64] = order[firsts]
    return best
