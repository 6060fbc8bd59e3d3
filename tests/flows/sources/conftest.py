"""Statements written to a file and read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.sources import read_statement
from warehouse.records import ReadingHints, Statement

Read = Callable[..., tuple[Statement, list[dict[str, Any]]]]


def lines_of(statement: Statement) -> list[dict[str, Any]]:
    """All lines of a statement as rows."""
    return pl.concat(list(statement.batches)).to_dicts()


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write content to a file and read it, with hints as keywords."""

    def read_content(
        content: str | bytes,
        *,
        name: str = "statement.csv",
        encoding: str = "utf-8",
        **hints: Any,  # noqa: ANN401 - any hint
    ) -> tuple[Statement, list[dict[str, Any]]]:
        path = tmp_path / name
        path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
        statement = read_statement(path, ReadingHints(**hints))
        return statement, lines_of(statement)

    return read_content
