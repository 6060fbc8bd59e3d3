from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_ml.categorizer.clean import clean_descriptor, clean_descriptors, cleaned_line, inflows, romanised


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("SUMUP  *CAFE ZÜRICH 4711", "cafe zürich"),
        ("PAYPAL *STEAM GAMES 35314369001 GB", "steam games"),
        ("UBER *TRIP HELP.UBER.COM", "uber trip help uber com"),
        ("KARTENZAHLUNG REWE SAGT DANKE 4433 2024-01-03T12:33", "rewe sagt danke"),
        ("ПЛАЩАНЕ НА ПОС ЛИДЛ БЪЛГАРИЯ ЕООД СОФИЯ 12.03.2024 ****1234", "лидл българия софия"),
        ("POS PURCHASE SHELL 0587 CARD NO. 1234", "shell"),
        ("7-ELEVEN 1234", "7 eleven"),
        ("POS PURCHASE KROGER #5849 AUSTIN TX CARD 1140", "kroger austin tx"),
        ("TEDI KÖLN KARTE 5359", "tedi köln"),
        ("POS SOFIA BG BILLA 2747 /8662", "sofia bg billa"),
        ("POS MALAYSIA KL", "posta malaysia kl"),
        ("UPI/DR/402918273645/SWIGGY/YESB/swiggy@ybl/Payment", "swiggy yesb swiggy payment"),
        ("DIRECT DEBIT PAYMENT TO OCTOPUS ENERGY, MANDATE NO 0041", "octopus energy"),
        ("CB FNAC ODEON", "fnac odeon"),
        ("VDP-PENNEYS MARY STREET", "penneys mary street"),
        ("COMPRA OXXO TIENDA ROMA", "oxxo tienda roma"),
        ("SP SERVICES GIRO", "singapore power services giro"),
        ("REFUND OLD NAVY #8964", "old navy"),
        ("Refund", "refund"),
        ("ВЪЗСТАНОВЯВАНЕ ПОКУПКА ZARA", "zara"),
        ("O2 UK payment", "o2 uk payment"),
        ("H&M 0045", "h&m"),
        ("McDonald's 587", "mcdonalds"),
        ("ＳＴＡＲＢＵＣＫＳ", "starbucks"),
        ("1234 5678", ""),
        ("", ""),
    ],
)
def test_only_the_telling_words_stay(raw: str, cleaned: str) -> None:
    assert clean_descriptor(raw) == cleaned


def test_a_name_reads_the_same_in_every_alphabet() -> None:
    texts = pl.Series(["лидл софия", "łódź", "straße", "lidl sofia"])
    assert romanised(texts).to_list() == ["lidl sofia", "lodz", "strasse", "lidl sofia"]


@given(st.text(max_size=60))
def test_cleaning_is_stable_in_case_and_never_fails(text: str) -> None:
    cleaned = clean_descriptor(text)
    assert cleaned == cleaned.strip().lower()
    assert "  " not in cleaned


def test_a_column_is_cleaned_like_its_lines() -> None:
    raw = ["LIDL 1234 SOFIA", "SQ *BLUE BOTTLE", "такса превод"]
    assert clean_descriptors(pl.Series(raw)).to_list() == [clean_descriptor(text) for text in raw]


def test_money_that_comes_back_is_no_income() -> None:
    texts = pl.Series(["REFUND ZARA", "ZARA", "ZWROT PŁATNOŚĆ KARTĄ ZARA", None, "ZARA"])
    found = inflows(texts, pl.Series([500, 500, 500, 500, None]))
    assert found.to_list() == [None, True, None, True, None]
    for text, amount, inflow in zip(texts, [500, 500, 500, 500, None], found, strict=True):
        assert cleaned_line(text, amount) == (
            clean_descriptors(pl.Series([text], dtype=pl.String))[0],
            inflow,
        )
