"""Draw receipts as photographs: paper, light and wear, with the truth about every one in a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from models_ml.receipts.drawn.compose import DrawnReceipt, compose, locales

LETTER = 18  # pixels of a letter's width on clean paper
_FONT = "DejaVuSansMono.ttf"
_LINE = 1.25  # height of a row over the size of its letters
_FONT_SHARE = 0.602  # a letter's width over the size of this font
_MARGIN = 30
_PAPER, _TABLE, _INK = 246, 105, 35
_JPEG_QUALITY = 82

Grey = npt.NDArray[np.float32]
Damage = Callable[[Grey, Random], Grey]


@dataclass(frozen=True, slots=True)
class DrawnFiles:
    """What was written."""

    folder: Path
    receipts: int
    kinds: tuple[str, ...]


def draw_receipts(
    out: Path, count: int, seed: int, languages: tuple[str, ...] = ("en", "bg", "de")
) -> DrawnFiles:
    """Write ``count`` receipts for each kind of damage, a folder a kind, with ``labels.csv`` and the truth.

    The same seed gives the same receipts under every kind of damage, so that kinds can be compared.
    """
    chosen = sorted(name for name, words in locales().items() if words["language"] in languages)
    for kind, damage in DAMAGES.items():
        _draw_kind(out / kind, count, seed, chosen, damage)
    return DrawnFiles(out, count * len(DAMAGES), tuple(DAMAGES))


def render(receipt: DrawnReceipt) -> Grey:
    """The receipt on clean paper: brightness 0 to 255, height x width."""
    height = int(sum((row.scale + row.gap) for row in receipt.rows) * _row_height()) + 2 * _MARGIN
    width = receipt.columns * LETTER + 2 * _MARGIN
    paper = Image.new("L", (width, height), _PAPER)
    pen = ImageDraw.Draw(paper)
    top = float(_MARGIN)
    for row in receipt.rows:
        top += row.gap * _row_height()
        for cell in row.cells:
            pen.text((_MARGIN + cell.column * LETTER, top), cell.text, fill=_INK, font=_font(row.scale))
        top += row.scale * _row_height()
    return np.asarray(paper, dtype=np.float32)


def _skew(paper: Grey, random: Random) -> Grey:
    angle = random.choice([-1, 1]) * random.uniform(2, 7)
    picture = _picture(paper).rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=_TABLE)
    return np.asarray(picture, dtype=np.float32)


def _noise(paper: Grey, random: Random) -> Grey:
    dice = np.random.default_rng(random.getrandbits(32))
    return paper + dice.normal(0, 22, paper.shape).astype(np.float32)


def _shadow(paper: Grey, random: Random) -> Grey:
    height, width = paper.shape
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    edge = across * random.uniform(-1, 1) + down * random.uniform(0.3, 1)
    dark = 1 - 0.6 / (1 + np.exp(-(edge - np.median(edge)) * 12))
    return (paper * dark).astype(np.float32)


def _thermal(paper: Grey, random: Random) -> Grey:
    """Ink that faded in the sun, more so in bands."""
    height = paper.shape[0]
    bands = 0.5 + 0.25 * np.sin(np.linspace(0, random.uniform(2, 6) * np.pi, height))
    fading = np.clip(0.45 + 0.45 * bands, 0, 0.85)[:, None]
    return (paper + (_PAPER - paper) * fading).astype(np.float32)


def _folds(paper: Grey, random: Random) -> Grey:
    """Creases that bend the light and move what lies below them."""
    folded = paper.copy()
    for _ in range(random.randint(2, 4)):
        row = random.randrange(folded.shape[0] // 8, folded.shape[0] * 7 // 8)
        folded[row:] = np.roll(folded[row:], random.randint(-5, 5), axis=1)
        folded[row:] *= random.uniform(0.82, 1.0)
        folded[max(row - 2, 0) : row + 2] *= 0.72
    return folded


def _blur(paper: Grey, random: Random) -> Grey:
    blurred = _picture(paper).filter(ImageFilter.GaussianBlur(random.uniform(1.4, 2.2)))
    return np.asarray(blurred, dtype=np.float32)


def _small(paper: Grey, random: Random) -> Grey:
    share = random.uniform(0.4, 0.5)
    picture = _picture(paper)
    small = picture.resize(
        (int(picture.width * share), int(picture.height * share)), Image.Resampling.BILINEAR
    )
    return np.asarray(small, dtype=np.float32)


def _sideways(paper: Grey, random: Random) -> Grey:
    return np.rot90(paper, random.choice([1, 2, 3])).copy()


def _phone(paper: Grey, random: Random) -> Grey:
    """All that a hurried photo has, mildly."""
    tilted = _skew(paper, random)
    shaded = _shadow(tilted, random)
    soft = np.asarray(_picture(shaded).filter(ImageFilter.GaussianBlur(0.8)), dtype=np.float32)
    return _noise(soft, random) * 0.5 + soft * 0.5


DAMAGES: dict[str, Damage] = {
    "clean": lambda paper, _: paper,
    "skew": _skew,
    "noise": _noise,
    "shadow": _shadow,
    "thermal": _thermal,
    "folds": _folds,
    "blur": _blur,
    "small": _small,
    "sideways": _sideways,
    "phone": _phone,
}


def _draw_kind(folder: Path, count: int, seed: int, names: list[str], damage: Damage) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(count):
        random = Random(f"photo-{seed}-{number}")  # noqa: S311 - for drawing, not for secrets
        receipt = compose(random, names[number % len(names)])
        image = f"{number:04d}-{receipt.truth.locale}.jpg"
        worn = np.clip(damage(render(receipt), random), 0, 255)
        _picture(worn).convert("RGB").save(folder / image, "JPEG", quality=_JPEG_QUALITY)
        rows.append(_label(image, receipt))
        _write_truth(folder / f"{number:04d}.truth.json", receipt)
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _label(image: str, receipt: DrawnReceipt) -> dict[str, str]:
    truth = receipt.truth
    return {
        "image": image,
        "merchant": truth.merchant,
        "date": truth.moment.date().isoformat(),
        "items": str(len(truth.items)),
        "total": f"{truth.total_minor // 100}.{truth.total_minor % 100:02d}",
        "currency": truth.currency,
    }


def _write_truth(path: Path, receipt: DrawnReceipt) -> None:
    truth = receipt.truth
    value = {
        "merchant": truth.merchant,
        "moment": truth.moment.isoformat(),
        "currency": truth.currency,
        "locale": truth.locale,
        "total_minor": truth.total_minor,
        "tax_minor": truth.tax_minor,
        "payment": truth.payment,
        "items": [
            {"name": item.name, "quantity": item.quantity, "unit_minor": item.unit_minor, "minor": item.minor}
            for item in truth.items
        ],
    }
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _picture(paper: Grey) -> Image.Image:
    return Image.fromarray(np.clip(paper, 0, 255).astype(np.uint8), "L")


def _row_height() -> float:
    return LETTER / _FONT_SHARE * _LINE


@cache
def _font(scale: float) -> ImageFont.FreeTypeFont:
    """The font that matplotlib carries: one width for all letters, Latin and Cyrillic."""
    path = files("matplotlib") / "mpl-data" / "fonts" / "ttf" / _FONT
    return ImageFont.truetype(str(path), round(LETTER / _FONT_SHARE * scale))
