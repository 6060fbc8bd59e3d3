"""Drawn receipts as an OCR engine might have seen them: places on an image, some letters misread."""

from __future__ import annotations

import math
from random import Random

from models_ml.receipts.drawn.compose import DrawnReceipt, PrintRow
from models_ml.receipts.page import Page, Quad, TextLine

_WIDTH_PER_CHARACTER, _HEIGHT_PER_ROW = 11.0, 22.0
_MARGIN = 20.0
_CONFUSED = {
    "0": "OD", "O": "0", "1": "lI7", "I": "1l", "l": "1I", "5": "S6", "S": "5", "8": "B3",
    "6": "5G", "3": "8", "7": "1",
    "Ü": "U", "ü": "u", "Ä": "A", "ö": "o", "ß": "B", ":": ".", ".": " ", ",": ".", "М": "M", "С": "C",
}  # fmt: skip


def page_of(receipt: DrawnReceipt, random: Random, noise: float = 0.004) -> Page:
    """The page of a receipt; ``noise`` is the share of letters misread (digits of amounts a tenth of it)."""
    angle = math.radians(random.gauss(0, 1.2))
    lines: list[TextLine] = []
    top = _MARGIN
    for row in receipt.rows:
        top += row.gap * _HEIGHT_PER_ROW
        for text, column in _fragments(row, random):
            lines.append(_line(text, column, top, row.scale, angle, random, noise))
        top += row.scale * _HEIGHT_PER_ROW
    width = int(receipt.columns * _WIDTH_PER_CHARACTER + 2 * _MARGIN)
    return Page(width, int(top + _MARGIN), tuple(lines))


def _fragments(row: PrintRow, random: Random) -> list[tuple[str, float]]:
    """Cells as engines cut them: at wide gaps always, at a single space now and then."""
    pieces = []
    for cell in row.cells:
        begin = 0
        for place, letter in enumerate(cell.text):
            wide = cell.text[place : place + 2] == "  "
            if letter == " " and (wide or random.random() < 0.02):  # noqa: PLR2004
                pieces.append((cell.text[begin:place], cell.column + begin * row.scale))
                begin = place + 1
        pieces.append((cell.text[begin:], cell.column + begin * row.scale))
    return [
        (text.strip(), at + (len(text) - len(text.lstrip())) * row.scale)
        for text, at in pieces
        if text.strip()
    ]


def _line(  # noqa: PLR0913, PLR0917 - one argument per circumstance
    text: str, column: float, top: float, scale: float, angle: float, random: Random, noise: float
) -> TextLine:
    left = _MARGIN + column * _WIDTH_PER_CHARACTER
    right = left + len(text) * _WIDTH_PER_CHARACTER * scale
    top += random.gauss(0, 1.0)
    bottom = top + _HEIGHT_PER_ROW * scale * random.uniform(0.85, 1.05)
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    cosine, sine = math.cos(angle), math.sin(angle)
    turned = [(x * cosine - y * sine, x * sine + y * cosine) for x, y in corners]
    quad: Quad = tuple(value for corner in turned for value in corner)  # type: ignore[assignment]
    seen = "".join(_misread(letter, random, noise) for letter in text)
    wrong = sum(a != b for a, b in zip(text, seen, strict=False))
    sure = max(0.5, min(1.0, random.gauss(0.985, 0.015) - 0.04 * wrong))
    return TextLine(seen or text, quad, sure)


def _misread(letter: str, random: Random, noise: float) -> str:
    if random.random() > (noise * 0.1 if letter.isdigit() else noise):
        return letter
    others = _CONFUSED.get(letter)
    return random.choice(others) if others else letter.swapcase() if random.random() < 0.8 else ""  # noqa: PLR2004
