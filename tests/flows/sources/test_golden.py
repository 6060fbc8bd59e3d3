"""Golden pairs: a statement of our own making, and beside it what reading it must give."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.sources import read_statement
from warehouse.records import STATEMENT_LINE_SCHEMA, ReadingHints, Statement

GOLDEN = Path(__file__).parent / "golden"
HINTS = ReadingHints(currency="EUR")  # QIF names none
STATEMENTS = sorted(path.name for path in GOLDEN.iterdir() if path.suffix != ".json")


def as_json(statement: Statement) -> dict[str, Any]:
    """A statement in the form of the expected files: nulls and ``raw`` left out."""
    lines = pl.concat(list(statement.batches)).drop("raw").to_dicts()
    return {
        "source_format": statement.source_format,
        "accounts": [asdict(account) for account in statement.accounts],
        "lines": [{key: value for key, value in line.items() if value is not None} for line in lines],
        "notes": list(statement.notes),
    }


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_golden_statement_reads_as_expected(name: str) -> None:
    expected = json.loads((GOLDEN / f"{name}.expected.json").read_text(encoding="utf-8"))
    found = json.loads(json.dumps(as_json(read_statement(GOLDEN / name, HINTS)), default=str))
    assert found == expected


@pytest.mark.parametrize("name", STATEMENTS)
def test_batches_follow_the_schema_and_raw_is_json(name: str) -> None:
    for batch in read_statement(GOLDEN / name, HINTS).batches:
        assert batch.schema == STATEMENT_LINE_SCHEMA
        assert all(isinstance(json.loads(text), dict) for text in batch["raw"])


@pytest.mark.parametrize("name", STATEMENTS)
def test_line_numbers_are_unique(name: str) -> None:
    numbers = pl.concat(list(read_statement(GOLDEN / name, HINTS).batches))["line_number"]
    assert numbers.is_unique().all()
