"""A challenger takes the champion's place only if it is better for certain."""

from __future__ import annotations

import random
from datetime import date, timedelta

import polars as pl

from models_ml.promotion import PromotionParams, compare, split, verdict

PARAMS = PromotionParams()
MERCHANTS = [f"shop {number % 120}" for number in range(600)]


def sides(champion: float, challenger: float, seed: int = 1) -> tuple[list[str], list[str], list[str]]:
    dice = random.Random(seed)  # noqa: S311 - reproducible
    truth = ["a"] * len(MERCHANTS)
    return (
        truth,
        ["a" if dice.random() < champion else "b" for _ in truth],
        ["a" if dice.random() < challenger else "b" for _ in truth],
    )


def judged(champion: float, challenger: float) -> bool:
    sets = [
        compare(name, *sides(champion, challenger, seed), MERCHANTS, PARAMS) for seed, name in enumerate("xy")
    ]
    return verdict(sets, PARAMS).is_better


def test_a_better_one_is_promoted_and_a_worse_one_refused() -> None:
    assert judged(0.80, 0.90)
    assert not judged(0.90, 0.80)


def test_one_that_is_as_good_is_refused() -> None:
    assert not judged(0.85, 0.85)


def test_one_that_is_better_here_and_worse_there_is_refused() -> None:
    better = compare("later", *sides(0.7, 0.9), MERCHANTS, PARAMS)
    worse = compare("apart", *sides(0.9, 0.8), MERCHANTS, PARAMS)
    found = verdict([better, worse], PARAMS)
    assert not found.is_better
    assert "apart" in found.reason


def test_few_lines_prove_nothing() -> None:
    few = compare("few", ["a"] * 10, ["b"] * 10, ["a"] * 10, [str(n) for n in range(10)], PARAMS)
    assert not verdict([few], PARAMS).is_better
    assert not verdict([], PARAMS).is_better


def test_many_lines_of_one_merchant_count_as_little_more_than_one() -> None:
    truth, champion, challenger = ["a"] * 500, ["b"] * 500, ["a"] * 500
    one_shop = ["shop"] * 498 + ["x", "y"]
    champion[-2:], challenger[-2:] = ["a", "a"], ["b", "b"]
    found = compare("one shop", truth, champion, challenger, one_shop, PARAMS)
    assert found.difference > 0.9
    assert found.low < 0


def test_what_is_checked_was_not_learned() -> None:
    corrections = pl.DataFrame(
        {
            "merchant": [f"shop {number % 60}" for number in range(300)],
            "spent_date": [date(2026, 1, 1) + timedelta(days=number) for number in range(300)],
        }
    ).with_row_index("row")
    learned, later, apart = split(corrections, PARAMS)
    assert set(learned["merchant"]).isdisjoint(apart["merchant"])
    assert learned["spent_date"].max() < later["spent_date"].min()  # type: ignore[operator]
    assert not set(learned["row"]) & (set(later["row"]) | set(apart["row"]))
    assert 0 < later.height < 100
    assert 0 < apart.height < 150
