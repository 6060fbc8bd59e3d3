"""Figures in a text are read with their unit and sign, and are a fact's only if they say the same."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_ml.insights.numbers import figures, follows

AMOUNT = figures("1234.50 EUR")
SHARE = figures("12%")


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("You spent 1,234.50 EUR", "1234.50 EUR"),
        ("Похарчихте 1 234,50 лв.", "1234.50 BGN"),
        ("about €1.2k", "1234.50 EUR"),
        ("about 1235 euro", "1234.50 EUR"),
        ("twelve percent", "12%"),
        ("двадесет и пет процента", "25%"),
        ("one hundred and five EUR", "105 EUR"),
        ("٣٤٥ days", "345 days"),
        ("１２ %", "12%"),
        ("-5 EUR", "minus 5 EUR"),
        ("on 25th March", "25 March"),
        ("1,5 хиляди EUR", "1500.00 EUR"),
    ],
)
def test_a_figure_that_is_a_fact_in_other_clothes_stands(text: str, fact: str) -> None:
    assert figures(text)
    assert follows(figures(text), figures(fact))


@pytest.mark.parametrize(
    "text",
    [
        "half of it", "you saved twice as much", "a fifth", "tenfold", "dozens", "thousands of EUR",
        "you are a millionaire", "a grand", "стотици евро", "два пъти", "една пета", "десетократно",
        "nine EUR", "1.3k EUR", "1,234.51 EUR", "13%", "Ⅸ EUR", "⑨ EUR", "12\u200b39 EUR", "двеста евро",
        "thirteen hundred EUR", "一 EUR", "4½ EUR", "۹۹ EUR", "1e3 EUR", "l234.50 EUR", "1234.5O EUR",
        "1234.50", "1234.50 %", "-1234.50 EUR", "12 EUR", "12", "zero EUR",
    ],
)  # fmt: skip
def test_a_figure_that_is_no_fact_is_found(text: str) -> None:
    assert not follows(figures(text), [*AMOUNT, *SHARE])


def test_amounts_keep_the_order_of_the_facts_and_begin_with_the_first() -> None:
    facts = figures("150.00 EUR (50%) above its budget of 300.00 EUR on 3 March")
    assert follows(figures("150 EUR over the budget of 300 EUR"), facts)
    assert follows(figures("On 3 March it was 150 EUR"), facts)
    assert not follows(figures("300 EUR over the budget of 150 EUR"), facts)
    assert not follows(figures("300 EUR over the budget"), facts)
    assert not follows(figures("On 4 March it was 150 EUR"), facts)
    assert not follows(figures("On 3 April it was 150 EUR"), facts)


def test_what_names_no_size_is_no_figure() -> None:
    assert figures("You may march on: one thing at a time, I say.") == []
    assert [math.isnan(each.value) for each in figures("dozens")] == [True]


@given(st.integers(0, 10**9), st.integers(1, 10**6))
def test_no_other_amount_passes_for_a_fact(fact: int, off: int) -> None:
    known = figures(f"{fact / 100:.2f} EUR")
    assert follows(figures(f"{fact / 100:,.2f} EUR"), known)
    assert not follows(figures(f"{(fact + off) / 100:,.2f} EUR"), known)
