"""How likely each of many possible pairs is, when nothing can be in more than one of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

#: Rounds of messages; they settle within some twenty, in tight knots later.
ROUNDS, SETTLED = 200, 1e-9
#: Beyond this odds are certain, and their exponential still a number.
MOST = 200.0


def matched(left: Rows, right: Rows, weights: Vector, rounds: int = ROUNDS) -> Vector:
    """The probability of each pair (left, right) in a random one-to-one matching.

    A matching is as likely as the exponential of its pairs' weights (log-odds of the pair against both
    staying alone) allows: the monomer-dimer model. Solved by belief propagation, which converges on every
    graph and is exact on trees (Bayati, Gamarnik, Katz, Nair and Tetali, 2007).
    """
    if not left.size:
        return np.zeros(0)
    odds = np.exp(np.clip(weights, -MOST, MOST))
    free_left, free_right = np.ones_like(odds), np.ones_like(odds)
    for _ in range(rounds):
        before = free_left
        free_left = _free(left, odds * free_right)
        free_right = _free(right, odds * free_left)
        if np.abs(free_left - before).max() < SETTLED:
            break
    both_free = odds * free_left * free_right
    chance: Vector = both_free / (1 + both_free)
    return chance


def _free(side: Rows, wanted: Vector) -> Vector:
    """How likely the one side of each pair is free for it: not in any of its other pairs."""
    others = np.bincount(side, wanted)[side] - wanted
    free: Vector = 1 / (1 + others.clip(min=0.0))
    return free
