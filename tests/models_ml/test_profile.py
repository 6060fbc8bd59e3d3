"""Learned rhythms lean on others where there is little to go by, and do not depend on the order of rows."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models_ml.profile.fit import (
    DAILY_SCHEMA,
    ORDINARY,
    PROFILE_SCHEMA,
    ProfileParams,
    Window,
    fit,
    window_before,
)
from models_ml.profile.shrink import LEAST_STRENGTH, MOST_STRENGTH, fitted_prior, flat_prior

WINDOW = Window(date(2024, 1, 1), date(2026, 1, 1))
SATURDAY = 5


def saturdays(user: str, count: int) -> list[tuple[str, str, str, date, int]]:
    first = date(2024, 1, 6)
    return [(user, "BG", "groceries", first + timedelta(weeks=week), 5000) for week in range(count)]


def every_day(user: str, count: int) -> list[tuple[str, str, str, date, int]]:
    return [(user, "BG", "groceries", WINDOW.start + timedelta(days=n), 900) for n in range(count)]


def profiles(rows: list[tuple[str, str, str, date, int]]) -> dict[str, dict[str, list[int]]]:
    frame = pl.DataFrame(rows, schema=DAILY_SCHEMA, orient="row")
    return {row["user_id"]: row for row in fit(frame, WINDOW).iter_rows(named=True)}


def test_who_shops_on_saturdays_has_heavy_saturdays() -> None:
    weights = profiles(saturdays("s", 100) + every_day("d", 700))["s"]["weekday_weights"]
    assert weights[SATURDAY] > 4 * ORDINARY
    assert max(weights[:SATURDAY]) < ORDINARY // 2


def test_who_shops_every_day_has_days_alike() -> None:
    weights = profiles(saturdays("s", 100) + every_day("d", 731))["d"]["weekday_weights"]
    assert all(weight == pytest.approx(ORDINARY, rel=0.1) for weight in weights)


def test_a_newcomer_leans_on_the_others() -> None:
    others = [row for n in range(20) for row in saturdays(f"s{n}", 60)]
    found = profiles([*others, ("new", "BG", "groceries", date(2025, 12, 1), 1000)])
    assert found["new"]["weekday_weights"][SATURDAY] > 2 * ORDINARY
    assert found["new"]["own_share"] < found["s0"]["own_share"]


def test_the_order_of_rows_does_not_matter() -> None:
    rows = saturdays("s", 40) + every_day("d", 90)
    assert profiles(rows) == profiles(rows[::-1])


def test_weights_are_as_many_as_there_are_days_and_keep_their_bounds() -> None:
    params = ProfileParams()
    for row in profiles(saturdays("s", 3) + every_day("d", 9)).values():
        for kind, cells in (("weekday", 7), ("day", 31), ("season", 12)):
            weights = row[f"{kind}_weights"]
            assert len(weights) == cells
            assert all(params.least_weight <= weight <= params.most_weight for weight in weights)


def test_what_is_outside_the_window_or_came_back_is_not_looked_at() -> None:
    rows = [("a", "BG", "groceries", WINDOW.end, 100), ("a", "BG", "groceries", WINDOW.start, -100)]
    assert fit(pl.DataFrame(rows, schema=DAILY_SCHEMA, orient="row"), WINDOW).is_empty()


def test_nobody_has_no_profile() -> None:
    found = fit(pl.DataFrame(schema=DAILY_SCHEMA), WINDOW)
    assert found.schema == PROFILE_SCHEMA


def test_people_who_differ_make_a_weak_prior_and_people_alike_a_strong_one() -> None:
    chance = np.random.default_rng(7)
    base = flat_prior(np.ones(7))
    alike = chance.multinomial(200, np.ones(7) / 7, size=200).astype(float)
    different = np.stack([chance.multinomial(200, chance.dirichlet(np.ones(7) * 2)) for _ in range(200)])
    assert fitted_prior(alike, base).strength > 10 * fitted_prior(different.astype(float), base).strength
    assert fitted_prior(different.astype(float), base).strength == pytest.approx(14, rel=0.3)  # 7 cells of 2
    assert LEAST_STRENGTH <= fitted_prior(alike, base).strength <= MOST_STRENGTH


def test_the_window_ends_with_the_last_complete_month() -> None:
    assert window_before(date(2026, 3, 31), 24) == Window(date(2024, 3, 1), date(2026, 3, 1))
