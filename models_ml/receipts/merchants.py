"""Which rows name the shop: candidates from the head of the receipt and its legal lines."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models_ml.receipts.evidence import Evidence
from models_ml.receipts.layout import Box, union
from models_ml.receipts.words import kinds_in

KINDS = (
    "suffix",
    "trade",
    "address",
    "contact",
    "registration",
    "document",
    "date",
    "total",
    "tax",
    "cash",
    "count",
    "owner",
)
_NO_NAME = frozenset({"address", "contact", "registration", "document", "date", "tax", "total"})
#: Names stand among the first rows, or in a legal line with a company's suffix.
HEAD_ROWS = 9
_LONGEST = 3  # rows that one name may take
FEATURES = (
    *(f"has_{kind}" for kind in KINDS),
    *(f"next_{kind}" for kind in ("suffix", "address", "registration", "contact")),
    *(f"before_{kind}" for kind in ("suffix", "address", "registration", "document", "owner")),
    "row",
    "position",
    "rows",
    "height",
    "letters",
    "digits",
    "upper",
    "words",
    "width",
    "centred",
    "confidence",
    "suffix_at_end",
    "starts_with_digit",
    "heads_suffix",
    "earlier_suffix",
    "gap_above",
    "gap_below",
    "is_tallest",
    "amounts",
    "inner_suffix",
    "brackets",
    "rows_to_address",
    "height_change",
    "open_brackets",
    "next_height",
    "before_height",
    "starts_with_suffix",
    "next_starts_suffix",
    "next_closes_bracket",
    "earlier_names",
    "name_share",
)
_REGISTRATION = re.compile(
    r"\(?\s*(?:co\.?\s*(?:reg|no|rfg)?\.?\s*(?:no)?\.?\s*:?\s*)?\(?\d{4,12}\s?-\s?[A-Z0-9]\)?.*$"
    r"|\(\s*[A-Z]{0,4}\d{5,12}[^)]*\)?\s*$",
    re.IGNORECASE,
)
_TRAILING = re.compile(r"[\s,;:*#~_\-=]+$")
_LEADING = re.compile(r"^[\s,;:*#~_\-=.•]+")


@dataclass(frozen=True)
class MerchantCandidate:
    """A name that the receipt may carry, and where it stands."""

    name: str
    first_row: int
    rows: int
    box: Box
    features: tuple[float, ...]


def merchant_candidates(read: Evidence) -> list[MerchantCandidate]:
    """Rows, and runs of up to three rows, that may be the shop's name."""
    last = len(read.rows)
    starts = [row for row in range(last) if row < HEAD_ROWS or "suffix" in read.kinds[row]]
    result = []
    for start in starts:
        for rows in range(1, _LONGEST + 1):
            if start + rows > last or (rows > 1 and start >= HEAD_ROWS):
                break
            if _breaks_bracket(read, start, rows):
                continue
            name = tidy(" ".join(read.rows[row].text for row in range(start, start + rows)))
            if len(re.findall(r"[^\W\d_]", name)) >= 2:  # noqa: PLR2004
                box = union([read.rows[row].box() for row in range(start, start + rows)])
                result.append(MerchantCandidate(name, start, rows, box, _vector(read, start, rows, name)))
    return result


def _breaks_bracket(read: Evidence, start: int, rows: int) -> bool:
    """Whether a run of rows ends or begins within brackets that the row beside it closes or opens."""
    text = " ".join(read.rows[row].text for row in range(start, start + rows))
    beyond = start + rows
    has_longer = rows < _LONGEST and start < HEAD_ROWS and beyond < len(read.rows)
    below = read.rows[beyond].text if has_longer else ""
    above = read.rows[start - 1].text if start else ""
    ends_within = text.rpartition("(")[2].count(")") == 0 and "(" in text and _closes_bracket(below)
    begins_within = _closes_bracket(text) and "(" in above and ")" not in above.rpartition("(")[2]
    return ends_within or begins_within


def matrix(candidates: list[MerchantCandidate]) -> npt.NDArray[np.float32]:
    """Candidates x features."""
    rows = [candidate.features for candidate in candidates]
    return np.array(rows, dtype=np.float32).reshape(len(rows), len(FEATURES))


def tidy(text: str) -> str:
    """A name without registration numbers and ornament."""
    name = re.sub(r"\s+", " ", text).strip()
    name = _REGISTRATION.sub("", name)
    return _LEADING.sub("", _TRAILING.sub("", name)).strip() or text.strip()


def _vector(read: Evidence, start: int, rows: int, name: str) -> tuple[float, ...]:
    span = range(start, start + rows)
    kinds = frozenset().union(*(read.kinds[row] for row in span))
    after = read.kinds[start + rows] if start + rows < len(read.rows) else frozenset()
    before = read.kinds[start - 1] if start else frozenset()
    values: dict[str, float] = {f"has_{kind}": float(kind in kinds) for kind in KINDS}
    values |= {f"next_{kind}": float(kind in after) for kind in KINDS}
    values |= {f"before_{kind}": float(kind in before) for kind in KINDS}
    values |= _shape(read, start, rows, name)
    values["inner_suffix"] = float(any("suffix" in read.kinds[row] for row in span[:-1]))
    values["suffix_at_end"] = float("suffix" in read.kinds[span[-1]])
    values["heads_suffix"] = float("suffix" in after and "suffix" not in kinds)
    values["earlier_suffix"] = float(any("suffix" in read.kinds[row] for row in range(start)))
    return tuple(values[feature] for feature in FEATURES)


def _shape(read: Evidence, start: int, rows: int, name: str) -> dict[str, float]:
    span = [read.rows[row] for row in range(start, start + rows)]
    heights = [row.height for row in span]
    tallest = max(row.height for row in read.rows[:HEAD_ROWS])
    letters = [letter for letter in name if letter.isalpha()]
    left, right = min(r.fragments[0].left for r in span), max(r.fragments[-1].right for r in span)
    middle = (left + right) / 2 - (read.layout.left + read.layout.right) / 2
    above = span[0].middle - read.rows[start - 1].middle if start else 0.0
    beyond = start + rows
    below = read.rows[beyond].middle - span[-1].middle if beyond < len(read.rows) else 0.0
    addresses = [
        row for row in range(beyond, min(beyond + 8, len(read.rows))) if "address" in read.kinds[row]
    ]
    return {
        "row": float(min(start, 30)),
        "position": read.position(start),
        "rows": float(rows),
        "height": max(heights) / read.layout.height,
        "letters": float(len(letters)),
        "digits": sum(letter.isdigit() for letter in name) / max(len(name), 1),
        "upper": sum(letter.isupper() for letter in letters) / max(len(letters), 1),
        "words": float(len(name.split())),
        "width": (right - left) / read.layout.width,
        "centred": abs(middle) / read.layout.width,
        "confidence": min(row.confidence for row in span),
        "starts_with_digit": float(name[:1].isdigit()),
        "gap_above": above / read.layout.height,
        "gap_below": below / read.layout.height,
        "is_tallest": float(max(heights) >= tallest * 0.95),
        "amounts": float(sum(len(read.by_row.get(row, ())) for row in range(start, start + rows))),
        "brackets": float("(" in name),
        "rows_to_address": float(addresses[0] - beyond) if addresses else 9.0,
        "height_change": max(heights) / max(min(heights), 1.0),
        "open_brackets": float(name.count("(") - name.count(")")),
        "next_height": _height(read, beyond) / heights[-1],
        "before_height": _height(read, start - 1) / heights[0],
        "starts_with_suffix": float(_starts_with_suffix(span[0].text)),
        "next_starts_suffix": float(beyond < len(read.rows) and _starts_with_suffix(read.rows[beyond].text)),
        "earlier_names": float(sum(_may_be_name(read, row) for row in range(min(start, 8)))),
        "name_share": sum(_may_be_name(read, row) for row in range(start, beyond)) / rows,
        "next_closes_bracket": float(beyond < len(read.rows) and _closes_bracket(read.rows[beyond].text)),
    }


def _height(read: Evidence, row: int) -> float:
    return read.rows[row].height if 0 <= row < len(read.rows) else 0.0


def _starts_with_suffix(text: str) -> bool:
    words = text.split()
    return bool(words) and ("suffix" in kinds_in(words[0]) or "suffix" in kinds_in(" ".join(words[:2])))


def _closes_bracket(text: str) -> bool:
    return ")" in text and "(" not in text.partition(")")[0]


def _may_be_name(read: Evidence, row: int) -> bool:
    """A row of words that speaks of nothing else."""
    letters = sum(letter.isalpha() for letter in read.rows[row].text)
    return letters > 3 and not read.kinds[row] & _NO_NAME  # noqa: PLR2004
