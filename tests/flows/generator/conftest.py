"""One modest run that all tests of the generator look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from flows.generator import GenerationSummary, generate

REPOSITORY = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Run:
    """A generated folder with its truth read in."""

    folder: Path
    summary: GenerationSummary
    people: pl.DataFrame
    accounts: pl.DataFrame
    events: pl.DataFrame
    series: pl.DataFrame
    lines: pl.DataFrame

    @classmethod
    def of(cls, folder: Path, summary: GenerationSummary) -> Run:
        tables = {
            name: pl.read_parquet(folder / "truth" / f"{name}.parquet").with_columns(
                pl.col(pl.Categorical).cast(pl.String)
            )
            for name in ("people", "accounts", "events", "series", "lines")
        }
        return cls(folder, summary, **tables)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Twenty-four people over sixteen months that contain two clock changes and two new years."""
    folder = tmp_path_factory.mktemp("bank") / "out"
    return Run.of(folder, generate(users=24, months=16, seed=11, end=date(2026, 4, 1), out=folder, workers=1))
