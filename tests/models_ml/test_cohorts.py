"""Nobody can be found in what is told of groups."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from models_ml.clusters.cohorts import K, cohort_keys, percentile, release

MONTH, SECRET = date(2026, 3, 1), b"only the platform knows"


def people(count: int, *, country: str = "BG", first: int = 0, seed: int = 1) -> pl.DataFrame:
    dice = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "user": [f"u{first + number}" for number in range(count)],
            "country": [country] * count,
            "income_band": ["middle"] * count,
            "signup_month": ["2026-01"] * count,
            "cluster": ["1"] * count,
            "saving_rate": dice.normal(0.1, 0.1, count),
            "is_active": dice.integers(0, 2, count).astype(float),
        }
    )


def released(rows: pl.DataFrame, month: date = MONTH) -> pl.DataFrame:
    return release(rows, ["saving_rate"], ["is_active"], month, SECRET)


@pytest.mark.parametrize(("count", "is_told"), [(19, False), (20, True)])
def test_a_cohort_of_nineteen_is_not_served(count: int, is_told: bool) -> None:  # noqa: FBT001
    assert (released(people(count)).height > 0) is is_told


def test_a_small_group_beside_a_large_one_cannot_be_reckoned_from_the_rest() -> None:
    both = pl.concat([people(100), people(19, country="DE", first=100)])
    told = set(released(both)["cohort"])
    assert not {key for key in told if "country" in key}
    assert "everybody" in told


def test_no_two_groups_differ_by_fewer_than_k() -> None:
    dice = np.random.default_rng(4)
    rows = people(400).with_columns(
        country=pl.Series(dice.choice(["BG", "DE", "FR"], 400, p=[0.6, 0.35, 0.05])),
        cluster=pl.Series(dice.choice(["1", "2", "3"], 400, p=[0.5, 0.45, 0.05])),
    )
    members = {
        key: {
            row["user"]
            for row in rows.rows(named=True)
            if key == "everybody" or key in cohort_keys({n: row[n] for n in rows.columns[1:5]})
        }
        for key in set(released(rows)["cohort"])
    }
    for one in members.values():
        for other in members.values():
            if one < other:
                assert len(other - one) >= K


def test_who_has_no_figure_does_not_hide_the_one_who_has() -> None:
    abroad = people(20, country="DE", first=40).with_columns(
        saving_rate=pl.when(pl.col("user") == "u40").then(0.9)
    )
    told = released(pl.concat([people(40), abroad]))
    # Everybody less Bulgaria would be that one person.
    saving = set(told.filter(pl.col("measure") == "saving_rate")["cohort"])
    assert "everybody" in saving
    assert not {key for key in saving if "country" in key}
    assert {"country=BG", "country=DE"} <= set(told.filter(pl.col("measure") == "is_active")["cohort"])


def test_a_difference_of_two_days_within_a_month_gains_nothing() -> None:
    before, after = people(50), pl.concat([people(50), people(1, first=50, seed=9)])
    # The flow releases a month once; asked twice for the same people the noise is the same as well.
    assert released(before).equals(released(before))
    # And were it released again with one more person, noise moves the figures more than that person can.
    shifts = []
    for number in range(200):
        secret = f"key {number}".encode()
        told = [
            release(rows, ["saving_rate"], [], MONTH, secret).filter(pl.col("cohort") == "everybody")["p50"][
                0
            ]
            for rows in (before, after)
        ]
        shifts.append(told[1] - told[0])
    exact = abs(float(np.median(after["saving_rate"])) - float(np.median(before["saving_rate"])))
    assert np.std(shifts) > 3 * exact


def test_equal_groups_are_told_equally_whatever_they_are_called() -> None:
    told = released(people(40))
    medians = told.filter(pl.col("measure") == "saving_rate")["p50"].unique()
    assert len(medians) == 1


def test_a_percentile_is_between_five_and_ninety_five_and_grows() -> None:
    quartiles = (0.1, 0.2, 0.4)
    told = [percentile(value, quartiles) for value in (-5.0, 0.1, 0.15, 0.2, 0.3, 0.4, 9.0)]
    assert told == sorted(told)
    assert (told[0], told[1], told[3], told[5], told[-1]) == (5, 25, 50, 75, 95)
