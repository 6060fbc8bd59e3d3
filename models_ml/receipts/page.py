"""What an OCR engine saw: lines of text with their place on the image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Corners in pixels, clockwise from the top left of the text as it is read.
Quad = tuple[float, float, float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line or fragment of text; confidence 0 to 1 is the engine's own."""

    text: str
    quad: Quad
    confidence: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The upright rectangle around the corners: left, top, right, bottom, in pixels."""
        xs, ys = self.quad[0::2], self.quad[1::2]
        return min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True, slots=True)
class Page:
    """One image's text; width and height in pixels of the image that was read."""

    width: int
    height: int
    lines: tuple[TextLine, ...]

    def as_dict(self) -> dict[str, Any]:
        """The page as JSON can say it."""
        return {
            "width": self.width,
            "height": self.height,
            "lines": [
                [line.text, [round(at, 1) for at in line.quad], round(line.confidence, 4)]
                for line in self.lines
            ],
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Page:
        """The page that ``as_dict`` wrote."""
        lines: Sequence[Any] = value["lines"]
        return cls(
            int(value["width"]),
            int(value["height"]),
            tuple(TextLine(str(text), tuple(quad), float(sure)) for text, quad, sure in lines),
        )
