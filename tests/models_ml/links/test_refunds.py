"""Money that came back: for which purchase, in parts, never more than it cost."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models_ml.links.people import everyday, line, matched, paired


@pytest.mark.parametrize(
    ("bought", "returned"),
    [
        ("H&M 0411 LONDON", "REFUND H&M 0411 LONDON"),
        ("ZALANDO SE BERLIN", "GUTSCHRIFT ZALANDO SE BERLIN"),
        ("POS DECATHLON SOFIA", "ВЪЗСТАНОВЯВАНЕ POS DECATHLON SOFIA"),
        ("FNAC PARIS", "AVOIR FNAC"),
        ("ユニクロ 銀座", "返金 ユニクロ 銀座"),
        ("IKEA LTD", "IKEA LTD"),
        ("MEDIA MARKT 221", "Rückerstattung Media Markt"),
    ],
)
@pytest.mark.parametrize("days", [2, 20, 45])
def test_a_refund_points_at_its_purchase(bought: str, returned: str, days: int) -> None:
    rows = [*everyday(), line(bought, -4_999, name="buy"), line(returned, 4_999, days=days, name="back")]
    assert paired(matched(rows), "refund") == {("back", "buy")}


def test_a_part_comes_back_and_then_another() -> None:
    rows = [
        *everyday(),
        line("ZARA HOME LONDON", -8_000, name="buy"),
        line("REFUND ZARA HOME LONDON", 4_000, days=5, name="first"),
        line("REFUND ZARA HOME LONDON", 2_000, days=9, name="second"),
    ]
    assert paired(matched(rows), "refund") == {("first", "buy"), ("second", "buy")}


def test_what_comes_back_is_never_more_than_was_paid() -> None:
    rows = [
        *everyday(),
        line("ZARA HOME LONDON", -8_000, name="buy"),
        line("REFUND ZARA HOME LONDON", 4_000, days=5, name="first"),
        line("REFUND ZARA HOME LONDON", 8_000, days=9, name="second"),
    ]
    found = matched(rows).filter(pl.col("kind") == "refund")
    assert found.height == 1


def test_a_refund_before_the_purchase_is_of_another_one() -> None:
    rows = [
        *everyday(),
        line("REFUND ZARA HOME", 8_000, name="back"),
        line("ZARA HOME", -8_000, days=3, name="buy"),
    ]
    assert paired(matched(rows), "refund") == set()


def test_a_reversed_fee_is_found_by_amount_and_word() -> None:
    rows = [
        *everyday(),
        line("ACCOUNT FEE", -583, name="fee"),
        line("FEE REVERSAL", 583, days=3, name="back"),
    ]
    assert paired(matched(rows), "refund") == {("back", "fee")}


def test_pay_from_the_shop_one_buys_at_is_no_refund() -> None:
    rows = [
        *everyday(),
        line("LIDL GB 0231", -2_500, name="buy"),
        line("LIDL GB LTD SALARY MARCH", 184_000, days=9, name="pay"),
    ]
    assert paired(matched(rows), "refund") == set()


def test_friends_pay_their_shares_of_a_dinner() -> None:
    rows = [
        *everyday(),
        line("PIZZERIA VESUVIO", -9_000, name="dinner", category_code="restaurants"),
        line("FASTER PAYMENT ANNA LEE dinner", 3_000, days=1, name="anna", counterparty="ANNA LEE"),
        line("FASTER PAYMENT BEN COLE dinner", 3_000, days=2, name="ben", counterparty="BEN COLE"),
    ]
    assert paired(matched(rows), "reimbursement") == {("anna", "dinner"), ("ben", "dinner")}


AMOUNTS = st.lists(st.integers(1, 40).map(lambda n: n * 250), min_size=0, max_size=6)


@settings(max_examples=25, deadline=None)
@given(bought=AMOUNTS, returned=AMOUNTS, shuffled=st.randoms(use_true_random=False))
def test_the_order_of_the_facts_decides_nothing_and_no_purchase_gives_back_more_than_it_cost(
    bought: list[int], returned: list[int], shuffled: object
) -> None:
    rows = [
        *everyday(20),
        *(line("ZARA LONDON", -amount, days=place, name=f"b{place}") for place, amount in enumerate(bought)),
        *(
            line("REFUND ZARA LONDON", amount, days=place + 3, name=f"r{place}")
            for place, amount in enumerate(returned)
        ),
    ]
    found = matched(rows)
    again = list(rows)
    shuffled.shuffle(again)  # type: ignore[attr-defined]
    assert matched(again).equals(found)
    amounts = {row["transaction_id"]: row["amount_minor"] for row in rows}
    for (target,), backs in found.filter(pl.col("kind") != "transfer").group_by("target_transaction_id"):
        taken = sum(amounts[source] for source in backs["source_transaction_id"])
        assert taken <= -amounts[target]
