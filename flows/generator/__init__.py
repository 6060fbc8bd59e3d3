"""A bank of our own: what banks would send for simulated people, and the truth about it."""

from __future__ import annotations

from flows.generator.params import END, GeneratorParams, Rates
from flows.generator.run import GenerationSummary, generate

__all__ = ["END", "GenerationSummary", "GeneratorParams", "Rates", "generate"]
