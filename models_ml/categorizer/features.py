"""Hashed character n-grams and words of cleaned texts, computed for a whole column at once in numpy.

A rolling polynomial hash over the concatenated code points gives every n-gram and every word its
64-bit hash without a Python loop over texts; multiplication wraps modulo 2**64 on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

_SPACE = 32
_IDEOGRAPHIC = 0x3000  # from here on two letters make a word; in other alphabets pairs only add noise
_SHORTEST_LATIN = 3
_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2**64
_INVERSE = pow(_BASE, -1, 1 << 64)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_WORD_SALT = np.uint64(0xD6E8FEB86659FD93)
_PAIR_SALT = np.uint64(0xA0761D6478BD642F)
_FIRST_SALT = np.uint64(0xE7037ED1A0B428DB)


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """How a text becomes a sparse row; the model file carries it, so that scoring repeats training."""

    buckets: int = 1 << 16  # a power of two
    ngrams: tuple[int, ...] = (2, 3, 4, 5)  # pairs only of ideographs and kana
    word_weight: float = 2.0  # a whole word says more than one of its n-grams
    first_weight: float = 3.0  # banks write the merchant first: "SPAR CRAIGHALL PARK" is no park


@dataclass(frozen=True, slots=True)
class SparseRows:
    """Rows of a sparse matrix in CSR form; every row has Euclidean length near one."""

    data: npt.NDArray[np.float32]
    indices: npt.NDArray[np.int32]
    indptr: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WordRuns:
    """Hashes of every run of neighbouring words: whose text, how many words, whether it opens the text."""

    owner: npt.NDArray[np.int32]
    hashes: npt.NDArray[np.uint64]
    length: npt.NDArray[np.int64]
    is_first: npt.NDArray[np.bool_]


def word_runs(romanised: pl.Series, longest: int) -> WordRuns:
    """All runs of one to ``longest`` words in each text."""
    points, owner = _points(romanised)
    starts, ends = _word_spans(points, owner)
    owners = owner[starts]
    opens = np.diff(owners, prepend=np.int32(-1)) != 0
    parts = []
    for extra in range(longest):
        count = max(len(starts) - extra, 0)
        same = owners[:count] == owners[extra : extra + count]
        hashes = _span_hashes(points, starts[:count][same], ends[extra : extra + count][same])
        parts.append((owners[:count][same], hashes, np.full(int(same.sum()), extra + 1), opens[:count][same]))
    return WordRuns(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def featurise(romanised: pl.Series, spec: FeatureSpec) -> SparseRows:
    """One sparse row per romanised text; an empty text has an empty row."""
    points, owner = _points(romanised)
    parts = [_ngrams(points, owner, size) for size in spec.ngrams]
    return _rows([*parts, *_words(points, owner, spec)], len(romanised), spec.buckets)


@dataclass(frozen=True, slots=True)
class _Hashed:
    owner: npt.NDArray[np.int32]
    hashes: npt.NDArray[np.uint64]
    weight: float = 1.0


def _ngrams(points: npt.NDArray[np.uint32], owner: npt.NDArray[np.int32], size: int) -> _Hashed:
    windows = max(len(points) - size + 1, 0)
    hashes = np.zeros(windows, dtype=np.uint64)
    for offset in range(size):
        hashes *= np.uint64(_BASE)
        hashes += points[offset : offset + windows]
    inside = owner[:windows] == owner[size - 1 :]
    if size < _SHORTEST_LATIN:
        inside &= points[:windows] >= _IDEOGRAPHIC
    return _Hashed(owner[:windows][inside], hashes[inside] * _MIX + np.uint64(size))


def _words(
    points: npt.NDArray[np.uint32], owner: npt.NDArray[np.int32], spec: FeatureSpec
) -> tuple[_Hashed, ...]:
    """Words, pairs of neighbours, and once more the first word of each text."""
    starts, ends = _word_spans(points, owner)
    words = _span_hashes(points, starts, ends)
    owners = owner[starts]
    together = owners[:-1] == owners[1:]
    pairs = ((words[:-1] >> np.uint64(1)) + words[1:] * _PAIR_SALT)[together]
    first = np.concatenate([np.ones(min(len(owners), 1), dtype=bool), ~together])
    return (
        _Hashed(owners, words, spec.word_weight),
        _Hashed(owners[:-1][together], pairs, spec.word_weight),
        _Hashed(owners[first], words[first] * _FIRST_SALT, spec.first_weight),
    )


def _points(texts: pl.Series) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]]:
    """Code points of all texts, each between spaces, and the text that each belongs to."""
    padded = [f" {text} " for text in texts.to_list()]
    lengths = np.array([len(text) for text in padded], dtype=np.int64)
    points = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return points, np.repeat(np.arange(len(texts), dtype=np.int32), lengths)


def _span_hashes(
    points: npt.NDArray[np.uint32], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint64]:
    """Hash of the code points from each start to its end, the same wherever they stand."""
    weighted = points * _powers(len(points), _BASE)
    prefix = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(weighted, dtype=np.uint64)])
    hashes: npt.NDArray[np.uint64] = (prefix[ends] - prefix[starts]) * _powers(len(points), _INVERSE)[starts]
    return hashes * _WORD_SALT


def _word_spans(
    points: npt.NDArray[np.uint32], owner: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    gaps = np.flatnonzero(points == _SPACE)
    starts, ends = gaps[:-1] + 1, gaps[1:]
    real = (ends > starts) & (owner[gaps[:-1]] == owner[gaps[1:]])
    return starts[real], ends[real]


def _powers(count: int, base: int) -> npt.NDArray[np.uint64]:
    factors = np.full(count, base & ((1 << 64) - 1), dtype=np.uint64)
    if count:
        factors[0] = 1
    return np.cumprod(factors, dtype=np.uint64)


def _rows(parts: list[_Hashed], count: int, buckets: int) -> SparseRows:
    owner = np.concatenate([part.owner for part in parts])
    shift = np.uint64(64 - buckets.bit_length() + 1)
    columns = np.concatenate([(part.hashes * _MIX) >> shift for part in parts]).astype(np.int32)
    values = np.concatenate([np.full(len(part.owner), part.weight, np.float32) for part in parts])
    order = np.argsort(owner, kind="stable")
    indptr = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner, minlength=count), out=indptr[1:])
    squares = np.bincount(owner, weights=values**2, minlength=count)
    values /= np.sqrt(np.maximum(squares, 1.0)).astype(np.float32)[owner]
    return SparseRows(values[order], columns[order], indptr)
