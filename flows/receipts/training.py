"""Labelled images become pages that the reader of fields is trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flows.progress import report
from flows.receipts.labels import labelled_images
from flows.receipts.opening import open_pages
from flows.receipts.reading import recognised
from models_ml.receipts.train import Labelled, letters

if TYPE_CHECKING:
    from flows.clients.ocr.protocol import TextReader

#: Receipts whose shops begin with so many equal letters are kept in one fold.
_SAME_COMPANY = 8


def labelled_pages(folder: Path, ocr: TextReader) -> list[Labelled]:
    """The recognised pages of a folder with their labels."""
    labels = labelled_images(folder)
    pages = []
    for number, label in enumerate(labels, 1):
        page = recognised(open_pages(label.path), ocr, label.path.name)
        group = letters(label.merchant)[:_SAME_COMPANY]
        pages.append(Labelled(page, label.merchant, label.day, label.total_minor, group))
        report(folder.name, number, len(labels))
    return pages
