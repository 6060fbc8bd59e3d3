"""How well drawn receipts are read by kind of damage and by language."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from flows.generator.receipts import draw_receipts
from flows.progress import report
from flows.receipts.evaluation import Scored, figures_of, score_folder
from flows.receipts.labels import LabelledImage, labelled_images
from flows.receipts.reading import default_reader

if TYPE_CHECKING:
    from flows.clients.ocr.protocol import TextReader
    from models_ml.receipts.model import ReceiptModel

#: The figures of a row, in the order of their columns.
FIGURES = ("total_exact", "date_exact", "merchant_fuzzy", "all_three", "coverage", "wrong_totals_when_sure")


def damage_figures(
    readers: dict[str, TextReader],
    model: ReceiptModel,
    *,
    count: int,
    seed: int,
    languages: tuple[str, ...] = ("en", "bg", "de"),
) -> list[dict[str, float | str]]:
    """Draw ``count`` receipts under each kind of damage, read them, and give a row a kind and a language.

    ``readers`` are those of ``text_readers``: each receipt is read as its country's people send it.
    """
    scored: list[tuple[str, str, Scored]] = []
    with tempfile.TemporaryDirectory() as folder:
        drawn = draw_receipts(Path(folder), count, seed, languages)
        for kind in drawn.kinds:
            labels = labelled_images(Path(folder) / kind)
            for label in labels:
                scored.append((kind, _country(label), _read(label, readers, model)))
                report("receipts", len(scored), drawn.receipts)
    return list(_rows(scored))


def as_markdown(rows: list[dict[str, float | str]]) -> str:
    """The rows as a table of a guide."""
    lines = ["| damage | country | receipts | " + " | ".join(FIGURES).replace("_", " ") + " |"]
    lines.append("|---" * (3 + len(FIGURES)) + "|")
    for row in rows:
        figures = " | ".join(f"{float(row[name]):.2f}" for name in FIGURES)
        lines.append(f"| {row['damage']} | {row['country']} | {int(float(row['receipts']))} | {figures} |")
    return "\n".join(lines)


def _read(label: LabelledImage, readers: dict[str, TextReader], model: ReceiptModel) -> Scored:
    country = _country(label)
    about = default_reader(country)
    return next(iter(score_folder([label], readers.get(country, readers[""]), model, about)))


def _country(label: LabelledImage) -> str:
    """The country in a drawn file's name ("0003-de_DE.jpg")."""
    return label.path.stem.rpartition("_")[2]


def _rows(scored: list[tuple[str, str, Scored]]) -> Iterator[dict[str, float | str]]:
    kinds = list(dict.fromkeys(kind for kind, _, _ in scored))
    countries = sorted({country for _, country, _ in scored})
    for kind in kinds:
        yield _row(kind, "all", [one for told, _, one in scored if told == kind])
    for country in countries:
        yield _row("all", country, [one for _, told, one in scored if told == country])


def _row(kind: str, country: str, scored: list[Scored]) -> dict[str, float | str]:
    return {"damage": kind, "country": country, **figures_of(scored)}
