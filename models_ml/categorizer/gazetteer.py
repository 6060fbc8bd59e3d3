"""Names and phrases known by heart: sorted tables of hashes, looked up for every run of words at once.

A linear layer over n-grams generalises to shops that it never saw, and in exchange forgets which of the
fifty thousand names it did see; the tables remember those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from models_ml.categorizer.features import WordRuns, word_runs

_MOST_WORDS = 4
#: Where a name means several kinds of shop ("Tesco" sells food, fuel and phones) the everyday one leads.
_EVERYDAY = {"groceries": 2.0, "fuel": 1.5, "fast_food": 1.5, "coffee": 1.5, "general_shopping": 1.5}
#: How many times likelier a leaf becomes by a name that belongs to it. Banks write the merchant first; a
#: single word elsewhere is as often a street, unless it is a long name from the reviewed list.
_FIRST, _FIRST_SINGLE, _FIRST_SHORT, _LATER = 100.0, 30.0, 10.0, 10.0
_REVIEWED = 3.0  # a reviewed name is so many times surer than one of the public list
_LATER_REVIEWED = 60.0
_TELLS_LITTLE = 10.0
_DISTINCTIVE = 6  # letters of a single word that is hardly anything but a name
_SHORT = 3
#: The same for phrases, which count wherever they stand: many words, one word.
_STRENGTHS = {"decisive": (2000.0, 60.0), "strong": (200.0, 20.0), "medium": (15.0, 4.0), "weak": (20.0, 3.0)}


@dataclass(frozen=True)
class Matches:
    """The best entry in each text that has one."""

    owner: npt.NDArray[np.int64]  # which text
    place: npt.NDArray[np.int64]  # which entry of the table
    log_odds: npt.NDArray[np.float32]
    words: npt.NDArray[np.int64]  # how many words of the text it covers
    is_first: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Gazetteer:
    """Hashes of names in ascending order, with the class and the odds of each at the front and behind."""

    hashes: npt.NDArray[np.uint64]
    classes: npt.NDArray[np.int16]
    first_odds: npt.NDArray[np.float32]
    later_odds: npt.NDArray[np.float32]

    def matches(self, runs: WordRuns, behind: npt.NDArray[np.int64] | None = None) -> Matches:
        """The likeliest entry of each text; the longer among equals, then the earlier.

        Entries of the classes ``behind`` are taken only where no other tells much.
        """
        if not len(self.hashes):
            nothing = np.zeros(0, dtype=np.int64)
            return Matches(nothing, nothing, nothing.astype(np.float32), nothing, nothing.astype(np.bool_))
        place = np.minimum(np.searchsorted(self.hashes, runs.hashes), len(self.hashes) - 1)
        odds = np.where(runs.is_first, self.first_odds[place], self.later_odds[place])
        odds = np.where(self.hashes[place] == runs.hashes, odds * (1 + runs.length / 20), 0.0)
        wanted = (
            odds
            if behind is None
            else np.where(np.isin(self.classes[place], behind), np.minimum(odds, _TELLS_LITTLE), odds)
        )
        best = _best_of_each(runs.owner, wanted)
        best = best[odds[best] > 1.0]
        return Matches(
            runs.owner[best].astype(np.int64),
            place[best],
            np.log(odds[best]).astype(np.float32),
            runs.length[best],
            runs.is_first[best],
        )

    def log_odds(self, romanised: pl.Series, class_count: int) -> npt.NDArray[np.float32]:
        """Log odds (texts x classes) that the best entry in each romanised text adds to its class."""
        return self.spread(self.matches(word_runs(romanised, _MOST_WORDS)), len(romanised), class_count)

    def spread(self, found: Matches, texts: int, class_count: int) -> npt.NDArray[np.float32]:
        """The log odds of matches as a table of texts x classes."""
        added = np.zeros((texts, class_count), dtype=np.float32)
        added[found.owner, self.classes[found.place]] = found.log_odds
        return added


def runs_of(romanised: pl.Series) -> WordRuns:
    """The runs of words that the tables may know."""
    return word_runs(romanised, _MOST_WORDS)


def gazetteer(names: pl.DataFrame, codes: tuple[str, ...], general: frozenset[str]) -> Gazetteer:
    """The table of romanised names (name, category_code, weight, reviewed), without general words only."""
    votes = ranked_names(names, general)
    words, letters = pl.col("name").str.split(" ").list.len(), pl.col("name").str.len_chars()
    single, reviewed = words == 1, pl.col("reviewed")
    first = pl.when(single & (letters <= _SHORT)).then(_FIRST_SHORT).when(single).then(_FIRST_SINGLE)
    later = (
        pl.when(single & reviewed & (letters >= _DISTINCTIVE) & ~pl.col("name").is_in(list(general)))
        .then(_LATER_REVIEWED)
        .when(single)
        .then(0.0)
        .when(reviewed)
        .then(_LATER_REVIEWED)
        .otherwise(_LATER)
    )
    odds = votes.with_columns(
        (
            first.otherwise(_FIRST) * pl.when(reviewed).then(_REVIEWED).otherwise(1.0) * pl.col("agreement")
        ).alias("first"),
        (later * pl.col("agreement")).alias("later"),
    )
    return _table(odds, codes)


def ranked_names(names: pl.DataFrame, general: frozenset[str]) -> pl.DataFrame:
    """One row a name, with the leaf that leads, and how far its sources agree (0 to 1)."""
    own = names.filter(
        (
            pl.col("reviewed")
            | ~pl.col("name").str.split(" ").list.eval(pl.element().is_in(list(general))).list.all()
        )
        & (pl.col("name").str.split(" ").list.len() <= _MOST_WORDS)
        & (pl.col("name") != "")
    )
    return _voted(own, pl.col("category_code").replace_strict(_EVERYDAY, default=1.0)).sort("name")


def phrase_table(phrases: pl.DataFrame, codes: tuple[str, ...]) -> Gazetteer:
    """The table of romanised phrases (name, category_code, strength), which count wherever they stand."""
    known = phrases.filter(
        (pl.col("name") != "")
        & (pl.col("name").str.split(" ").list.len() <= _MOST_WORDS)
        & pl.col("category_code").is_in(list(codes))
    )
    single = pl.col("name").str.split(" ").list.len() == 1
    many = pl.col("strength").replace_strict({key: odds[0] for key, odds in _STRENGTHS.items()})
    one = pl.col("strength").replace_strict({key: odds[1] for key, odds in _STRENGTHS.items()})
    odds = known.with_columns(
        pl.when(single).then(one).otherwise(many).alias("weight"), pl.lit(value=True).alias("reviewed")
    )
    votes = _voted(odds, pl.lit(1.0)).join(
        odds.group_by("name", "category_code").agg(pl.col("weight").max().alias("most")),
        on=["name", "category_code"],
    )
    each = (pl.col("most") * pl.col("agreement")).alias("first")
    return _table(votes.with_columns(each, each.alias("later")), codes)


def whole_hashes(romanised: pl.Series) -> npt.NDArray[np.uint64]:
    """The hash of each text as one run of words; texts hold one to four words."""
    runs = word_runs(romanised, _MOST_WORDS)
    counts = romanised.str.split(" ").list.len().to_numpy()
    whole = np.flatnonzero(runs.is_first & (runs.length == counts[runs.owner]))
    hashes: npt.NDArray[np.uint64] = runs.hashes[whole[np.argsort(runs.owner[whole])]]
    return hashes


def _voted(names: pl.DataFrame, everyday: pl.Expr) -> pl.DataFrame:
    votes = names.group_by("name", "category_code").agg(
        pl.col("weight").sum().alias("votes"), pl.col("reviewed").any()
    )
    share = pl.col("votes") / pl.col("votes").sum().over("name")
    return (
        votes.with_columns(pl.col("votes") * everyday)
        .with_columns(pl.min_horizontal(1.0, "votes", share).alias("agreement"))
        .sort("votes", "category_code", descending=True)
        .unique("name", keep="first", maintain_order=True)
    )


def _table(votes: pl.DataFrame, codes: tuple[str, ...]) -> Gazetteer:
    hashes = whole_hashes(votes["name"])
    order = np.argsort(hashes)
    places = [codes.index(code) for code in votes["category_code"]]
    return Gazetteer(
        hashes[order],
        np.array(places, dtype=np.int16)[order],
        votes["first"].to_numpy().astype(np.float32)[order],
        votes["later"].to_numpy().astype(np.float32)[order],
    )


def _best_of_each(owner: npt.NDArray[np.int32], odds: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """For each owner the position of its highest odds, the earlier one among equals."""
    order = np.lexsort((-odds, owner))
    firsts = np.flatnonzero(np.diff(owner[order], prepend=-1))
    best: npt.NDArray[np.int64] = order[firsts]
    return best
