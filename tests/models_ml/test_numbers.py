"""No number stands in a text that is none of the facts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_ml.insights.numbers import unfounded


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("You spent 1,234.50 EUR, 12% more", [1234.5, 12]),
        ("Похарчихте 1 234,50 лв.", [1234.5]),
        ("about 1.2k", [1234.5]),
        ("about 1235", [1234.5]),
        ("twelve percent", [12]),
        ("двадесет и пет процента", [25]),
        ("one hundred and five", [105]),
        ("٣٤٥", [345]),
        ("１２", [12]),
    ],
)
def test_a_number_that_is_a_fact_in_other_clothes_stands(text: str, facts: list[float]) -> None:
    assert unfounded(text, facts) == []


@pytest.mark.parametrize(
    "text",
    [
        "half of it",
        "you saved twice as much",
        "nine",
        "1.3k",
        "1,234.51",
        "13%",
        "Ⅸ",
        "⑨",
        "12\u200b39",
        "двеста",
        "thirteen hundred",
        "一",
        "4½",
        "۹۹",
    ],
)
def test_a_number_that_is_no_fact_is_found(text: str) -> None:
    assert unfounded(text, [1234.5, 12])


@given(st.integers(0, 10**9), st.integers(1, 10**6))
def test_no_other_amount_passes_for_a_fact(fact: int, off: int) -> None:
    assert unfounded(f"{fact / 100:,.2f}", [fact / 100]) == []
    assert unfounded(f"{(fact + off) / 100:,.2f}", [fact / 100]) != []
