"""Fragments of text become rows as a person reads them, however the paper lay under the camera."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from models_ml.receipts.page import Page, TextLine

Box = tuple[float, float, float, float]
#: Two fragments stand in one row when their middles differ by less than this share of a line's height.
ROW_TOLERANCE = 0.55


@dataclass(frozen=True)
class Fragment:
    """A piece of text on the straightened page: left, top, right, bottom in pixels along its own axes."""

    line: TextLine
    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        """The height on the page of the text's middle."""
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        """The text's height."""
        return max(self.bottom - self.top, 1.0)


@dataclass(frozen=True)
class Row:
    """Fragments side by side, from left to right."""

    fragments: tuple[Fragment, ...]

    @cached_property
    def text(self) -> str:
        """The row's text with two spaces between fragments."""
        return "  ".join(fragment.line.text for fragment in self.fragments)

    @cached_property
    def middle(self) -> float:
        """The row's height on the page."""
        return sum(fragment.middle for fragment in self.fragments) / len(self.fragments)

    @cached_property
    def height(self) -> float:
        """The height of its text."""
        return median(fragment.height for fragment in self.fragments)

    @cached_property
    def confidence(self) -> float:
        """The engine's confidence, by length of text."""
        letters = sum(len(fragment.line.text) for fragment in self.fragments)
        return sum(f.line.confidence * len(f.line.text) for f in self.fragments) / max(letters, 1)

    def box(self) -> Box:
        """The upright rectangle on the image around the row."""
        return union([fragment.line.box for fragment in self.fragments])


@dataclass(frozen=True)
class Layout:
    """The rows of a page from top to bottom, with the page's own measures."""

    rows: tuple[Row, ...]
    left: float
    right: float
    top: float
    bottom: float
    height: float  # median height of text

    @property
    def width(self) -> float:
        """Width of the printed part."""
        return max(self.right - self.left, 1.0)


def union(boxes: list[Box]) -> Box:
    """The smallest rectangle around all."""
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def skew(page: Page) -> float:
    """The angle in radians by which the text's lines turn clockwise, long lines counting more."""
    angles: list[tuple[float, float]] = []
    for line in page.lines:
        x0, y0, x1, y1 = line.quad[:4]
        angles.append((math.atan2(y1 - y0, x1 - x0), math.hypot(x1 - x0, y1 - y0)))
    if not angles:
        return 0.0
    angles.sort()
    half, seen = sum(weight for _, weight in angles) / 2, 0.0
    for angle, weight in angles:
        seen += weight
        if seen >= half:
            return angle
    return angles[-1][0]


def layout(page: Page) -> Layout:
    """The page's rows; an empty page has none."""
    angle = skew(page)
    fragments = [_straightened(line, angle) for line in page.lines if line.text.strip()]
    if not fragments:
        return Layout((), 0.0, 1.0, 0.0, 1.0, 1.0)
    rows = _rows(fragments)
    return Layout(
        rows=tuple(rows),
        left=min(fragment.left for fragment in fragments),
        right=max(fragment.right for fragment in fragments),
        top=min(fragment.top for fragment in fragments),
        bottom=max(fragment.bottom for fragment in fragments),
        height=median(fragment.height for fragment in fragments),
    )


def _straightened(line: TextLine, angle: float) -> Fragment:
    cosine, sine = math.cos(-angle), math.sin(-angle)
    xs = [x * cosine - y * sine for x, y in zip(line.quad[0::2], line.quad[1::2], strict=True)]
    ys = [x * sine + y * cosine for x, y in zip(line.quad[0::2], line.quad[1::2], strict=True)]
    top, bottom = (ys[0] + ys[1]) / 2, (ys[2] + ys[3]) / 2
    return Fragment(line, min(xs), min(top, bottom), max(xs), max(top, bottom))


def _rows(fragments: list[Fragment]) -> list[Row]:
    rows: list[list[Fragment]] = []
    for fragment in sorted(fragments, key=lambda piece: piece.middle):
        near = [(_distance(fragment, row), row) for row in rows[-6:]]
        fitting = [(distance, row) for distance, row in near if distance < ROW_TOLERANCE]
        if fitting:
            min(fitting, key=lambda pair: pair[0])[1].append(fragment)
        else:
            rows.append([fragment])
    ordered = [Row(tuple(sorted(row, key=lambda piece: piece.left))) for row in rows]
    return sorted(ordered, key=lambda row: row.middle)


def _distance(fragment: Fragment, row: list[Fragment]) -> float:
    """Difference of middles in heights of text; infinite where the two lie over each other."""
    for other in row:
        shared = min(fragment.right, other.right) - max(fragment.left, other.left)
        if shared > 0.3 * min(fragment.right - fragment.left, other.right - other.left):
            return math.inf
    nearest = min(row, key=lambda other: max(other.left - fragment.right, fragment.left - other.right))
    return abs(fragment.middle - nearest.middle) / min(fragment.height, nearest.height)
