"""Randomness: one independent stream per person, so that no other person changes what is drawn."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Dice:
    """A seeded stream with the few draws that the simulation needs."""

    def __init__(self, seed: int, *key: int) -> None:
        self.generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
        self._buffer: list[float] = []

    def random(self) -> float:
        """Uniform in [0, 1); drawn 512 at a time, which is ten times cheaper than singly."""
        if not self._buffer:
            self._buffer = self.generator.random(512).tolist()
        return self._buffer.pop()

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.random() < probability

    def between(self, low: float, high: float) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * self.random()

    def integer(self, low: int, high: int) -> int:
        """Uniform whole number in [low, high]."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        return options[int(self.random() * len(options))]

    def weighted(self, options: Sequence[T], weights: Sequence[float]) -> T:
        """One of the options, by weight."""
        cumulated = list(accumulate(weights))
        return options[min(bisect(cumulated, self.random() * cumulated[-1]), len(options) - 1)]

    def lognormal(self, median: float, sigma: float) -> float:
        """Lognormal by its median."""
        return median * float(np.exp(sigma * self.generator.standard_normal()))

    def poisson(self, mean: float) -> int:
        """Poisson count."""
        return int(self.generator.poisson(mean))

    def some(self, options: Sequence[T], weights: Sequence[float], count: int) -> list[T]:
        """Up to ``count`` different options, the heavier ones likelier and earlier (Efraimidis-Spirakis)."""
        keys = [-(self.random() ** (1.0 / weight)) for weight in weights]
        order = sorted(range(len(options)), key=keys.__getitem__)
        return [options[i] for i in order[:count]]
