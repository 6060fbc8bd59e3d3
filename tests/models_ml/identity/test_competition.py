"""The probability of each pair among all one-to-one matchings, against counting them out."""

from __future__ import annotations

from itertools import combinations
from math import exp, prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_ml.identity.competition import matched

Pair = tuple[int, int, float]


def counted(pairs: list[Pair]) -> list[float]:
    """What matched() computes, by going through all matchings."""
    total, within = 0.0, [0.0] * len(pairs)
    for size in range(len(pairs) + 1):
        for chosen in combinations(range(len(pairs)), size):
            lefts, rights = ({pairs[number][side] for number in chosen} for side in (0, 1))
            if len(lefts) < size or len(rights) < size:
                continue
            weight = prod(exp(pairs[number][2]) for number in chosen)
            total += weight
            for number in chosen:
                within[number] += weight
    return [share / total for share in within]


def chances(pairs: list[Pair]) -> list[float]:
    left, right, weights = (np.array(column) for column in zip(*pairs, strict=True))
    return list(matched(left, right, weights.astype(np.float64)))


@given(st.lists(st.floats(-6, 6), min_size=1, max_size=7))
def test_a_chain_of_pairs_is_exact(weights: list[float]) -> None:
    chain = [((n + 1) // 2, n // 2, weight) for n, weight in enumerate(weights)]
    assert chances(chain) == pytest.approx(counted(chain), abs=1e-6)


@given(st.lists(st.floats(-5, 5), min_size=4, max_size=4))
def test_two_by_two_is_close(weights: list[float]) -> None:
    square = [(n // 2, n % 2, weight) for n, weight in enumerate(weights)]
    assert chances(square) == pytest.approx(counted(square), abs=0.25)


def test_equal_rivals_share_the_probability() -> None:
    assert chances([(0, 0, 8.0), (1, 0, 8.0)]) == pytest.approx([0.5, 0.5], abs=0.01)


def test_no_pair_has_no_chance() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert matched(nothing, nothing, np.zeros(0)).size == 0
