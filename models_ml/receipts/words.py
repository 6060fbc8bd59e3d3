"""What words beside an amount or a date say: a lexicon, matched although some letters are misread."""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

from rapidfuzz import fuzz, process

_FILE = Path(__file__).parent / "knowledge" / "words.csv"
#: Phrases at least so long may have a letter misread; shorter ones must stand as whole words.
_LONG = 5
_ALIKE = 86.0
_LOOKALIKES = str.maketrans({"0": "o", "1": "l", "5": "s", "$": "s", "|": "l", "!": "l"})


@cache
def phrases() -> dict[str, tuple[str, ...]]:
    """Phrases of each kind, as ``plain`` writes them."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kinds = sorted({row["kind"] for row in rows})
    return {
        kind: tuple({plain(row["phrase"]): None for row in rows if row["kind"] == kind}) for kind in kinds
    }


def plain(text: str) -> str:
    """Lower-case letters without accents; digits in words become the letters that they look like."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter) or letter == "\u0306")
    bare = unicodedata.normalize("NFC", bare)
    words = [_as_letters(word) for word in re.findall(r"[^\s:;*=#<>]+", bare)]
    return " ".join(words)


@lru_cache(maxsize=8192)
def kinds_in(text: str) -> frozenset[str]:
    """The kinds of phrases that a text holds."""
    bare = plain(text)
    if not bare:
        return frozenset()
    exact = {kind for kind, pattern in _patterns().items() if pattern.search(bare)}
    return frozenset(exact | _misread_kinds(bare) | _joined_kinds(bare))


def _joined_kinds(text: str) -> set[str]:
    """Kinds of shop words within longer ones: engines lose spaces ("SANYUSTATIONERYSHOP")."""
    words = [word for word in text.split() if len(word) > 2 * _LONG]
    return {
        kind
        for kind in ("suffix", "trade")
        for phrase in phrases()[kind]
        for squeezed in [phrase.replace(" ", "")]
        if len(squeezed) >= _LONG and any(squeezed in word for word in words)
    }


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """One pattern a kind: its phrases as whole words."""
    return {
        kind: re.compile(rf"(?<![^\W\d_])(?:{'|'.join(map(re.escape, known))})(?![^\W\d_])")
        for kind, known in phrases().items()
    }


@cache
def _long_phrases() -> dict[int, tuple[list[str], list[str]]]:
    """Phrases long enough to be known although a letter is misread, with their kinds, by number of words."""
    grouped: dict[int, tuple[list[str], list[str]]] = {}
    for kind, known in phrases().items():
        for phrase in known:
            if len(phrase) >= _LONG:
                texts, kinds = grouped.setdefault(phrase.count(" ") + 1, ([], []))
                texts.append(phrase)
                kinds.append(kind)
                if " " in phrase:  # the space may be lost
                    texts, kinds = grouped.setdefault(1, ([], []))
                    texts.append(phrase.replace(" ", ""))
                    kinds.append(kind)
    return grouped


def _misread_kinds(text: str) -> set[str]:
    words = text.split()
    found: set[str] = set()
    for size, (texts, kinds) in _long_phrases().items():
        grams = [" ".join(words[start : start + size]) for start in range(len(words) - size + 1)]
        grams = [gram for gram in grams if len(gram) >= _LONG - 1]
        if grams:
            scores = process.cdist(grams, texts, scorer=fuzz.ratio, score_cutoff=_ALIKE)
            found |= {kinds[column] for column in set(scores.nonzero()[1].tolist())}
    return found


def _as_letters(word: str) -> str:
    letters = sum(letter.isalpha() for letter in word)
    return word.translate(_LOOKALIKES) if letters * 2 > len(word) else word
