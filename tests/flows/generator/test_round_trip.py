"""What the simulated banks write is what the parsers read: every line of every file."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from flows.sources import read_statement
from tests.flows.generator.conftest import Run
from warehouse.records import ReadingHints

COMPARED = ["line_number", "date", "amount_minor", "currency", "status"]


def hints_of(run: Run, account: str) -> ReadingHints:
    row = run.accounts.filter(pl.col("account") == account).row(0, named=True)
    return ReadingHints(country=row["country"], currency=row["currency"], account_ref=row["account_ref"])


def read(path: Path, hints: ReadingHints) -> pl.DataFrame:
    frame = pl.concat(list(read_statement(path, hints).batches))
    assert frame["problem"].drop_nulls().to_list() == []
    return frame.rename({"booked_date": "date"}).select(COMPARED).sort("line_number")


def sample(run: Run, kind: str) -> list[pl.DataFrame]:
    """The first, middle and last file of each bank's accounts of each role: every dialect, in little time."""
    accounts = run.accounts.select("account", "bank", "role", "file_format")
    lines = run.lines.filter(pl.col("file").str.ends_with(f".{kind}")).join(accounts, on="account")
    names = (
        lines.group_by("bank", "role")
        .agg(pl.col("file").unique().sort())
        .sort("bank", "role")["file"]
        .to_list()
    )
    chosen = {name for files in names for name in (files[0], files[len(files) // 2], files[-1])}
    return lines.filter(pl.col("file").is_in(sorted(chosen))).partition_by("file", maintain_order=True)


@pytest.mark.parametrize("kind", ["ofx", "xml", "csv"])
def test_every_line_of_a_file_is_read_as_it_is_meant(run: Run, kind: str) -> None:
    files = sample(run, kind)
    assert len(files) > 8
    for lines in files:
        name, account = lines.select("file", "account").row(0)
        expected = lines.select(COMPARED).sort("line_number")
        found = read(run.folder / name, hints_of(run, account))
        assert found.equals(expected.cast(found.schema)), name
