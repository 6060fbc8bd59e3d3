from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.money import Money, MoneyError, allocate, exponent


@pytest.mark.parametrize(
    ("currency", "places"),
    [("EUR", 2), ("JPY", 0), ("KWD", 3), ("IQD", 3), ("CLF", 4), ("BGN", 2), ("ITL", 0)],
)
def test_minor_units_are_those_of_iso_4217(currency: str, places: int) -> None:
    assert exponent(currency) == places


@pytest.mark.parametrize("code", ["XX", "EURO", "eur", "XAU", ""])
def test_a_code_without_minor_units_is_refused(code: str) -> None:
    with pytest.raises(MoneyError, match="ISO 4217"):
        exponent(code)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.30", "EUR", 1230),
        ("-0.01", "USD", -1),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1234),
        (7, "EUR", 700),
    ],
)
def test_amounts_become_minor_units(amount: str | int, currency: str, minor: int) -> None:
    assert Money.of(amount, currency) == Money(minor, currency)


@pytest.mark.parametrize(("amount", "currency"), [("0.005", "EUR"), ("1.5", "JPY"), ("1.2345", "KWD")])
def test_an_amount_is_refused_rather_than_rounded(amount: str, currency: str) -> None:
    with pytest.raises(MoneyError, match="more decimals"):
        Money.of(amount, currency)


@pytest.mark.parametrize("amount", ["", "12,30", "abc", "NaN", "Infinity", "-"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(MoneyError, match="not an amount"):
        Money.of(amount, "EUR")


@given(st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_minor_units_survive_the_way_to_decimals_and_back(minor: int, currency: str) -> None:
    assert Money.of(Money(minor, currency).decimal, currency).minor == minor


def test_currencies_do_not_mix() -> None:
    with pytest.raises(MoneyError, match="without a rate"):
        Money(1, "EUR") + Money(1, "USD")


def test_money_reads_with_its_own_decimals() -> None:
    assert [str(Money(1234567, code)) for code in ("EUR", "JPY", "KWD")] == [
        "12,345.67 EUR",
        "1,234,567 JPY",
        "1,234.567 KWD",
    ]
    assert Money(-5, "EUR").decimal == Decimal("-0.05")


@given(
    st.integers(-(10**12), 10**12),
    st.lists(st.integers(0, 10_000), min_size=1, max_size=40).filter(any),
)
def test_parts_sum_to_the_whole_and_differ_from_their_share_by_less_than_one(
    total: int, weights: list[int]
) -> None:
    parts = allocate(total, weights)
    assert sum(parts) == total
    assert all(
        abs(part * sum(weights) - total * weight) < sum(weights)
        for part, weight in zip(parts, weights, strict=True)
    )


def test_a_remainder_goes_to_the_largest_fraction_and_ties_to_the_earlier_part() -> None:
    assert allocate(10, [1, 1, 1]) == [4, 3, 3]
    assert allocate(100, [333, 333, 334]) == [33, 33, 34]
    assert allocate(-10, [1, 1, 1]) == [-4, -3, -3]
    assert allocate(5, [0, 1]) == [0, 5]


@pytest.mark.parametrize("weights", [[0, 0], [-1, 2], []])
def test_there_must_be_something_to_share_among(weights: list[int]) -> None:
    with pytest.raises(MoneyError, match="weights"):
        allocate(1, weights)
