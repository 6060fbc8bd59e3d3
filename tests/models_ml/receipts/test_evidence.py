"""Rows, words and amounts of a receipt."""

from __future__ import annotations

import pytest

from models_ml.receipts.currencies import by_day, currency_of
from models_ml.receipts.evidence import evidence
from models_ml.receipts.items import items_of
from models_ml.receipts.page import Page
from models_ml.receipts.taxes import tax_of
from models_ml.receipts.totals import total_candidates
from models_ml.receipts.words import kinds_in
from tests.models_ml.receipts.papers import paper

SHOP = """
SHOP
MILK  2.50
2 x 1.25  2.50
BREAD  3.00
SUBTOTAL  8.00
GST 6%  0.48
ROUNDING  0.02
TOTAL  8.50
CASH  10.00
CHANGE  1.50
"""


@pytest.mark.parametrize("turn", [-8.0, -2.0, 0.0, 3.0, 8.0])
def test_rows_are_found_however_the_paper_lies(turn: float) -> None:
    rows = [row.text for row in evidence(paper(SHOP, turn=turn)).rows]
    assert rows[1] == "MILK  2.50"
    assert rows[-1] == "CHANGE  1.50"
    assert len(rows) == 10


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("9.20", 920),
        ("RM 9.20", 920),
        ("RM1,234.50", 123450),
        ("1.234,50 €", 123450),
        ("€1,95 A", 195),
        ("9 .20", 920),
        ("1O.50", 1050),
        ("-2,00", -200),
        ("2,00-", -200),
        ("12,30 лв.", 1230),
        ("1'234.50", 123450),
    ],
)
def test_amounts_are_read_however_they_are_written(text: str, minor: int) -> None:
    assert [amount.minor for amount in evidence(paper(f"x  {text}")).amounts] == [minor]


@pytest.mark.parametrize(
    "text", ["27.02.2020", "7,00%", "9.00 Uhr", "03-55423228", "0,186", "12", "000381399040"]
)
def test_other_numbers_are_no_amounts(text: str) -> None:
    found = evidence(paper(f"x  {text}"))
    assert [amount for amount in found.amounts if not amount.is_percent] == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("T0TAL", "total"),
        ("SUBT0TAL", "subtotal"),
        ("GRANDTOTAL", "due"),
        ("Rückgeid", "change"),
        ("RUCKGELD", "change"),
        ("ОБЩА СУМА", "total"),
        ("ABC TRADING SDN. BHD.", "suffix"),
        ("SANYUSTATIONERYSHOP", "trade"),
    ],
)
def test_words_are_known_although_letters_are_misread(text: str, kind: str) -> None:
    assert kind in kinds_in(text)


def test_words_within_words_are_not_taken_for_them() -> None:
    assert "cash" not in kinds_in("BARBECUE")
    assert "tip" not in kinds_in("TIPTOP")


def test_the_arithmetic_of_the_receipt_speaks_for_its_total() -> None:
    proofs = {found.minor: found.proofs for found in total_candidates(evidence(paper(SHOP)))}
    assert {"cash_less_change", "subtotal_and_tax"} <= proofs[850]
    assert "cash_less_change" not in proofs[1000]
    assert "prefix_sum" in proofs[800]


def test_items_that_make_the_subtotal_are_proven() -> None:
    read = evidence(paper(SHOP.replace("2 x 1.25  2.50", "2 x 1.25 EGGS  2.50")))
    bought = items_of(read, 850)
    assert [(item.quantity, item.unit_minor, item.minor) for item in bought.items] == [
        (1, 250, 250),
        (2, 125, 250),
        (1, 300, 300),
    ]
    assert bought.is_proven


def test_items_beside_letters_of_taxes_have_a_column_and_names_of_their_own() -> None:
    lines = "RICE 5KG\n1 CTN  31.50  31.50  SR\nNOODLES\n5 PKT  10.00  50.00  ZRL\n"
    read = evidence(paper(f"SHOP\nITEM  PRICE  AMOUNT\n{lines}TOTAL  81.50\nROUNDING  0.00\nCASH  81.50"))
    bought = items_of(read, 8150)
    assert [(one.name, one.quantity, one.unit_minor) for one in bought.items] == [
        ("RICE 5KG", 1, 3150),
        ("NOODLES", 5, 1000),
    ]
    assert bought.is_proven


def test_a_row_of_nothing_proves_no_items() -> None:
    read = evidence(paper("SHOP\nRICE  80.00\nGST  80.00\nTOTAL  80.00\nROUNDING  0.00"))
    assert not items_of(evidence(paper("SHOP\nADJUSTED  0.00\nGST  80.00\nTOTAL  80.00")), 8000).is_proven
    assert items_of(read, 8000).is_proven


def test_items_that_do_not_add_up_are_not() -> None:
    assert not items_of(evidence(paper(SHOP.replace("BREAD  3.00", "BREAD  8.00"))), 850).is_proven


def test_tax_is_proven_by_the_net_amount_beside_it() -> None:
    tax = tax_of(evidence(paper("A  9.00\nTOTAL  9.54\nGST 6%  0.54")), 954)
    assert tax is not None
    assert (tax.minor, tax.is_proven) == (54, True)


def test_ten_thousand_lines_are_read_in_bounded_time() -> None:
    long = evidence(paper("\n".join(f"ITEM {number}  1.00" for number in range(10_000))))
    assert len(long.rows) <= 1200


def test_an_empty_page_has_no_rows() -> None:
    assert evidence(Page(100, 100, ())).rows == ()


@pytest.mark.parametrize(
    ("texts", "country", "code"),
    [
        (["TOTAL RM 9.20"], "", "MYR"),
        (["SUMME 9,20 €"], "", "EUR"),
        (["TOTAL $9.20", "JALAN MAJU SDN BHD"], "", "MYR"),
        (["TOTAL $9.20"], "AU", "AUD"),
        (["AUSTIN, TX 78701", "TOTAL $9.20"], "", "USD"),
        (["TOTAL 9.20"], "PL", "PLN"),
        (["TOTAL 9.20"], "", ""),
    ],
)
def test_the_currency_is_what_the_paper_then_the_user_says(texts: list[str], country: str, code: str) -> None:
    assert currency_of(texts, country).code == code


def test_bulgaria_pays_in_euro_from_2026() -> None:
    from datetime import date

    texts = ["ОБЩА СУМА 10.00 лв", "ОБЩО 5.11 EUR"]
    assert by_day(currency_of(["10.00 лв"]), date(2026, 2, 1), texts).code == "EUR"
    assert by_day(currency_of(["10.00 лв"]), date(2025, 2, 1), texts).code == "BGN"
