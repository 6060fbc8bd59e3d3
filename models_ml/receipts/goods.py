"""What kind of goods an item's name is, where one word says so for certain; most names say nothing."""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path

from models_ml.receipts.words import plain

_FILE = Path(__file__).parent / "knowledge" / "goods.csv"


def category_of(name: str) -> str | None:
    """The category of the taxonomy, None unless exactly one is named."""
    words = set(re.findall(r"[^\W\d_]{3,}", plain(name)))
    found = {category for category, known in _goods().items() if words & known}
    return found.pop() if len(found) == 1 else None


@cache
def _goods() -> dict[str, frozenset[str]]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["category_code"]: frozenset(
            plain(word)
            for each in rows
            if each["category_code"] == row["category_code"]
            for word in each["words"].split()
        )
        for row in rows
    }
