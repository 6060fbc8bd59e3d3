"""The seeds of currencies say what the Python side knows."""

from __future__ import annotations

import csv
from decimal import Decimal

from iso4217 import Currency

from flows.dbt import project_folder
from warehouse.money import WITHDRAWN, exponent


def seed(name: str) -> list[dict[str, str]]:
    with (project_folder() / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_currency_with_a_minor_unit_is_in_the_seed_with_its_decimals() -> None:
    seeded = {row["code"]: int(row["exponent"]) for row in seed("currencies")}
    known = {each.code for each in Currency if each.exponent is not None} | set(WITHDRAWN)
    assert seeded == {code: exponent(code) for code in known}


def test_the_lev_and_the_mark_are_fixed_alike() -> None:
    fixed = {row["currency"]: Decimal(row["units_per_euro"]) for row in seed("fixed_rates")}
    assert fixed["BGN"] == fixed["DEM"] == Decimal("1.95583")
    assert fixed["EUR"] == 1
    assert len(fixed) == 22
