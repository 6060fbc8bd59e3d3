"""Series that are found in histories whose rhythm is known by construction."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from models_ml.recurring.candidates import LINE_SCHEMA
from models_ml.recurring.series import FoundSeries, find_series
from warehouse.repositories.recurring import LINE_COLUMNS

START = date(2024, 1, 1)


def lines(days: list[date], amounts: list[int] | int, text: str = "NETFLIX", **given: str) -> pl.DataFrame:
    prices = amounts if isinstance(amounts, list) else [amounts] * len(days)
    rows = [
        {
            "user_id": "u",
            "transaction_id": f"{text}-{number}-{day}",
            "account_id": "a",
            "date": day,
            "amount_minor": price,
            "currency": "EUR",
            "description": text,
            "counterparty": "",
            "category_code": "uncategorised",
        }
        | given
        for number, (day, price) in enumerate(zip(days, prices, strict=True))
    ]
    return pl.DataFrame(rows, schema=LINE_SCHEMA)


def months(day: int, count: int, step: int = 1, year: int = 2024) -> list[date]:
    found = []
    for number in range(count):
        first = date(year + (number * step) // 12, (number * step) % 12 + 1, 1)
        following = (first + timedelta(days=32)).replace(day=1)
        found.append(min(first + timedelta(days=day - 1), following - timedelta(days=1)))
    return found


def rolled(days: list[date]) -> list[date]:
    return [day + timedelta(days=(7 - day.weekday()) % 7 if day.weekday() >= 5 else 0) for day in days]


def every(step: int, count: int) -> list[date]:
    return [START + timedelta(days=4 + step * number) for number in range(count)]


def last_working_days(count: int) -> list[date]:
    days = months(31, count)
    return [day - timedelta(days=max(0, day.weekday() - 4)) for day in days]


def only(found: FoundSeries) -> dict[str, Any]:
    assert found.series.height == 1, found.series
    return found.series.row(0, named=True)


def test_the_lines_are_those_of_the_warehouse() -> None:
    assert LINE_SCHEMA == LINE_COLUMNS


@pytest.mark.parametrize(
    ("days", "cadence"),
    [
        (every(7, 30), "weekly"),
        (every(14, 20), "fortnightly"),
        (every(28, 14), "four_weekly"),
        (months(17, 14), "monthly"),
        (months(31, 14), "monthly"),
        (rolled(months(5, 14)), "monthly"),
        (last_working_days(14), "last_working_day"),
        (sorted(months(1, 8) + months(16, 8)), "semi_monthly"),
        (months(9, 8, 2), "bi_monthly"),
        (months(9, 6, 3), "quarterly"),
        (months(9, 4, 6), "half_yearly"),
        (months(9, 3, 12), "yearly"),
    ],
)
def test_every_cadence_is_known_again(days: list[date], cadence: str) -> None:
    found = only(find_series(lines(days, -1299)))
    assert found["cadence"] == cadence
    assert (found["times"], found["expected_minor"], found["is_fixed"]) == (len(days), -1299, True)


def test_the_next_day_is_moved_as_the_past_was() -> None:
    days = rolled(months(5, 12))
    found = only(find_series(lines(days, -5000)))
    assert found["next_date"] == rolled([date(2025, 1, 5)])[0]


def test_day_31_is_clamped_to_the_month() -> None:
    found = only(find_series(lines(months(31, 13), -5000)))
    assert found["next_date"] == date(2025, 2, 28)


def test_a_rhythm_of_its_own_is_found() -> None:
    dice = random.Random(3)  # noqa: S311 - reproducible
    days = [START]
    while len(days) < 14:
        days.append(days[-1] + timedelta(days=37 + dice.randint(-3, 3)))
    found = only(find_series(lines(days, -3000, "SALON IRIS")))
    assert found["cadence"] == "irregular"
    assert 35 <= (found["next_date"] - days[-1]).days <= 39


def test_a_rise_is_one_series_with_its_price_before() -> None:
    found = only(find_series(lines(months(8, 14), [-999] * 9 + [-1199] * 5)))
    assert (found["expected_minor"], found["price_before_minor"]) == (-1199, -999)
    assert found["price_changed_on"] == date(2024, 10, 8)


def test_amounts_that_vary_have_a_range_that_holds_most_of_them() -> None:
    dice = random.Random(5)  # noqa: S311 - reproducible
    amounts = [-round(6000 * dice.lognormvariate(0, 0.08)) for _ in range(20)]
    found = only(find_series(lines(months(12, 20), amounts, "POWER COMPANY")))
    assert not found["is_fixed"]
    assert found["low_minor"] < found["expected_minor"] < found["high_minor"]
    inside = sum(found["low_minor"] <= amount <= found["high_minor"] for amount in amounts)
    assert inside >= 14


def test_a_day_that_stayed_away_and_one_that_came_twice_are_told() -> None:
    days = months(8, 14)
    days.remove(date(2024, 5, 8))
    found = only(find_series(lines(sorted([*days, date(2024, 9, 9)]), -999)))
    assert (found["missed"], found["doubled"], found["times"]) == (1, 1, 13)


@pytest.mark.parametrize(("silent", "status"), [(0, "active"), (1, "late"), (4, "ended")])
def test_silence_is_late_and_then_the_end(silent: int, status: str) -> None:
    bills = lines(months(8, 12), -999)
    until = date(2024, 12, 20) + timedelta(days=30 * silent)
    other = lines([until], -100, "KIOSK")
    found = only(find_series(pl.concat([bills, other])))
    assert found["status"] == status
    assert (found["next_date"] is None) == (status == "ended")


def test_an_account_that_is_not_known_any_longer_says_nothing_of_an_end() -> None:
    bills = lines(months(8, 12), -999)
    other = lines([date(2026, 1, 1)], -100, "KIOSK", account_id="b")
    assert only(find_series(pl.concat([bills, other])))["status"] == "active"


def test_a_subscription_is_found_among_other_purchases_of_the_same_shop() -> None:
    dice = random.Random(7)  # noqa: S311 - reproducible
    others = [START + timedelta(days=dice.randint(0, 400)) for _ in range(40)]
    shopping = lines(others, [-dice.randint(500, 9000) for _ in others], "AMAZON")
    prime = lines(months(3, 14), -899, "AMAZON")
    found = find_series(pl.concat([shopping, prime]))
    assert found.series.filter((pl.col("expected_minor") == -899) & (pl.col("times") >= 13)).height == 1


def test_everyday_shopping_is_no_series() -> None:
    dice = random.Random(11)  # noqa: S311 - reproducible
    days = sorted(START + timedelta(days=dice.randint(0, 500)) for _ in range(90))
    shopping = lines(days, [-dice.randint(300, 9000) for _ in days], "LIDL 12")
    assert find_series(shopping).series.is_empty()


def test_two_people_are_never_one() -> None:
    one = lines(months(8, 14)[::2], -999)
    other = lines(months(8, 14)[1::2], -999, user_id="v")
    found = find_series(pl.concat([one, other]))
    assert set(found.series["cadence"]) == {"bi_monthly"}
    assert set(found.series["user_id"]) == {"u", "v"}


def test_order_of_lines_decides_nothing_and_ids_stay_as_months_are_added() -> None:
    history = lines(months(8, 16), -999)
    one = find_series(history)
    other = find_series(history.sample(fraction=1.0, shuffle=True, seed=1))
    assert one.series.equals(other.series)
    shorter = find_series(history.head(10))
    assert only(shorter)["series_id"] == only(one)["series_id"]


def test_nothing_gives_nothing() -> None:
    assert find_series(LINE_SCHEMA.to_frame()).series.is_empty()
    assert find_series(lines([START], -100)).series.is_empty()


def test_yearly_cost_of_a_subscription() -> None:
    found = only(find_series(lines(months(8, 14), -999, category_code="streaming")))
    assert found["is_subscription"]
    assert found["yearly_minor"] == pytest.approx(-999 * 12, abs=10)


def test_pay_is_income_and_no_subscription() -> None:
    pay = lines(last_working_days(12), 250_000, "SALARY", counterparty="ACME LTD", category_code="salary")
    found = only(find_series(pay))
    assert (found["direction"], found["is_income"], found["is_subscription"]) == ("in", True, False)
