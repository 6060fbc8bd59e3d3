"""The engine of this machine, with one of our own behind it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pytest

from flows.clients.ocr.local import LocalReader

Pixels = npt.NDArray[np.uint8]


@dataclass
class Found:
    boxes: npt.NDArray[np.float32] | None
    txts: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()


@dataclass
class Engine:
    """Reads black bars as lines, and nothing of those that are as wide as a Cyrillic word."""

    heights: list[int] = field(default_factory=list)

    def __call__(self, pixels: Pixels, *, use_rec: bool, text_score: float = 0.5) -> Found:
        self.heights.append(pixels.shape[0])
        dark = (pixels[:, 20, 0] < 128).astype(int)
        starts: list[int] = np.flatnonzero(np.diff(dark, prepend=0) == 1).tolist()
        boxes: list[list[list[int]]] = [
            [[20, y], [120 if self.is_known(pixels, y) else 160, y], [160, y + 10], [20, y + 10]]
            for y in starts
        ]
        kept = [box for box in boxes if not use_rec or box[1][0] == 120]
        texts = tuple(f"{int(pixels[box[0][1], 20, 1])}" for box in kept)
        sure = tuple(0.4 if text == "99" else 0.9 for text in texts)
        chosen = [n for n, value in enumerate(sure) if not use_rec or value >= text_score]
        if not chosen:
            return Found(None)
        places = np.array([kept[n] for n in chosen], dtype=np.float32)
        return Found(places, tuple(texts[n] for n in chosen), tuple(sure[n] for n in chosen))

    @staticmethod
    def is_known(pixels: Pixels, row: int) -> bool:
        return bool(pixels[row, 150, 0] > 128)


def paper(height: int, bars: dict[int, int], *, unknown: tuple[int, ...] = ()) -> Pixels:
    """White paper of 200 pixels' width with a bar at each height, whose green tells what it says."""
    pixels = np.full((height, 200, 3), 255, dtype=np.uint8)
    for top, value in bars.items():
        pixels[top : top + 10, 20:120] = (0, value, 0)
    for top in unknown:
        pixels[top : top + 10, 20:160] = (0, 7, 0)
    return pixels


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def reader(engine: Engine) -> LocalReader:
    reader = LocalReader()
    reader.__dict__["_engine"] = engine
    return reader


def test_every_line_of_a_long_paper_is_read_once_where_it_stands(reader: LocalReader, engine: Engine) -> None:
    bars = {top: 1 + number for number, top in enumerate(range(5, 1980, 33))}
    found = reader.read(paper(2000, bars))
    assert [line.text for line in found.lines] == [str(value) for value in bars.values()]
    assert [line.box[1] for line in found.lines] == [float(top) for top in bars]
    assert max(engine.heights) <= 400, "parts of two widths, in which letters are large enough"


def test_an_ordinary_paper_is_read_at_once(reader: LocalReader, engine: Engine) -> None:
    assert len(reader.read(paper(700, {50: 3})).lines) == 1
    assert engine.heights == [700]


def test_lines_in_an_unknown_script_are_told_only_where_they_are_asked_for(reader: LocalReader) -> None:
    image = paper(300, {50: 3, 200: 99}, unknown=(100,))
    assert [line.text for line in reader.read(image).lines] == ["3"]
    seen = [(line.text, line.box[1]) for line in reader.read_all(image).lines]
    assert seen == [("3", 50), ("99", 200), ("", 100)]
