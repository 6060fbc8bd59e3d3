"""One-to-one assignment of greatest total score, component by component."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: Above this many cells a component is solved as a sparse problem, slower, but without a square of memory.
_DENSE_CELLS = 250_000
#: Rounding before scores are compared, so that equal evidence is equal on every machine.
_DECIMALS = 6


def assigned(left: Indices, right: Indices, score: Floats) -> Flags:
    """Which edges to keep so that every end is used once and the scores sum to the most.

    ``left`` and ``right`` number the ends, in an order that does not depend on how the facts came in: ties
    go to the earlier ends. Edges with a score of zero or less are never kept.
    """
    keep = np.zeros(len(score), dtype=bool)
    useful = np.flatnonzero(score > 0)
    if not len(useful):
        return keep
    lefts, lefts_at = np.unique(left[useful], return_inverse=True)
    rights, rights_at = np.unique(right[useful], return_inverse=True)
    alone = (np.bincount(lefts_at)[lefts_at] == 1) & (np.bincount(rights_at)[rights_at] == 1)
    keep[useful[alone]] = True
    if alone.all():
        return keep
    contested = np.flatnonzero(~alone)
    for edges in _components(lefts_at[contested], rights_at[contested], len(lefts), len(rights)):
        chosen = contested[edges]
        best = _solve(lefts_at[chosen], rights_at[chosen], np.round(score[useful[chosen]], _DECIMALS))
        keep[useful[chosen[best]]] = True
    return keep


def _components(left: Indices, right: Indices, lefts: int, rights: int) -> list[Indices]:
    """Edges by connected component, each in the order given."""
    from scipy.sparse import coo_array  # type: ignore[import-untyped]  # noqa: PLC0415 - ships no types
    from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]  # noqa: PLC0415

    size = lefts + rights
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right + lefts)), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    label = labels[left]
    order = np.argsort(label, kind="stable")
    cuts = np.flatnonzero(np.diff(label[order])) + 1
    return np.split(order, cuts)


def _solve(left: Indices, right: Indices, score: Floats) -> Indices:
    """The edges of one component's best assignment."""
    rows, row_of = np.unique(left, return_inverse=True)
    columns, column_of = np.unique(right, return_inverse=True)
    if len(rows) * (len(columns) + len(rows)) > _DENSE_CELLS:
        pairs = _sparse(row_of, column_of, score, len(rows), len(columns))
    else:
        pairs = _dense(row_of, column_of, score, len(rows), len(columns))
    edge = {(int(i), int(j)): number for number, (i, j) in enumerate(zip(row_of, column_of, strict=True))}
    return np.array(sorted(edge[pair] for pair in pairs if pair in edge), dtype=np.int64)


def _dense(left: Indices, right: Indices, score: Floats, rows: int, columns: int) -> list[tuple[int, int]]:
    from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]  # noqa: PLC0415

    table = np.zeros((rows, columns))
    table[left, right] = score
    chosen = zip(*linear_sum_assignment(table, maximize=True), strict=True)
    return [(int(i), int(j)) for i, j in chosen if table[i, j] > 0]


def _sparse(left: Indices, right: Indices, score: Floats, rows: int, columns: int) -> list[tuple[int, int]]:
    """Every row also has a column of its own that stands for no partner."""
    from scipy.sparse import coo_array  # noqa: PLC0415
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching  # noqa: PLC0415

    ceiling = float(score.max()) + 1.0
    costs = np.concatenate([ceiling - score, np.full(rows, ceiling)])
    to = np.concatenate([right, columns + np.arange(rows)])
    table = coo_array((costs, (np.concatenate([left, np.arange(rows)]), to)), shape=(rows, columns + rows))
    chosen = zip(*min_weight_full_bipartite_matching(table.tocsr()), strict=True)
    return [(int(i), int(j)) for i, j in chosen if j < columns]
