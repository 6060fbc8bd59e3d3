"""Cyrillic by Tesseract, where its program and the language's data are installed.

The local engine finds the lines, Tesseract reads them again: cut out, brought to one height and set below
each other, so that one run reads them all.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from flows.clients.ocr.local import LEAST_SURE
from flows.clients.ocr.protocol import OcrError
from models_ml.receipts.page import Page, TextLine

if TYPE_CHECKING:
    from PIL import Image

#: Height of a line's letters in pixels at which Tesseract reads best, and the paper between two lines.
_HEIGHT, _GAP = 40, 24
_WIDEST = 2400
_SECONDS = 60
#: A line is taken from Tesseract when so many of its letters are Cyrillic, or it is as sure of it.
_CYRILLIC = 0.3
_FIRST_CYRILLIC = "\u0400"
_COMPANY = re.compile(r"(?<![\w\]])([EЕ]?)[0OО]{2}[ДD\]]$")
_LOOKALIKES = str.maketrans(
    "ABCEHKMNOPTXYaceknoprtuxy",
    "АВСЕНКМИОРТХУасекпоргтиху",
)
#: Tesseract's languages of the countries whose script the local engine does not know.
LANGUAGES = {"BG": "bul", "MK": "mkd", "RS": "srp", "UA": "ukr", "BY": "bel", "RU": "rus"}


class LineFinder(Protocol):
    """An engine that sees where lines stand, whatever their script."""

    name: str

    def read_all(self, image: npt.NDArray[np.uint8]) -> Page:
        """Every line of an RGB image, also those that it cannot read."""


@dataclass
class TesseractReader:
    """Lines found by ``finder``, read in ``language`` (Tesseract's code) where they are Cyrillic."""

    finder: LineFinder
    language: str

    @property
    def name(self) -> str:
        """Both engines and the language."""
        return f"{self.finder.name}+tesseract-{self.language}"

    def read(self, image: npt.NDArray[np.uint8]) -> Page:
        """The page with Cyrillic lines read again; raises OcrError when Tesseract does not answer."""
        page = self.finder.read_all(image)
        if not page.lines:
            return page
        sheet, tops = _sheet(image, page)
        read = _read_sheet(sheet, self.language, tops)
        lines = (_better(line, read.get(number)) for number, line in enumerate(page.lines))
        return Page(page.width, page.height, tuple(line for line in lines if line.confidence >= LEAST_SURE))


@cache
def has_language(language: str) -> bool:
    """Whether Tesseract is installed with a language's data."""
    program = shutil.which("tesseract")
    if not program:
        return False
    listed = subprocess.run(
        [program, "--list-langs"], capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    return language in listed.stdout.split()


def _sheet(image: npt.NDArray[np.uint8], page: Page) -> tuple[bytes, list[int]]:
    """All lines below each other as a PNG, with the top of each."""
    from PIL import Image  # noqa: PLC0415

    picture = Image.fromarray(image)
    strips = [_strip(picture, line) for line in page.lines]
    width = max(strip.width for strip in strips) + 2 * _GAP
    sheet = Image.new("L", (width, (_HEIGHT + _GAP) * len(strips) + _GAP), 255)
    tops = [_GAP + (_HEIGHT + _GAP) * number for number in range(len(strips))]
    for strip, top in zip(strips, tops, strict=True):
        sheet.paste(strip, (_GAP, top))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue(), tops


def _strip(picture: Image.Image, line: TextLine) -> Image.Image:
    from PIL import Image  # noqa: PLC0415

    x = line.quad
    width = max(1.0, float(np.hypot(x[2] - x[0], x[3] - x[1])))
    height = max(1.0, float(np.hypot(x[6] - x[0], x[7] - x[1])))
    size = (min(_WIDEST, max(1, round(width * _HEIGHT / height))), _HEIGHT)
    corners = (x[0], x[1], x[6], x[7], x[4], x[5], x[2], x[3])  # as Pillow goes round: left, down, right, up
    return picture.convert("L").transform(size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)


def _read_sheet(sheet: bytes, language: str, tops: list[int]) -> dict[int, tuple[str, float]]:
    """Text and confidence (0 to 1) of each line of a sheet."""
    command = ["tesseract", "stdin", "stdout", "-l", f"{language}+eng", "--psm", "6", "tsv"]
    try:
        done = subprocess.run(command, input=sheet, capture_output=True, check=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        message = f"Tesseract did not answer: {error}"
        raise OcrError(message) from error
    words: dict[int, list[tuple[str, float]]] = {}
    for row in csv.DictReader(io.StringIO(done.stdout.decode()), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row["text"] and row["text"].strip() and float(row["conf"]) >= 0:
            middle = int(row["top"]) + int(row["height"]) / 2
            nearest = min(range(len(tops)), key=lambda number: abs(tops[number] + _HEIGHT / 2 - middle))
            words.setdefault(nearest, []).append((row["text"], float(row["conf"]) / 100))
    return {number: _joined(found) for number, found in words.items()}


def _joined(words: list[tuple[str, float]]) -> tuple[str, float]:
    return " ".join(text for text, _ in words), sum(sure for _, sure in words) / len(words)


def _better(line: TextLine, again: tuple[str, float] | None) -> TextLine:
    """Tesseract's text for a Cyrillic line; the first engine's for Latin and for numbers it guesses at."""
    if again is None:
        return line
    text, sure = again
    if sure < LEAST_SURE and _is_of_digits(line.text):
        return line
    letters = [letter for letter in text if letter.isalpha()]
    cyrillic = sum(_FIRST_CYRILLIC <= letter <= "\u04ff" for letter in letters)
    if letters and cyrillic >= _CYRILLIC * len(letters):
        return TextLine(_in_cyrillic(text), line.quad, sure)
    return line


def _is_of_digits(text: str) -> bool:
    return sum(map(str.isdigit, text)) > sum(map(str.isalpha, text))


def _in_cyrillic(text: str) -> str:
    """A Cyrillic line with Latin words in its own letters where all theirs look like such: "KB. Лозенец".

    A limited company's letters at the end are no figures ("00Д", "E00]").
    """
    formed = _COMPANY.sub(lambda form: "ЕООД" if form.group(1) else "ООД", text)
    return re.sub(r"(?<!\w)[^\W\d_]+(?!\w)", lambda word: _as_cyrillic(word.group()), formed)


def _as_cyrillic(word: str) -> str:
    turned = word.translate(_LOOKALIKES)
    return turned if all(letter >= _FIRST_CYRILLIC for letter in turned) else word
