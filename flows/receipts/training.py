"""Labelled images become pages that the reader of fields is trained on."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from flows.progress import report
from flows.receipts.labels import labelled_images
from flows.receipts.opening import open_pages
from flows.receipts.reading import recognised
from models_ml.receipts.page import Page
from models_ml.receipts.train import Labelled, letters
from warehouse.engine import open_warehouse
from warehouse.repositories import receipts

if TYPE_CHECKING:
    from flows.clients.ocr.protocol import TextReader
    from warehouse.settings import Settings

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


def corrected_receipts(settings: Settings) -> list[Labelled]:
    """The recognised pages of receipts that users corrected or confirmed, with what is true of them."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        found = receipts.corrected_pages(connection)
    return [
        Labelled(
            Page.from_dict(page),
            truth["merchant"],
            date.fromisoformat(truth["date"]),
            int(truth["total_minor"]),
            letters(truth["merchant"])[:_SAME_COMPANY],
        )
        for page, truth in found
    ]
