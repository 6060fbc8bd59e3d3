"""Receipts with known fields: folders of images beside labels, in two formats."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from models_ml.receipts.dates import dates_in

_IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".pdf")


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """An image and what it says; None or empty is what the label does not tell."""

    path: Path
    merchant: str
    day: date | None
    total_minor: int | None
    currency: str = ""
    items: int | None = None  # lines that were bought


def labelled_images(folder: Path) -> list[LabelledImage]:
    """Images with a SROIE label (``NAME.json`` of company, date, total) or a row in ``labels.csv``."""
    table = folder / "labels.csv"
    found = list(_from_table(table)) if table.is_file() else list(_from_files(folder))
    return sorted(found, key=lambda one: one.path)


def _from_table(table: Path) -> Iterator[LabelledImage]:
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield LabelledImage(
                table.parent / row["image"],
                row.get("merchant", ""),
                _day(row.get("date", "")),
                _minor(row.get("total", "")),
                row.get("currency", ""),
                int(row["items"]) if row.get("items", "").isdigit() else None,
            )


def _from_files(folder: Path) -> Iterator[LabelledImage]:
    for image in folder.iterdir():
        label = image.with_suffix(".json")
        if image.suffix.lower() in _IMAGES and label.is_file():
            fields = json.loads(label.read_text(encoding="utf-8"))
            yield LabelledImage(
                image,
                fields.get("company", ""),
                _day(fields.get("date", "")),
                _minor(fields.get("total", "")),
            )


def _day(text: str) -> date | None:
    written = dates_in(text)
    return written[0].read("day") if written else None


def _minor(text: str) -> int | None:
    """Minor units of a label, which may leave out trailing zeros ("10.9") and carry a currency."""
    match = re.search(r"\d[\d,]*(?:\.(\d{1,2}))?", text)
    if not match:
        return None
    whole = match.group().split(".")[0].replace(",", "")
    return int(whole) * 100 + int((match.group(1) or "0").ljust(2, "0"))
