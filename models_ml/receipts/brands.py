"""Chains that nearly everybody knows: their logo is drawn, not printed, and engines misread it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rapidfuzz import fuzz

from models_ml.receipts.evidence import Evidence
from models_ml.receipts.layout import Box
from models_ml.receipts.words import plain

_FILE = Path(__file__).parent / "knowledge" / "brands.txt"
_HEAD_ROWS = 5
#: A head row is a logo when its letters are so like a name, more so when no legal line says it again.
_LOGO, _LOGO_ALONE = 80.0, 92.0
_SHORTEST = 4
#: A row that begins with the name and says no more than this many words is the chain's: "EDEKA Müller".
_LEADING_WORDS = 3
_MISREAD = 87.0
AGREED, ALONE = 0.98, 0.95


@dataclass(frozen=True, slots=True)
class KnownBrand:
    """A chain's name, where it stands, and how sure that is."""

    name: str
    box: Box
    confidence: float


def brand_of(read: Evidence) -> KnownBrand | None:
    """The chain that the head of the receipt shows, with its legal line for a second witness."""
    found: list[tuple[float, str, Box]] = []
    for name, aliases in brands():
        legal = any(_is_named(read, row, aliases) for row in range(len(read.rows)))
        for row in range(min(_HEAD_ROWS, len(read.rows))):
            alike = 100.0 if _leads(read, row, aliases) else _likeness(read, row, aliases)
            if alike >= (_LOGO if legal else _LOGO_ALONE):
                found.append((alike + 100 * legal, name, read.rows[row].box()))
    if not found:
        return None
    score, name, box = max(found)
    return KnownBrand(name, box, AGREED if score > 100 else ALONE)  # noqa: PLR2004


@cache
def brands() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Names as people write them, with the spellings they are known by."""
    lines = [line for line in _FILE.read_text(encoding="utf-8").splitlines() if line.strip()]
    named = [
        (line.split("|")[0], tuple({_squeezed(name): None for name in line.split("|")})) for line in lines
    ]
    return tuple(
        (name, tuple(alias for alias in aliases if len(alias) >= _SHORTEST))
        for name, aliases in named
        if any(len(alias) >= _SHORTEST for alias in aliases)
    )


def _likeness(read: Evidence, row: int, aliases: tuple[str, ...]) -> float:
    """How alike a row and the chain's name are, 0 to 100."""
    return max(fuzz.ratio(alias, _squeezed(read.labels[row])) for alias in aliases)


def _leads(read: Evidence, row: int, aliases: tuple[str, ...]) -> bool:
    """Whether a short row begins with the name: of a branch, or of who runs it."""
    words = re.findall(r"[^\W\d_]+", plain(read.labels[row]))
    if "address" in read.kinds[row] or not 1 < len(words) <= _LEADING_WORDS:
        return False
    return any("".join(words[:count]) in aliases for count in range(1, len(words)))


def _is_named(read: Evidence, row: int, aliases: tuple[str, ...]) -> bool:
    """Whether a row below the head names the chain."""
    if row < _HEAD_ROWS:
        return False
    words = [_squeezed(word) for word in read.rows[row].text.split()]
    enough = _LOGO_ALONE if "suffix" in read.kinds[row] else _MISREAD
    return any(
        fuzz.ratio(alias, word) >= (enough if len(alias) > _SHORTEST else 100)
        for alias in aliases
        for word in words
    )


def _squeezed(text: str) -> str:
    return "".join(letter for letter in plain(text) if letter.isalnum())
