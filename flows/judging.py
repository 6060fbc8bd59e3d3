"""The gate in the process that has Great Expectations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from flows.aside import Aside

if TYPE_CHECKING:
    import polars as pl

    from expectations.gate import Gate, Verdict
    from warehouse.settings import Settings

GREAT_EXPECTATIONS = Aside(("great_expectations.expectations", "expectations.gate"))


@dataclass(frozen=True, slots=True)
class Report:
    """What the gate found so far: lines that failed, by check, and the first of its pages."""

    findings: Mapping[str, int]
    judged_lines: int
    page: Path


def start_gate(settings: Settings) -> None:
    """Let Great Expectations be imported meanwhile."""
    GREAT_EXPECTATIONS.start(_gate, settings.folder("expectations"))


def judge(settings: Settings, chunks: Sequence[Path]) -> list[Verdict]:
    """Which lines of some chunks (Parquet) may enter ``raw``: a verdict for each chunk."""
    return GREAT_EXPECTATIONS.call(_judge, settings.folder("expectations"), chunks)


def judge_lines(settings: Settings, lines: pl.DataFrame) -> Verdict:
    """Which of some lines may enter ``raw``."""
    (verdict,) = GREAT_EXPECTATIONS.call(_judge_lines, settings.folder("expectations"), lines)
    return verdict


def publish(settings: Settings) -> Report:
    """Show what was judged as Data Docs."""
    return GREAT_EXPECTATIONS.call(_publish, settings.folder("expectations"))


def _judge(folder: Path, chunks: Sequence[Path]) -> list[Verdict]:
    import polars as pl  # noqa: PLC0415 - the caller starts this while it imports things itself

    return _gate(folder).judge([pl.read_parquet(chunk).drop("digest") for chunk in chunks])


def _judge_lines(folder: Path, lines: pl.DataFrame) -> list[Verdict]:
    return _gate(folder).judge([lines])


def _publish(folder: Path) -> Report:
    gate = _gate(folder)
    return Report(dict(gate.findings), gate.judged_lines, gate.publish())


@cache
def _gate(folder: Path) -> Gate:
    """The gate of this process; making one takes seconds, so that it is kept."""
    from expectations.gate import Gate  # noqa: PLC0415 - Great Expectations takes seven seconds to import

    return Gate(folder, datetime.now(tz=UTC).date())
