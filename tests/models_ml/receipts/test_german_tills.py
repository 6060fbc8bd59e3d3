"""Items, weights, discounts, taxes and chains on the papers of German tills."""

from __future__ import annotations

from functools import cache

import pytest

from models_ml.receipts.items import Item
from models_ml.receipts.model import ReceiptModel, load_folder
from models_ml.receipts.reader import Reader, Reading, read_page
from tests.models_ml.receipts.papers import paper

#: Counts and weights below their line, a deposit and its return, a table of two rates with their sum.
REWE = """
R E W E
REWE Markt GmbH
Venloer Str. 310
50823 Köln
BIO BANANEN  1,49 B
0,846 kg x  1,76 EUR/kg
COCA COLA 1L  1,09 A
PFAND 0,25 EURO  0,25 A *
GURKE  1,58 B
2 Stk x  0,79
LEERGUT EINWEG  -0,75 A *
BACKWAREN  8,21 B
SUMME  EUR  11,87
Geg. EC-Cash  EUR  11,87
Datum:  12.03.2021
Uhrzeit:  14:05:33 Uhr
Steuer  %  Netto  Steuer  Brutto
A= 19,0%  0,50  0,09  0,59
B=  7,0%  10,54  0,74  11,28
Gesamtbetrag  11,04  0,83  11,87
"""
#: Counts above their line, a discount in percent, rates without their gross amounts; who runs the shop.
EDEKA = """
EDEKA Müller
Inh. Thomas Müller e.K.
Bahnhofstraße 7
79098 Freiburg
Champignons  1,99 B
3 x  0,59
Laugenstange  1,77 B
0,182 kg x 15,77 EUR/kg
Bergkäse  2,87 B
Spülmittel  0,95 A
Toastbrot  1,39 B
Rabatt 30%  -0,42 B
Hähnchenbrust  5,78 B
Posten: 8
SUMME EUR  14,33
Bar EUR  20,00
Rückgeld EUR  5,67
MwSt  Netto  MwSt  Umsatz
A 19%  0,80  0,15  0,95
B  7%  12,50  0,88  13,38
05.11.22 09:41
"""
#: Weights in columns of their own, a heading of words among them, taxes of what was given back.
ALDI = """
ALDI
Pohlweg 110
33100 Paderborn
WÜRFELZUCKER  0,89 C
BANANEN LOSE  C
kg  EURO/kg  EURO
0,158  1,19  0,19
STOLZENFELS SEKT 0,2 L  0,89 D
7x  0,35
GUT BIO JOGHURT PUR  2,45 C
LEERGUT-RÜCKN.  0,25-
ZU ZAHLEN EURO  4,17
KARTENZAHLUNG  4,17
MWST  Netto  MWST-BETRAG  BRUTTO
C 7,00%  3,30  0,23  3,53
D 19,00%  0,75  0,14  0,89
D 19,00%  0,21-  0,04-  0,25-
Aldi GmbH & Co. KG
25.04.20 09:38
"""
#: Names above their prices, a rebate on the whole, a ware that is called after a means of payment.
WARES = """
Media Markt
Heilbronner Str. 393
70469 Stuttgart
2411987 USB-C KABEL 2M
2 x 14,99  29,98
2788123 SD-KARTE 256GB  49,99
2899001 LAMPE  79,99
AKTIONSRABATT  -19,98
GESAMTSUMME EUR  139,98
EC-KARTE  139,98
MwSt 19,00 %  22,35
Netto  117,63
24.11.2023 17:49
"""
#: A logo and a slogan; counts within the line; a card of loyalty that is none of payment.
ROSSMANN = """
ROSSMANN
Mein Drogeriemarkt
Lange Str. 55
30559 Hannover
02.02.22 10:11
4305615123456
Isana Seife  3 x 0,75  2,25 A
Zahnbürste  3,49 A
10% COUPON  -0,35 A
SUMME  EUR  5,39
Mastercard  EUR  5,39
MWST 19,00% A  4,53  0,86  5,39
Ihre Payback Karten-Nr.
XXXXXX1234
"""
PAPERS = {"rewe": REWE, "edeka": EDEKA, "aldi": ALDI, "wares": WARES, "rossmann": ROSSMANN}


@cache
def model() -> ReceiptModel:
    return load_folder()


def read(name: str) -> Reading:
    return read_page(paper(PAPERS[name]), model(), Reader("DE", "EUR"))


@pytest.mark.parametrize(
    ("name", "items"),
    [
        (
            "rewe",
            [
                ("BIO BANANEN", 1, 149),
                ("COCA COLA 1L", 1, 109),
                ("PFAND", 1, 25),
                ("GURKE", 2, 79),
                ("LEERGUT EINWEG", 1, -75),
                ("BACKWAREN", 1, 821),
            ],
        ),
        (
            "edeka",
            [
                ("Champignons", 1, 199),
                ("Laugenstange", 3, 59),
                ("Bergkäse", 1, 287),
                ("Spülmittel", 1, 95),
                ("Toastbrot", 1, 139),
                ("Rabatt 30%", 1, -42),
                ("Hähnchenbrust", 1, 578),
            ],
        ),
        (
            "aldi",
            [
                ("WÜRFELZUCKER", 1, 89),
                ("BANANEN LOSE", 1, 19),
                ("STOLZENFELS SEKT 0,2 L", 1, 89),
                ("GUT BIO JOGHURT PUR", 7, 35),
                ("LEERGUT-RÜCKN", 1, -25),
            ],
        ),
        (
            "wares",
            [
                ("USB-C KABEL 2M", 2, 1499),
                ("SD-KARTE 256GB", 1, 4999),
                ("LAMPE", 1, 7999),
                ("AKTIONSRABATT", 1, -1998),
            ],
        ),
        ("rossmann", [("Isana Seife", 3, 75), ("Zahnbürste", 1, 349), ("10% COUPON", 1, -35)]),
    ],
)
def test_every_line_has_its_name_its_count_and_its_price(
    name: str, items: list[tuple[str, int, int]]
) -> None:
    found = read(name)
    assert [(item.name, item.quantity, item.unit_minor) for item in found.items] == items
    assert found.items_confidence > 0.9, "the items make the total"
    assert sum(item.minor for item in found.items) == (found.total.value if found.total else None)


def weighed(item: Item) -> tuple[int, str, int] | None:
    return (item.measure.thousandths, item.measure.unit, item.measure.unit_minor) if item.measure else None


@pytest.mark.parametrize(
    ("name", "measure"),
    [("rewe", (846, "kg", 176)), ("edeka", (182, "kg", 1577)), ("aldi", (158, "kg", 119))],
)
def test_what_was_weighed_has_its_weight_and_its_price(name: str, measure: tuple[int, str, int]) -> None:
    assert [found for found in map(weighed, read(name).items) if found] == [measure]


@pytest.mark.parametrize(
    ("name", "minor"), [("rewe", 83), ("edeka", 103), ("aldi", 33), ("wares", 2235), ("rossmann", 86)]
)
def test_the_taxes_of_all_rates_are_the_receipts(name: str, minor: int) -> None:
    tax = read(name).tax
    assert tax is not None
    assert tax.value == minor
    assert tax.confidence > 0.9


def test_a_tax_table_that_does_not_make_the_total_proves_nothing() -> None:
    page = paper(EDEKA.replace("0,80  0,15  0,95", "0,90  0,17  1,07"))
    tax = read_page(page, model(), Reader("DE", "EUR")).tax
    assert tax is not None
    assert tax.confidence < 0.9


@pytest.mark.parametrize(
    ("name", "merchant"),
    [
        ("rewe", "REWE"),
        ("edeka", "EDEKA"),
        ("aldi", "ALDI"),
        ("wares", "MediaMarkt"),
        ("rossmann", "ROSSMANN"),
    ],
)
def test_a_chain_is_called_by_its_own_name(name: str, merchant: str) -> None:
    found = read(name).merchant
    assert found is not None
    assert found.value == merchant


@pytest.mark.parametrize(("name", "payment"), [("rewe", "card"), ("edeka", "cash"), ("rossmann", "card")])
def test_how_it_was_paid(name: str, payment: str) -> None:
    found = read(name).payment
    assert found is not None
    assert found.value == payment


def test_a_card_of_loyalty_paid_nothing() -> None:
    assert read("rossmann").card_tail == ""


def test_a_company_elsewhere_keeps_its_whole_name() -> None:
    page = paper(
        REWE.replace("R E W E", "TESCO").replace("REWE Markt GmbH", "TESCO STORES (MALAYSIA) SDN BHD")
    )
    found = read_page(page, model(), Reader("MY", "MYR")).merchant
    assert found is not None
    assert found.value.endswith("SDN BHD")
