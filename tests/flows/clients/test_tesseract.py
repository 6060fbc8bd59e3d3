"""Tesseract behind the local engine, with a program of our own in its place."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest

from flows.clients.ocr.choice import missing_script, text_readers
from flows.clients.ocr.protocol import OcrError
from flows.clients.ocr.tesseract import TesseractReader, _better, has_language
from models_ml.receipts.page import Page, TextLine
from warehouse.engine import Warehouse

PICTURE = np.full((100, 300, 3), 255, dtype=np.uint8)
PROGRAM = """#!/bin/sh
if [ "$1" = "--list-langs" ]; then echo "List of available languages (2):"; echo bul; echo eng; exit 0; fi
cat > {folder}/sheet.png
printf 'level\\ttop\\theight\\tconf\\ttext\\n'
printf '5\\t26\\t36\\t96\\tОБЩА\\n5\\t26\\t36\\t94\\tСУМА\\n5\\t92\\t36\\t90\\t1Z.50\\n'
"""


class Finder:
    """A local engine that takes Cyrillic for Latin."""

    name = "local"

    def read_all(self, image: object) -> Page:
        assert image is not None
        lines = (("OBWA CYMA", 0.7, 10), ("12.50", 0.99, 50))
        return Page(
            300, 100, tuple(TextLine(t, (5, y, 105, y, 105, y + 20, 5, y + 20), c) for t, c, y in lines)
        )


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "tesseract"
    path.write_text(PROGRAM.format(folder=tmp_path), encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    has_language.cache_clear()
    return path


@pytest.mark.usefixtures("program")
def test_cyrillic_lines_are_tesseracts_and_numbers_stay_the_first_engines() -> None:
    page = TesseractReader(Finder(), "bul").read(PICTURE)
    assert [line.text for line in page.lines] == ["ОБЩА СУМА", "12.50"]
    assert page.lines[0].confidence == pytest.approx(0.95)
    assert page.lines[0].quad == Finder().read_all(PICTURE).lines[0].quad


@pytest.mark.parametrize(
    ("first", "again", "taken"),
    [
        ("30.08.24 19:17:32", ("з0:08-24119:1/432", 0.0), "30.08.24 19:17:32"),
        ("09.06.2019 . 12:19 PM", ("09:96:20199: 12 ПО 3PM", 0.32), "09.06.2019 . 12:19 PM"),
        ("(MAPKET CHLE)", ("(МАР? СНЛЕ", 0.4), "(МАР? СНЛЕ"),
        ("KAOE 00", ("ИЗГРЕВ КАФЕ 00]", 0.72), "ИЗГРЕВ КАФЕ ООД"),
        ("KAOE E00", ("ИЗГРЕВ КАФЕ Е00Д", 0.72), "ИЗГРЕВ КАФЕ ЕООД"),
        ("5.00", ("ХЛЯБ 2.00", 0.9), "ХЛЯБ 2.00"),
    ],
)
def test_who_is_believed(first: str, again: tuple[str, float], taken: str) -> None:
    assert _better(TextLine(first, (0,) * 8, 0.99), again).text == taken


@pytest.mark.usefixtures("program")
def test_installed_languages_are_known() -> None:
    assert has_language("bul")
    assert not has_language("ell")
    has_language.cache_clear()


def test_a_failing_program_is_an_error_of_the_engine(program: Path) -> None:
    program.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    with pytest.raises(OcrError, match="Tesseract"):
        TesseractReader(Finder(), "bul").read(PICTURE)


@pytest.mark.usefixtures("program")
def test_each_country_has_its_reader_and_all_share_one_engine(warehouse: Warehouse) -> None:
    readers = text_readers(warehouse.settings)
    bulgarian = readers["BG"]
    assert isinstance(bulgarian, TesseractReader)
    assert {id(bulgarian.finder)} == {id(readers[""])}
    assert "UA" not in readers
    has_language.cache_clear()


def test_a_script_that_nothing_reads_is_told() -> None:
    assert "tesseract-ocr-bul" in missing_script("bg", "rapidocr")
    assert missing_script("BG", "rapidocr+tesseract-bul") == ""
    assert missing_script("DE", "rapidocr") == ""
