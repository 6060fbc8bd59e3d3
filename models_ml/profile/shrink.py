"""Empirical Bayes for shares: few observations lean on those of others, many stand for themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Bounds of how many observations of one's own the prior is worth.
LEAST_STRENGTH, MOST_STRENGTH = 5.0, 5_000.0


@dataclass(frozen=True)
class Prior:
    """A Dirichlet: where shares lie and how many observations it takes to leave them."""

    mean: Floats
    strength: float

    def posterior(self, counts: Floats) -> Floats:
        """Expected shares given counts; both ``(..., cells)``."""
        total = counts.sum(axis=-1, keepdims=True)
        shares: Floats = (counts + self.strength * self.mean) / (total + self.strength)
        return shares

    def own_share(self, counts: Floats) -> Floats:
        """How much of the posterior is one's own, 0 to 1, one for each row of counts."""
        total = counts.sum(axis=-1)
        share: Floats = total / (total + self.strength)
        return share


def fitted_prior(counts: Floats, base: Prior) -> Prior:
    """The prior of a family of people by moments, its mean leaning on a wider family's.

    counts: (people, cells), weights of observations. The strength is the one at which the spread of the
    people's shares about the mean is what chance and a Dirichlet of that strength make together
    (method of moments for the Dirichlet-multinomial; Mosimann 1962).
    """
    totals = counts.sum(axis=1)
    seen = totals > 1
    if int(seen.sum()) == 0:
        return base
    counts, totals = counts[seen], totals[seen]
    mean = base.posterior(counts.sum(axis=0))
    shares = counts / totals[:, None]
    spread = float((((shares - mean) ** 2).sum(axis=1) * totals).sum())
    room = 1 - float((mean**2).sum())
    # E[spread] = room * sum((total + strength) / (1 + strength)); solved for strength.
    people, whole = len(totals), float(totals.sum())
    excess = spread / room - people
    strength = MOST_STRENGTH if excess <= 0 else (whole - spread / room) / excess
    return Prior(mean, min(max(strength, LEAST_STRENGTH), MOST_STRENGTH))


def flat_prior(exposure: Floats, strength: float = LEAST_STRENGTH) -> Prior:
    """The prior of someone of whom nothing is known: every day alike."""
    return Prior(exposure / exposure.sum(), strength)
