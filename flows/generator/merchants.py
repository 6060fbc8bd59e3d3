"""Who takes the money: well-known brands, invented local shops, and the billers of each country."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product

from flows.generator.countries import read_toml


@dataclass(frozen=True, slots=True)
class Merchant:
    """Someone who is paid; ``scale`` multiplies the category's usual amount."""

    name: str
    country: str
    category: str
    weight: float
    scale: float
    style: str  # "chain", "local", "online", "amazon", "toast", "biller": decides the noise around its name
    spellings: tuple[str, ...]


LOCAL_WEIGHT = 0.45
EVERYWHERE = "*"


@cache
def _rows(name: str) -> list[dict[str, str]]:
    text = files("flows.generator").joinpath(f"data/{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _brand(row: dict[str, str]) -> Merchant:
    spellings = tuple(row["spellings"].split(";")) if row["spellings"] else (row["name"],)
    return Merchant(
        row["name"],
        row["country"],
        row["category"],
        float(row["weight"]),
        float(row["scale"]),
        row["style"],
        spellings,
    )


def _local_shops(country: str) -> list[Merchant]:
    facts = read_toml("local_shops").get(country, {"words": [], "patterns": {}})
    return [
        Merchant(name, country, category, LOCAL_WEIGHT, 0.9, "local", (name,))
        for category, forms in facts["patterns"].items()
        for name in (form.format(word) for form, word in product(forms, facts["words"]))
    ]


@cache
def merchants(country: str) -> dict[str, tuple[Merchant, ...]]:
    """Merchants that someone living or travelling in a country meets, by category."""
    known = [_brand(row) for row in _rows("merchants") if row["country"] in {country, EVERYWHERE}]
    grouped: dict[str, list[Merchant]] = {}
    for merchant in (*known, *_local_shops(country)):
        grouped.setdefault(merchant.category, []).append(merchant)
    return {category: tuple(found) for category, found in grouped.items()}


@cache
def billers(country: str, category: str) -> tuple[Merchant, ...]:
    """Companies and offices that bill, or pay, by the month."""
    return tuple(
        Merchant(row["name"], country, category, 1.0, 1.0, "biller", tuple(row["spellings"].split(";")))
        for row in _rows("billers")
        if row["country"] in {country, EVERYWHERE} and row["category"] == category
    )
