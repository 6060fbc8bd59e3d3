"""A language model's reading is held against the paper: agreed, proven, proposed, or not heard."""

from __future__ import annotations

from datetime import date

import pytest

from models_ml.receipts.choose import candidates_of
from models_ml.receipts.evidence import evidence
from models_ml.receipts.fields import Field, Head
from models_ml.receipts.hearing import AGREED, PROPOSED, heard
from models_ml.receipts.model import load_folder
from models_ml.receipts.reader import Reader, Reading, read_page
from models_ml.receipts.second_reading import SecondReading, Seen, question_of
from tests.models_ml.receipts.papers import paper

UNSURE_NAME = """
WELCOME TO OUR SHOP
Kopi Corner
NO. 5, JALAN BESAR
Date: 24/03/2018 18:23
HAMMER  12.00
NAILS  3.90
TOTAL  RM 15.90
CASH  20.00
CHANGE  4.10
"""
UNNAMED_TOTAL = """
SHOP SDN BHD
24/03/2018
HAMMER  12.00
NAILS  3.35
MAKSU  15.35
CODE 99  81.10
XX  22.00
"""
FINNISH = """
KAHVILA OY
24 helmikuuta 2018
HAMMER  12.00
NAILS  3.35
TOTAL  EUR 15.35
"""
EITHER_WAY = """
Corner Deli
SANDWICH  7.00
TOTAL  7.00
CASH  7.00
03/04/2020
"""


def told(**fields: tuple[str, int]) -> SecondReading:
    return SecondReading(**{name: Seen(value=value, row=row) for name, (value, row) in fields.items()})


def read(text: str, second: SecondReading | None = None, about: Reader | None = None) -> Reading:
    return read_page(paper(text), load_folder(), about, second)


def test_two_readers_who_agree_are_believed_but_not_for_certain() -> None:
    assert read(UNSURE_NAME).doubts == {"merchant": "merchant unsure"}
    found = read(UNSURE_NAME, told(merchant=("Welcome to our shop", 0)))
    assert found.merchant
    assert (found.status, found.merchant.value) == ("completed", "WELCOME TO OUR SHOP")
    assert AGREED <= found.merchant.confidence < 0.99


def test_a_legal_form_more_or_less_is_the_same_name() -> None:
    text = UNSURE_NAME.replace("WELCOME TO OUR SHOP", "WELCOME TO OUR PLACE ENTERPRISE")
    found = read(text, told(merchant=("WELCOME TO OUR PLACE", 0)))
    assert found.status == "completed"


def test_another_name_is_only_a_proposal() -> None:
    found = read(UNSURE_NAME, told(merchant=("Kopi Corner", 1)))
    assert found.merchant
    assert (found.status, found.merchant.value) == ("needs_review", "WELCOME TO OUR SHOP")
    assert found.reasons == ("merchant unsure: the language model reads Kopi Corner",)


@pytest.mark.parametrize(
    "lie",
    [
        told(merchant=("Grand Casino", 0)),
        told(merchant=("WELCOME TO OUR SHOP", 7)),
        told(merchant=("WELCOME TO OUR SHOP", -1)),
        told(merchant=("WELCOME TO OUR SHOP", 99)),
        told(merchant=("..", 0)),
        told(merchant=("E", 0)),
        told(total=("0.01", 6), date=("2019-01-01", 3), currency=("USD", 6)),
        told(),
    ],
)
def test_what_does_not_stand_on_the_paper_is_not_heard(lie: SecondReading) -> None:
    assert read(UNSURE_NAME, lie) == read(UNSURE_NAME)


@pytest.mark.parametrize("lie", ["9.99", "1535", "15.3", "-", "nan", "Infinity", "15.35 EUR", "1e9999999"])
def test_an_amount_that_is_not_printed_is_not_heard(lie: str) -> None:
    assert read(UNNAMED_TOTAL, told(total=(lie, 4))) == read(UNNAMED_TOTAL)


def test_an_amount_of_another_row_is_not_heard() -> None:
    assert read(UNNAMED_TOTAL, told(total=("15.35", 3))) == read(UNNAMED_TOTAL)


def test_a_total_that_both_choose_is_believed() -> None:
    assert read(UNNAMED_TOTAL).doubts == {"total": "total unsure"}
    found = read(UNNAMED_TOTAL, told(total=("15.35", 4)))
    assert found.total
    assert (found.status, found.total.value, found.total.confidence) == ("completed", 1535, AGREED)


def test_a_printed_amount_that_nothing_proves_replaces_no_total() -> None:
    found = read(UNNAMED_TOTAL, told(total=("81.10", 5)))
    assert found.total
    assert (found.status, found.total.value) == ("needs_review", 1535)
    assert found.reasons == ("total unsure: the language model reads 81.10",)


def test_badly_read_digits_are_not_surer_for_being_read_twice() -> None:
    found = read_page(paper(UNNAMED_TOTAL, confidence=0.7), load_folder(), None, told(total=("15.35", 4)))
    assert found.status == "needs_review"


def unsure_head(minor: int) -> Head:
    return Head(None, None, Field(minor, 0.2), frozenset(), could_be_two=False, notes={})


def test_a_total_that_the_arithmetic_proves_is_taken() -> None:
    page = evidence(paper(UNNAMED_TOTAL))
    totals = candidates_of(page, "day").total
    second = told(total=("15.35", 4))
    found = heard(unsure_head(8110), page, totals, second, load_folder(), "MYR", date.max)
    assert found.total
    assert (found.total.value, found.total.confidence, found.notes["total"]) == (1535, AGREED, "")


def test_agreement_does_not_stand_against_the_arithmetic() -> None:
    page = evidence(paper(UNNAMED_TOTAL))
    totals = candidates_of(page, "day").total
    second = told(total=("81.10", 5))
    found = heard(unsure_head(8110), page, totals, second, load_folder(), "MYR", date.max)
    assert found.total == Field(8110, 0.2)


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ("24 helmikuuta 2018", "2018-02-24"),
        ("helmikuuta 24 2018", "2018-02-24"),
        ("24. Φεβρουαρίου 18", "2018-02-24"),
    ],
)
def test_a_month_of_another_language_is_proposed_and_reviewed(row: str, value: str) -> None:
    text = FINNISH.replace("24 helmikuuta 2018", row)
    assert "date" in read(text).doubts
    found = read(text, told(date=(value, 1)))
    assert found.day
    assert (found.day.value, found.day.confidence) == (date(2018, 2, 24), PROPOSED)
    assert found.doubts["date"] == "date unsure: only the language model read it"


@pytest.mark.parametrize(
    "value", ["2018-02-25", "2019-02-24", "24 February 2018", "2018-02-30", "9999-12-31", "today"]
)
def test_a_day_that_the_row_does_not_show_is_not_heard(value: str) -> None:
    assert read(FINNISH, told(date=(value, 1))) == read(FINNISH)


def test_no_day_after_the_last_possible_one_is_heard() -> None:
    about = Reader(latest_day=date(2018, 1, 31))
    assert read(FINNISH, told(date=("2018-02-24", 1)), about).day is None


def test_agreement_does_not_tell_day_from_month() -> None:
    for value in ("2020-04-03", "2020-03-04"):
        found = read(EITHER_WAY, told(date=(value, 4)))
        assert "date" in found.doubts
        assert found.day
        assert found.day.confidence <= PROPOSED


def test_a_currency_is_proposed_where_the_paper_and_the_user_tell_none() -> None:
    assert read(EITHER_WAY).currency is None
    found = read(EITHER_WAY, told(currency=("nzd", 2)))
    assert found.currency
    assert found.currency.value == "NZD"
    assert found.doubts["currency"] == "currency unsure: only the language model read it"
    for lie in ("ZZZ", "XAU", "gold", ""):
        assert read(EITHER_WAY, told(currency=(lie, 2))).currency is None


def test_a_sure_field_is_not_touched() -> None:
    second = told(total=("12.00", 4), date=("2018-03-24", 3), currency=("USD", 6))
    assert read(UNSURE_NAME, second) == read(UNSURE_NAME)


def test_only_what_is_in_doubt_is_asked_and_long_numbers_stay_at_home() -> None:
    text = UNSURE_NAME.replace("CHANGE  4.10", "MEMBER 6012345678901234")
    question = question_of(paper(text), read(text).doubts)
    assert question
    assert question.facts["wanted"] == ("merchant",)
    assert "6012345678901234" not in str(question.facts)
    assert list(question.schema.model_fields) == ["merchant"]
    assert question_of(paper(text), {}) is None


def test_the_question_of_an_endless_receipt_is_short() -> None:
    question = question_of(paper("\n".join(f"ITEM {n}  1.00" for n in range(3000))), {"total": "unsure"})
    assert question
    assert len(question.facts["rows"]) == 120  # type: ignore[arg-type]
