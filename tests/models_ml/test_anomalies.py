"""What is odd is found by what was known before, once, and told in facts."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from polars.testing import assert_frame_equal

from models_ml.anomalies.choose import alert_key, chosen, shipped
from models_ml.anomalies.choose import weighed as weighed_by
from models_ml.anomalies.detect import FACT_SCHEMA
from models_ml.anomalies.detect import candidates as candidates_among

DAY = date(2025, 1, 1)


def facts(*extra: dict[str, object]) -> pl.DataFrame:
    rows = [
        {
            "user": "u",
            "ref": f"g{number:03}",
            "day": DAY + timedelta(days=2 * number),
            "amount": 3000 + 37 * (number % 11),
            "category": "groceries",
            "group": "need",
            "merchant": f"shop {number % 3}",
            "account": "a",
            "is_foreign": False,
        }
        for number in range(90)
    ]
    base = {**rows[0], "ref": "x", "day": DAY + timedelta(days=181)}
    return pl.DataFrame([*rows, *({**base, **each} for each in extra)], schema=FACT_SCHEMA)


def candidates(rows: pl.DataFrame) -> pl.DataFrame:
    return candidates_among(rows, shipped().everybody)


def weighed(found: pl.DataFrame, opinions: pl.DataFrame | None = None) -> pl.DataFrame:
    return weighed_by(found, shipped().kinds, opinions)


def kinds(rows: pl.DataFrame, ref: str = "x") -> set[str]:
    return set(candidates(rows).filter(pl.col("ref") == ref)["kind"])


def test_a_shop_that_takes_ten_times_as_much_is_odd() -> None:
    assert "unusual_amount" in kinds(facts({"amount": 31_000}))
    assert "unusual_amount" not in kinds(facts({"amount": 3_100}))


def test_the_same_sum_twice_in_a_day_is_odd_and_a_week_later_is_not() -> None:
    once = {"ref": "w", "amount": 4711, "merchant": "fuel", "day": DAY + timedelta(days=180)}
    assert "duplicate_charge" in kinds(facts(once, {"amount": 4711, "merchant": "fuel"}))
    late = {"amount": 4711, "merchant": "fuel", "day": DAY + timedelta(days=190)}
    assert "duplicate_charge" not in kinds(facts(once, late))


def test_a_bill_that_rises_is_told_with_what_it_was() -> None:
    bills: list[dict[str, object]] = [
        {
            "ref": f"b{n}",
            "amount": 1299 if n < 5 else 1499,
            "merchant": "tv",
            "day": DAY + timedelta(days=30 * n),
        }
        for n in range(6)
    ]
    found = candidates(facts(*bills)).filter(pl.col("kind") == "price_rise")
    assert found.select("ref", "usual", "amount").rows() == [("b5", 1299, 1499)]


def test_income_that_does_not_come_is_told_once_and_not_while_it_may_still_come() -> None:
    pay = [
        {
            "ref": f"p{n}",
            "amount": -200_000,
            "merchant": "work",
            "category": "salary",
            "group": "income",
            "day": DAY + timedelta(days=30 * n),
        }
        for n in range(5)
    ]
    assert "missing_income" in kinds(facts(*pay), "p4")
    assert "missing_income" not in kinds(facts(*pay).filter(pl.col("day") < DAY + timedelta(days=150)), "p4")


def test_what_comes_later_changes_nothing_of_what_was_said() -> None:
    told = weighed(candidates(facts({"amount": 31_000})))
    later = {"ref": "y", "amount": 90_000, "day": DAY + timedelta(days=200)}
    again = weighed(candidates(facts({"amount": 31_000}, later)))
    assert not told.is_empty()
    assert_frame_equal(again.filter(pl.col("ref") != "y"), told)


def test_who_else_is_looked_at_changes_nothing_of_what_is_said_of_a_person() -> None:
    mine = facts({"amount": 31_000}, {"ref": "d", "amount": 31_000})
    others = facts({"amount": 500_000}).with_columns(user=pl.lit("v"), amount=pl.col("amount") * 40)
    alone, among = (weighed(candidates(rows)) for rows in (mine, pl.concat([others, mine])))
    assert set(alone["kind"]) == {"unusual_amount", "duplicate_charge"}
    assert_frame_equal(among.filter(pl.col("user") == "u"), alone)


def test_one_alert_a_week_and_one_a_thing() -> None:
    odd = [
        {"ref": f"x{n}", "amount": 60_000 + n, "is_foreign": True, "merchant": f"far {n}"} for n in range(3)
    ]
    shown = chosen(weighed(candidates(facts(*odd)))).filter("is_shown")
    assert shown.height <= 1
    assert shown["ref"].n_unique() == shown.height


def test_a_key_is_made_of_facts() -> None:
    assert alert_key("pace", DAY, 5, " Shop ") == alert_key("pace", DAY, 5, "shop")
    assert alert_key("pace", DAY, 5, "shop") != alert_key("pace", DAY, 6, "shop")
