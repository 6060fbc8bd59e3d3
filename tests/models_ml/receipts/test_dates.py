"""Dates as tills print them."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_ml.receipts.dates import dates_in, order_of, time_in


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("25/12/2018 8:13:39 PM", date(2018, 12, 25)),
        ("25/12/201813:45", date(2018, 12, 25)),
        ("Date : 18-11-18 13:58", date(2018, 11, 18)),
        ("27.02.2020 15:56 Bed.Nr.:120", date(2020, 2, 27)),
        ("24 Mar 2018 18:23", date(2018, 3, 24)),
        ("24MAR2018", date(2018, 3, 24)),
        ("Mar 24, 2018", date(2018, 3, 24)),
        ("3. März 2021", date(2021, 3, 3)),
        ("2018-03-24T10:00", date(2018, 3, 24)),
        ("20180304", date(2018, 3, 4)),
        ("O1/12/2018", date(2018, 12, 1)),
        ("Дата: 05.07.2025 г.", date(2025, 7, 5)),
        ("14 дек 2024", date(2024, 12, 14)),
    ],
)
def test_a_date_is_read_however_it_is_written(text: str, day: date) -> None:
    assert [written.read("day") for written in dates_in(text)] == [day]


@pytest.mark.parametrize(
    "text", ["0Z02 - 12/48", "TEL 03-5542 3228", "99/99/2018", "31/02/2018", "192.168.10.20", "30-12/48", ""]
)
def test_other_numbers_are_no_dates(text: str) -> None:
    assert dates_in(text) == []


def test_days_above_twelve_show_the_order_of_all_dates() -> None:
    assert order_of(dates_in("03/04/2020 and 25/04/2020")) == "day"
    assert order_of(dates_in("03/04/2020 and 04/25/2020")) == "month"
    assert order_of(dates_in("03.04.2020")) == "day"
    assert order_of(dates_in("03/04/2020")) is None


def test_an_ambiguous_date_has_two_readings() -> None:
    (written,) = dates_in("03/04/2020")
    assert written.is_ambiguous
    assert (written.read("day"), written.read("month")) == (date(2020, 4, 3), date(2020, 3, 4))


@given(
    st.dates(date(2000, 1, 1), date(2049, 12, 31)),
    st.sampled_from(["%d/%m/%Y", "%d.%m.%Y", "%Y-%m-%d", "%d %b %Y"]),
)
def test_every_day_comes_back(day: date, form: str) -> None:
    assert [written.read("day") for written in dates_in(day.strftime(form))] == [day]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("13:58", time(13, 58)),
        ("8:13:39 PM", time(20, 13, 39)),
        ("12:05 am", time(0, 5)),
        ("27:10", None),
        ("no time", None),
    ],
)
def test_times_of_day(text: str, moment: time | None) -> None:
    assert time_in(text) == moment
