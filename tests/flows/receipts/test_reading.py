"""From a file to fields, with an engine that says what the test wants."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from flows.clients.ocr.cached import CachedReader
from flows.clients.ocr.upright import read_upright
from flows.generator.receipts import DAMAGES, draw_receipts
from flows.receipts.evaluation import figures_of, merchant_likeness, score_folder
from flows.receipts.labels import labelled_images
from flows.receipts.reading import as_object, read_file
from models_ml.receipts.model import load_folder
from models_ml.receipts.page import Page
from models_ml.receipts.reader import Reader
from tests.models_ml.receipts.papers import paper

TEXT = """
UNITED HARDWARE SDN BHD
NO. 5, JALAN BESAR
Date: 24/03/2018 18:23
HAMMER  12.00
NAILS  3.90
TOTAL  RM 15.90
CASH  20.00
CHANGE  4.10
"""


class Typed:
    """An engine that sees the same text on every upright picture, and rubbish on others."""

    name = "typed"

    def __init__(self, text: str = TEXT) -> None:
        self.text, self.asked = text, 0

    def read(self, image: npt.NDArray[np.uint8]) -> Page:
        self.asked += 1
        if image[0, 0, 0] == 1:  # the mark of the picture's upper left corner
            return paper(self.text)
        return paper("x\ny\nz\nw", confidence=0.3)


def upright() -> npt.NDArray[np.uint8]:
    pixels = np.full((400, 300, 3), 255, dtype=np.uint8)
    pixels[::8, 20:200] = 0
    pixels[0, 0] = 1
    return pixels


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(upright()).save(path)
    return path


def test_the_json_of_a_receipt_has_what_programs_need(photo: Path) -> None:
    found = as_object(read_file(photo, Typed(), load_folder(), Reader()))
    assert json.loads(json.dumps(found)) == found
    assert (found["merchant"], found["date"]) == ("UNITED HARDWARE SDN BHD", "2018-03-24")
    assert (found["total"], found["total_minor"], found["currency"]) == (15.9, 1590, "MYR")
    assert [item["amount"] for item in found["items"]] == [12.0, 3.9]
    assert found["confidence"]["total"] > 0.5
    assert found["seconds"] > 0


def test_a_bad_file_is_an_outcome_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no picture", encoding="utf-8")
    found = as_object(read_file(path, Typed(), load_folder(), Reader()))
    assert (found["status"], found["total"]) == ("failed", None)
    assert "neither a picture" in found["error"]


@pytest.mark.parametrize("size", [(80, 80), (100, 400)])
def test_a_small_picture_is_refused_before_the_engine_is_asked(size: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "small.png"
    Image.new("RGB", size, "white").save(path)
    engine = Typed()
    assert "too small" in read_file(path, engine, load_folder(), Reader()).refusal
    assert engine.asked == 0


def test_a_picture_of_nothing_is_refused_before_the_engine_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "wall.png"
    Image.new("RGB", (600, 800), "grey").save(path)
    engine = Typed()
    assert "no text" in read_file(path, engine, load_folder(), Reader()).refusal
    assert engine.asked == 0


def test_a_blurred_picture_is_refused_before_the_engine_is_asked(tmp_path: Path) -> None:
    shade = np.tile(np.linspace(0, 255, 800, dtype=np.uint8)[:, None, None], (1, 600, 3))
    path = tmp_path / "blurred.png"
    Image.fromarray(shade).save(path)
    engine = Typed()
    assert "blurred" in read_file(path, engine, load_folder(), Reader()).refusal
    assert engine.asked == 0


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_picture_is_read_the_right_way_up(quarters: int) -> None:
    engine = Typed()
    page = read_upright(engine, np.rot90(upright(), quarters))
    assert page.lines[0].text == "UNITED HARDWARE SDN BHD"
    assert engine.asked <= 4


def test_the_same_picture_is_recognised_once(tmp_path: Path) -> None:
    engine = Typed()
    cached = CachedReader(engine, tmp_path)
    first, second = cached.read(upright()), cached.read(upright())
    assert engine.asked == 1
    assert [line.text for line in first.lines] == [line.text for line in second.lines]


def test_both_formats_of_labels_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").touch()
    (tmp_path / "a" / "1.json").write_text(
        '{"company": "ACME SDN BHD", "date": "24-03-18", "total": "RM 1,234.5"}', encoding="utf-8"
    )
    (tmp_path / "labels.csv").write_text(
        "image,merchant,date,items,total,currency\nd.jpg,aldi,2020-04-25,12,10.9,EUR\n", encoding="utf-8"
    )
    (sroie,) = labelled_images(tmp_path / "a")
    (german,) = labelled_images(tmp_path)
    assert (sroie.merchant, sroie.day, sroie.total_minor) == ("ACME SDN BHD", date(2018, 3, 24), 123450)
    assert (german.merchant, german.day, german.total_minor) == ("aldi", date(2020, 4, 25), 1090)
    assert (sroie.items, german.items) == (None, 12)


def test_figures_count_what_is_right_and_what_is_sure(photo: Path) -> None:
    photo.with_suffix(".json").write_text(
        '{"company": "UNITED HARDWARE SDN. BHD.", "date": "24/03/2018", "total": "15.90"}', encoding="utf-8"
    )
    figures = figures_of(list(score_folder(labelled_images(photo.parent), Typed(), load_folder(), Reader())))
    assert (figures["receipts"], figures["total_exact"], figures["date_exact"]) == (1.0, 1.0, 1.0)
    assert figures["merchant_exact"] == figures["merchant_fuzzy"] == figures["all_three"] == 1.0
    assert figures["wrong_totals_when_sure"] == 0.0
    assert figures["items_proven"] == 1.0
    assert "items_right" not in figures, "the label tells none"


@pytest.mark.parametrize(("told", "right"), [(2, 1.0), (3, 0.0)])
def test_items_are_right_when_as_many_make_the_total(photo: Path, told: int, right: float) -> None:
    table = f"image,merchant,date,items,total\n{photo.name},UNITED HARDWARE,2018-03-24,{told},15.90\n"
    (photo.parent / "labels.csv").write_text(table, encoding="utf-8")
    figures = figures_of(list(score_folder(labelled_images(photo.parent), Typed(), load_folder(), Reader())))
    assert figures["items_right"] == right


def test_names_are_compared_without_their_punctuation() -> None:
    assert merchant_likeness("MR.D.I.Y.(M) SDN BHD", "MR D.I.Y. (M) SDN. BHD.") >= 85
    assert merchant_likeness("Rossmann GmbH", "rossmann") == 100
    assert merchant_likeness("TAMAN BERKELEY", "99 SPEED MART S/B") < 85
    assert merchant_likeness("", "aldi") == 0


def test_the_same_seed_draws_the_same_receipts(tmp_path: Path) -> None:
    draw_receipts(tmp_path / "one", 1, 5, ("bg",))
    draw_receipts(tmp_path / "two", 1, 5, ("bg",))
    for kind in DAMAGES:
        one, two = ([*sorted((tmp_path / name / kind).iterdir())] for name in ("one", "two"))
        assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    (label,) = labelled_images(tmp_path / "one" / "clean")
    assert label.currency == "BGN"
    assert label.total_minor
