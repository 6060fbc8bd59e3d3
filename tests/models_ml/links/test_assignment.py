"""The best assignment, against trying everything."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_ml.links import assignment

EDGES = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), st.integers(-3, 20), min_size=1, max_size=14
)


def best_total(edges: dict[tuple[int, int], int]) -> int:
    """The greatest sum over all ways to pair five with five."""
    return max(
        sum(max(0, edges.get((left, right), 0)) for left, right in enumerate(order))
        for order in permutations(range(5))
    )


@pytest.mark.parametrize("cells", [0, 250_000])
@settings(max_examples=60, deadline=None)
@given(edges=EDGES)
def test_the_total_is_the_greatest_and_no_end_is_used_twice(
    cells: int, edges: dict[tuple[int, int], int]
) -> None:
    left, right = (np.array(ends) for ends in zip(*edges, strict=True))
    score = np.array(list(edges.values()), dtype=float)
    before, assignment._DENSE_CELLS = assignment._DENSE_CELLS, cells  # noqa: SLF001 - both ways to solve
    try:
        kept = assignment.assigned(left, right, score)
    finally:
        assignment._DENSE_CELLS = before  # noqa: SLF001
    assert score[kept].sum() == best_total(edges)
    assert len(set(left[kept])) == len(set(right[kept])) == kept.sum()
