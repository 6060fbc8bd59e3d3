"""The table of ASVS requirements names tests that exist."""

from __future__ import annotations

import re
from collections import Counter
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


ROWS = [row.split(" | ") for row in TABLE.read_text().splitlines() if re.match(r"\| \d", row)]
#: What proves a row: a test, a file that is there, or the table below it.
PLACED = re.compile(r"`((?:api|warehouse|docs|flows)/[\w/]+\.(?:py|md)|requirements\.lock)`")


def test_every_row_says_what_proves_it() -> None:
    assert ROWS
    told = re.compile(r"test_\w+|\*\*not met\*\*|does not apply: |table below")
    assert [row for row in ROWS if not told.search(row[2]) and not PLACED.search(row[2])] == []


def test_a_named_file_exists() -> None:
    named = {place for row in ROWS for place in PLACED.findall(row[2])}
    assert named
    assert [place for place in named if not (REPOSITORY / place).exists()] == []


def requirements() -> set[str]:
    """The numbers in the first column, ranges written out."""
    found = set()
    for row in ROWS:
        for part in row[0].strip("| ").removesuffix(" (level 3)").split(", "):
            first, _, last = part.partition(" to ")
            chapter, section, number = (int(place) for place in first.split("."))
            if not last or not last.startswith(f"{chapter}.{section}."):
                found |= {first, last} - {""}
                continue
            found |= {f"{chapter}.{section}.{n}" for n in range(number, int(last.split(".")[2]) + 1)}
    return found


#: How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has; V17 is one row.
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2,
    "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3,
    "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3,
    "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3,
    "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2,
    "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1,
    "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
}  # fmt: skip


def test_no_requirement_is_left_out() -> None:
    counted = Counter(number.rpartition(".")[0] for number in requirements() - {"8.3.2"})
    assert {section: counted[section] for section in SECTIONS} == SECTIONS
