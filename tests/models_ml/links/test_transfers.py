"""Own money that only moved: found in many wordings, at many lags, and never where it is not."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from models_ml.links.facts import RATE_SCHEMA
from models_ml.links.match import DECISION_SCHEMA
from tests.models_ml.links.people import CARD, DAY, MAIN, SAVINGS, everyday, line, matched, paired


@pytest.mark.parametrize(
    ("left", "arrived"),
    [
        ("TRANSFER TO SAVINGS", "TRANSFER FROM CHECKING"),
        ("UEBERTRAG EIGENES KONTO", "UMBUCHUNG"),
        ("Przelew własny", "Przelew własny"),
        ("ПРЕВОД МЕЖДУ СОБСТВЕНИ СМЕТКИ", "PREVOD MEZHDU SOBSTVENI SMETKI"),
        ("Traspaso entre cuentas", "Traspaso recibido entre cuentas"),
        ("GIROCONTO", "GIROCONTO"),
        ("Overboeking eigen rekening", "Overboeking van eigen rekening"),
        ("Egen överföring", "Egen överföring"),
        ("Virman hesaplarım arası", "Virman"),
        ("本人口座へ振替", "本人口座より振替"),
    ],
)
@pytest.mark.parametrize("days", [0, 1, 3])
def test_a_move_to_savings_is_found_in_many_languages(left: str, arrived: str, days: int) -> None:
    rows = [
        *everyday(),
        line(left, -25_000, name="out"),
        line(arrived, 25_000, account=SAVINGS, days=days, name="in"),
    ]
    assert paired(matched(rows), "transfer") == {("out", "in")}


@pytest.mark.parametrize("days", [-3, -1, 0, 2, 4])
def test_a_card_is_paid_some_days_before_or_after_its_bank_says_so(days: int) -> None:
    rows = [
        *everyday(),
        line("CREDIT CARD PAYMENT", -61_234, name="out"),
        line("PAYMENT RECEIVED - THANK YOU", 61_234, account=CARD, days=days, name="in"),
    ]
    assert paired(matched(rows), "transfer") == {("out", "in")}


def test_an_account_number_in_the_text_helps_where_the_words_do_not() -> None:
    rows = [
        *everyday(),
        line("XYZZY 00003333", -25_000, name="out"),
        line("XYZZY 00001111", 25_000, account=SAVINGS, days=1, name="in"),
    ]
    assert paired(matched(rows), "transfer") <= {("out", "in")}
    assert matched(rows).filter(pl.col("source_transaction_id") == "out").height == 1


def test_of_two_equal_moves_each_finds_its_own() -> None:
    rows = [
        *everyday(),
        line("TRANSFER TO SAVINGS", -10_000, name="out1"),
        line("TRANSFER TO SAVINGS", -10_000, days=5, name="out2"),
        line("TRANSFER FROM CHECKING", 10_000, account=SAVINGS, days=1, name="in1"),
        line("TRANSFER FROM CHECKING", 10_000, account=SAVINGS, days=6, name="in2"),
    ]
    assert paired(matched(rows), "transfer") == {("out1", "in1"), ("out2", "in2")}


def test_a_purchase_and_a_friends_money_of_the_same_amount_are_no_transfer() -> None:
    rows = [
        *everyday(),
        line("ARGOS RETAIL 2210", -4_000, account=CARD, name="out", mcc="5311"),
        line("FASTER PAYMENT A SMITH BIRTHDAY", 4_000, days=1, name="in", counterparty="A SMITH"),
    ]
    assert paired(matched(rows), "transfer") == set()


def test_money_in_another_currency_is_paired_by_the_days_rate() -> None:
    rates = pl.DataFrame(
        [
            {"currency": "GBP", "rate_date": DAY - timedelta(days=2), "per_euro": 0.85},
            {"currency": "USD", "rate_date": DAY - timedelta(days=2), "per_euro": 1.10},
        ],
        schema=RATE_SCHEMA,
    )
    rows = [
        *everyday(),
        line("TRANSFER TO OWN ACCOUNT", -85_000, name="out"),
        line("TRANSFER FROM OWN ACCOUNT", 108_900, account="USD1", currency="USD", days=1, name="in"),
        line("TRANSFER FROM OWN ACCOUNT", 150_000, account="USD1", currency="USD", days=1, name="other"),
    ]
    assert paired(matched(rows, rates=rates), "transfer") == {("out", "in")}


def test_an_end_without_its_partner_is_suggested_as_an_account_not_added() -> None:
    found = matched([*everyday(), line("TRANSFER TO OWN ACCOUNT 99887766", -25_000, name="out")])
    (row,) = found.filter(pl.col("kind") == "transfer").rows(named=True)
    assert (row["source_transaction_id"], row["target_transaction_id"], row["band"]) == (
        "out",
        None,
        "suggested",
    )


def test_a_rejected_pair_is_not_offered_again_and_a_confirmed_one_is_taken() -> None:
    rows = [
        *everyday(),
        line("TRANSFER TO SAVINGS", -10_000, name="out"),
        line("TRANSFER FROM CHECKING", 10_000, account=SAVINGS, name="in"),
        line("TRANSFER FROM CHECKING", 10_000, account=SAVINGS, days=4, name="later"),
    ]
    no, yes = (
        pl.DataFrame([("transfer", "out", target, is_link)], schema=DECISION_SCHEMA, orient="row")
        for target, is_link in (("in", False), ("later", True))
    )
    assert ("out", "in") in paired(matched(rows), "transfer")
    assert ("out", "in") not in paired(matched(rows, decisions=no), "transfer")
    assert paired(matched(rows, decisions=yes), "transfer") == set()


def test_accounts_of_two_people_have_nothing_to_do_with_each_other() -> None:
    rows = [
        line("TRANSFER TO SAVINGS", -10_000, name="out"),
        line("TRANSFER FROM CHECKING", 10_000, account=SAVINGS, name="in", user_id="another"),
    ]
    assert paired(matched(rows), "transfer") == set()


def test_one_account_does_not_pay_itself() -> None:
    rows = [
        *everyday(),
        line("TRANSFER TO OWN ACCOUNT", -10_000, account=MAIN, name="out"),
        line("TRANSFER FROM OWN ACCOUNT", 10_000, account=MAIN, name="in"),
    ]
    assert paired(matched(rows), "transfer") == set()


def test_files_that_name_no_account_share_one_and_their_transfers_are_found_all_the_same() -> None:
    rows = [
        *everyday(),
        line("TRANSFER TO OWN ACCOUNT", -10_000, account="", name="out"),
        line("TRANSFER FROM OWN ACCOUNT", 10_000, account="", days=1, name="in"),
        line("WAITROSE 221", -4_000, account="", name="bought"),
        line("TRANSFER FROM OWN ACCOUNT", 4_000, account="", days=1, name="another"),
    ]
    assert paired(matched(rows), "transfer") == {("out", "in")}
