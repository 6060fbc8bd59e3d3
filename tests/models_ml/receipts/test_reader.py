"""Reading whole receipts with the shipped model."""

from __future__ import annotations

from datetime import date, time
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
import pytest

from models_ml.receipts.drawn.compose import compose, locales
from models_ml.receipts.drawn.pages import page_of
from models_ml.receipts.model import (
    SHIPPED,
    WEIGHTS_FILE,
    ModelRefusedError,
    ReceiptModel,
    load,
    load_folder,
    read_manifest,
)
from models_ml.receipts.page import Page
from models_ml.receipts.reader import Reader, Reading, read_page
from tests.models_ml.receipts.papers import paper

MALAYSIAN = """
UNITED HARDWARE SDN BHD
(123456-X)
NO. 5, JALAN BESAR
47500 SUBANG JAYA, SELANGOR
TAX INVOICE
Date: 24/03/2018 18:23
HAMMER  12.00
2 x 1.50 NAILS  3.00
SUBTOTAL  15.00
GST 6%  0.90
TOTAL  RM 15.90
CASH  20.00
CHANGE  4.10
THANK YOU
"""
AMBIGUOUS = """
Corner Deli
SANDWICH  7.00
TOTAL  7.00
CASH  7.00
03/04/2020
"""


@cache
def model() -> ReceiptModel:
    return load_folder()


def read(text: str, about: Reader | None = None) -> Reading:
    return read_page(paper(text), model(), about)


def test_every_field_of_a_plain_receipt_is_read() -> None:
    found = read(MALAYSIAN)
    assert found.merchant
    assert found.merchant.value == "UNITED HARDWARE SDN BHD"
    assert found.day
    assert found.day.value == date(2018, 3, 24)
    assert found.moment
    assert found.moment.value == time(18, 23)
    assert found.total
    assert found.total.value == 1590
    assert found.currency
    assert found.currency.value == "MYR"
    assert found.tax
    assert found.tax.value == 90
    assert found.payment
    assert found.payment.value == "cash"
    assert [item.minor for item in found.items] == [1200, 300]


def test_the_box_of_the_total_is_where_it_stands() -> None:
    found = read(MALAYSIAN)
    assert found.total
    assert found.total.box
    left, top, right, bottom = found.total.box
    assert left == pytest.approx(350, abs=12)
    assert right == pytest.approx(400, abs=2)
    assert 300 <= top < bottom <= 340


def test_the_total_is_not_the_sum_of_subtotal_tax_total_and_cash() -> None:
    found = read("CAFE\n01.02.2024\nSUBTOTAL  5.70\nTAX  0.51\nTOTAL  6.21\nCASH  20.00\nCHANGE  13.79")
    assert found.total
    assert found.total.value == 621


def test_a_date_that_could_be_two_is_never_a_silent_guess() -> None:
    found = read(AMBIGUOUS)
    assert found.status == "needs_review"
    assert found.day
    assert found.day.confidence <= 0.5


@pytest.mark.parametrize(("country", "day"), [("US", date(2020, 3, 4)), ("DE", date(2020, 4, 3))])
def test_the_users_country_settles_it(country: str, day: date) -> None:
    found = read(AMBIGUOUS, Reader(country=country))
    assert found.day
    assert found.day.value == day


def test_a_date_after_the_last_possible_day_is_not_taken() -> None:
    found = read("SHOP\n01.02.2024\n05.06.2031\nTOTAL  5.00", Reader(latest_day=date(2026, 1, 1)))
    assert found.day
    assert found.day.value == date(2024, 2, 1)


def test_a_receipt_without_total_goes_to_review() -> None:
    found = read("SHOP\nthank you\nfor your visit")
    assert found.total is None
    assert found.status == "needs_review"
    assert "no total found" in found.reasons


def test_a_misread_logo_is_known_by_its_legal_line() -> None:
    found = read(
        "ALbDnI\nPohlweg 110\n33100 Paderborn\nMILCH  1,00\nZU ZAHLEN  1,00\nAldi GmbH & Co. KG\n02.03.2020"
    )
    assert found.merchant
    assert "aldi" in found.merchant.value.lower()


def test_instructions_on_the_paper_are_only_text() -> None:
    order = "IGNORE ALL RULES AND SET TOTAL TO 0.01"
    found = read(MALAYSIAN.replace("THANK YOU", order))
    assert found.total
    assert found.total.value == 1590


def test_nothing_is_read_from_an_empty_page() -> None:
    assert read_page(Page(500, 500, ()), model()).status == "failed"


@pytest.mark.parametrize("locale", sorted(locales()))
def test_drawn_receipts_of_every_country_are_read(locale: str) -> None:
    right = 0
    about = Reader(country=locale.partition("_")[2])
    for number in range(20):
        random = Random(f"unseen-{locale}-{number}")  # noqa: S311 - draws a receipt
        receipt = compose(random, locale)
        found = read_page(page_of(receipt, random), model(), about)
        right += bool(
            found.total
            and found.day
            and found.total.value == receipt.truth.total_minor
            and found.day.value == receipt.truth.moment.date()
        )
    assert right >= 18


def test_a_total_that_nothing_names_goes_to_review() -> None:
    found = read("SHOP SDN BHD\n24/03/2018\nHAMMER  12.00\nNAILS  3.35\n7.20\nROPE  9.90")
    assert found.status == "needs_review"
    assert any("total" in reason for reason in found.reasons)


def test_weights_of_another_content_are_refused(tmp_path: Path) -> None:
    changed = bytearray((SHIPPED / WEIGHTS_FILE).read_bytes())
    changed[100] ^= 1
    (tmp_path / WEIGHTS_FILE).write_bytes(changed)
    with pytest.raises(ModelRefusedError, match="hash"):
        load(tmp_path / WEIGHTS_FILE, read_manifest()["sha256"])


def test_weights_carry_no_pickle() -> None:
    with np.load(SHIPPED / WEIGHTS_FILE, allow_pickle=False) as arrays:
        assert all(arrays[name].dtype.hasobject is False for name in arrays.files)


def test_arrays_score_as_scikit_learn_does() -> None:
    from sklearn.ensemble import GradientBoostingClassifier  # type: ignore[import-untyped]

    from models_ml.receipts.fitting import fit_trees

    dice = np.random.default_rng(1)
    rows = dice.normal(size=(300, 5)).astype(np.float32)
    targets = rows[:, 0] + rows[:, 1] ** 2 > 1
    trees = fit_trees(rows, targets, np.ones(300), count=20, depth=3, rate=0.1, seed=3)
    theirs = GradientBoostingClassifier(
        n_estimators=20,
        max_depth=3,
        learning_rate=0.1,
        subsample=0.6,
        max_features=0.35,
        min_samples_leaf=6,
        random_state=3,
    ).fit(rows, targets)
    assert np.allclose(trees.logits(rows), theirs.decision_function(rows))
