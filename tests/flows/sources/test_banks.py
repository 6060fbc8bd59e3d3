"""Statements written as many banks of the world write theirs: what is booked, how much, and which way.

The files are of our own making; beside each stand the hints that it is read with, and its lines as day,
minor units, currency and state.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.sources import read_statement
from warehouse.records import ReadingHints, StatementRefusedError

BANKS = Path(__file__).parent / "golden_banks"
STATEMENTS = sorted(path.name for path in BANKS.iterdir() if path.suffix != ".json")


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_banks_statement_is_read_as_it_is_meant(name: str) -> None:
    expected = json.loads((BANKS / f"{name}.expected.json").read_text(encoding="utf-8"))
    hints = ReadingHints(**expected["hints"])
    if expected.get("refused"):
        with pytest.raises(StatementRefusedError, match=r"\. \w"):
            list(read_statement(BANKS / name, hints).batches)
        return
    rows = [row for batch in read_statement(BANKS / name, hints).batches for row in batch.to_dicts()]
    sound = [row for row in rows if row["problem"] is None]
    found = [[str(row["booked_date"]), row["amount_minor"], row["currency"], row["status"]] for row in sound]
    assert found == expected["lines"]
    assert len(rows) - len(sound) == expected["quarantined"]
