"""The table of ASVS requirements names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TABLE = REPOSITORY / "docs" / "asvs.md"
NAMED = re.compile(r"(test_\w+\.py)?::(test_\w+)|(test_\w+\.py)")


def named_tests() -> list[tuple[str, str]]:
    """File and function of every test that a row names; one without a file is of the file named before."""
    found = []
    for row in TABLE.read_text().splitlines():
        file = ""
        for match in NAMED.finditer(row if row.startswith("| ") else ""):
            file = match[1] or match[3] or file
            found.append((file, match[2] or ""))
    return found


@pytest.mark.parametrize(("file", "function"), sorted(set(named_tests())))
def test_a_named_test_exists(file: str, function: str) -> None:
    places = [place for place in (REPOSITORY / "tests").rglob("test_*.py") if place.name == file]
    assert places, (file, function)
    assert any(f"def {function}" in place.read_text() for place in places)


def test_every_row_says_what_proves_it() -> None:
    rows = [row for row in TABLE.read_text().splitlines() if re.match(r"\| \d", row)]
    assert rows
    assert [row for row in rows if not re.search(r"test_\w+|\*\*not met\*\*|`api/\w+", row)] == []
