"""Facts about the small parts: calendars, prices, alphabets, rates."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.generator.accounts import iban
from flows.generator.countries import banks, countries
from flows.generator.days import is_working_day, month_day, nominal_days, rolled
from flows.generator.dice import Dice
from flows.generator.formats import WRITERS
from flows.generator.ledger import priced
from flows.generator.merchants import merchants
from flows.generator.params import HABITS, SEASONS
from flows.generator.rates import convert
from flows.generator.text import ascii_only, latin
from warehouse.money import exponent


@pytest.mark.parametrize(
    ("day", "roll", "expected"),
    [
        (date(2026, 1, 31), "preceding", date(2026, 1, 30)),
        (date(2026, 1, 31), "following", date(2026, 2, 2)),
        (date(2026, 3, 3), "following", date(2026, 3, 4)),  # Bulgaria's liberation day
        (date(2026, 1, 31), "none", date(2026, 1, 31)),
    ],
)
def test_days_roll_to_working_days(day: date, roll: str, expected: date) -> None:
    assert rolled("BG", day, roll) == expected


def test_banks_in_kuwait_work_on_sundays_and_rest_on_fridays() -> None:
    assert is_working_day("KW", date(2026, 5, 3))
    assert not is_working_day("KW", date(2026, 5, 1))


@given(st.integers(2020, 2030), st.integers(1, 12), st.integers(1, 31))
def test_a_day_of_the_month_is_clamped_never_moved_to_another_month(year: int, month: int, day: int) -> None:
    found = month_day(year, month, day)
    assert (found.year, found.month) == (year, month)
    assert found.day <= day


@pytest.mark.parametrize(
    ("cadence", "count"),
    [
        ("monthly", 12),
        ("semi_monthly", 24),
        ("quarterly", 4),
        ("yearly", 1),
        ("last_working_day", 12),
        ("weekly", 52),
    ],
)
def test_cadences_come_as_often_as_their_name_says(cadence: str, count: int) -> None:
    days = nominal_days(cadence, date(2025, 1, 3), 28, date(2025, 1, 1), date(2026, 1, 1))
    assert count <= len(days) <= count + 1
    assert days == sorted(days)


@given(
    st.floats(0.001, 1e6),
    st.sampled_from(["EUR", "JPY", "KWD"]),
    st.sampled_from(["any", "psychological", "tenth", "five"]),
    st.integers(0, 50),
)
def test_prices_are_positive_and_near_what_was_meant(
    amount: float, currency: str, rounding: str, seed: int
) -> None:
    minor = priced(amount, currency, rounding, Dice(seed))
    unit = 10 ** exponent(currency)
    coarsest = 500 if currency == "JPY" else 5 * unit
    assert minor >= 1
    assert abs(minor - amount * unit) <= coarsest + 1


@given(st.integers(1, 10**9))
def test_converting_to_the_same_currency_changes_nothing(amount: int) -> None:
    assert convert(amount, "EUR", "EUR", date(2026, 5, 5)) == amount


def test_the_lev_has_its_fixed_rate() -> None:
    assert convert(100_000, "EUR", "BGN", date(2025, 5, 5)) == 195_583


def test_a_rate_of_a_weekend_is_the_last_one_published() -> None:
    friday, sunday = date(2026, 5, 8), date(2026, 5, 10)
    assert convert(10_000, "EUR", "USD", friday) == convert(10_000, "EUR", "USD", sunday)


def test_cyrillic_is_spelt_by_the_streamlined_system() -> None:
    assert latin("Щастливеца") == "Shtastlivetsa"  # codespell:ignore
    assert latin("Жълтък Юлия") == "Zhaltak Yuliya"


@pytest.mark.parametrize(("native", "plain"), [("Müller", "Mueller"), ("Żabka", "Zabka"), ("Łódź", "Lodz")])
def test_accents_are_dropped_as_old_bank_systems_do(native: str, plain: str) -> None:
    assert ascii_only(native) == plain


def test_an_iban_has_the_check_digits_of_the_standard() -> None:
    assert iban("GB", "WEST", "12345698765432") == "GB82WEST12345698765432"


def test_every_country_has_banks_whose_formats_exist_and_shops_for_most_habits() -> None:
    for code in countries():
        formats = {name for bank in banks() if bank.country == code for name in bank.formats}
        assert formats
        assert formats <= set(WRITERS)
        missing = {habit.category for habit in HABITS} - set(merchants(code))
        assert missing <= {"bars_alcohol", "gambling", "tobacco", "public_transport"}


def test_seasons_have_twelve_months_and_habits_seven_days() -> None:
    assert {len(season) for season in SEASONS.values()} == {12}
    assert {len(habit.weekdays) for habit in HABITS} == {7}


def test_a_persons_stream_does_not_depend_on_another() -> None:
    first, again, other = Dice(7, 3), Dice(7, 3), Dice(7, 4)
    drawn = [first.random() for _ in range(5)]
    assert drawn == [again.random() for _ in range(5)]
    assert drawn != [other.random() for _ in range(5)]
