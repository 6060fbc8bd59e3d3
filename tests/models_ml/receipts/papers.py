"""Receipts typed by hand: a line of text a row, two spaces between columns."""

from __future__ import annotations

import math

from models_ml.receipts.page import Page, Quad, TextLine


def paper(text: str, *, turn: float = 0.0, confidence: float = 0.99) -> Page:
    """A page of the text's rows, turned clockwise by degrees; the last column ends at the right edge."""
    lines: list[TextLine] = []
    for number, row in enumerate(text.strip("\n").splitlines()):
        cells = [cell.strip() for cell in row.strip().split("  ") if cell.strip()]
        for place, cell in enumerate(cells):
            width = 10.0 * len(cell)
            is_right = place and place == len(cells) - 1
            left = 400.0 - width if is_right else 10.0 + place * 120
            lines.append(TextLine(cell, _turned(left, 30.0 * number + 10, width, 20.0, turn), confidence))
    return Page(420, 30 * text.count("\n") + 40, tuple(lines))


def _turned(left: float, top: float, width: float, height: float, degrees: float) -> Quad:
    corners = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turned = [(x * cosine - y * sine, x * sine + y * cosine) for x, y in corners]
    return tuple(value for corner in turned for value in corner)  # type: ignore[return-value]
