"""Derives ``regional_budget_weights.csv`` from Eurostat's household budget survey (about 2005).

``python -m tools.regional_weights expendituresEU.csv`` reads mean expenditure by country and COICOP division
as the R package robCompositions publishes it (the package GPL-2 or later; the figures Eurostat's, free to
reuse with the source named). Only shares are taken from it. A division is divided among our categories by
the taxonomy's own weights, and the weights of a group sum to 10,000.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from warehouse.money import allocate

SEEDS = Path(__file__).resolve().parent.parent / "dbt_project" / "seeds"
#: Eurostat's short names of countries that are not their ISO codes.
ISO = {
    "B": "BE",
    "A": "AT",
    "D": "DE",
    "E": "ES",
    "EL": "GR",
    "F": "FR",
    "I": "IT",
    "IRL": "IE",
    "L": "LU",
    "P": "PT",
}
ISO |= {"FIN": "FI", "S": "SE", "UK": "GB", "EST": "EE", "H": "HU", "M": "MT", "SLO": "SI", "R": "RO"}
DIVISIONS = {
    "Food": ("groceries",),
    "Alcohol": ("bars_alcohol", "tobacco"),
    "Clothing": ("clothing",),
    "Housing": ("rent", "mortgage", "electricity", "gas_heating", "water", "home_maintenance"),
    "Furnishings": ("furniture_home", "household_supplies"),
    "Health": ("pharmacy", "doctor_dentist"),
    "Transport": (
        *("public_transport", "fuel", "car_payment", "car_maintenance", "parking_tolls"),
        *("taxi", "flights"),
    ),
    "Communications": ("mobile_phone", "internet", "postage"),
    "Recreation": (
        *("pets", "sports_fitness", "books_media", "electronics", "streaming", "software_subscriptions"),
        *("hobbies", "entertainment", "games", "travel_other"),
    ),
    "Education": ("education",),
    "Restaurants": ("coffee", "fast_food", "restaurants", "hotels"),
    "Other": (
        *("childcare", "health_insurance", "car_insurance", "home_insurance", "life_insurance", "bank_fees"),
        *("professional_services", "personal_care", "general_shopping", "gifts", "charity"),
    ),
}
GROUP_TOTAL = 10_000


def main(source: Path) -> None:
    """Write the seed, a line per country and category."""
    with (SEEDS / "categories.csv").open(encoding="utf-8") as file:
        taxonomy = [row for row in csv.DictReader(file) if row["group_code"] in {"need", "want"}]
    with source.open(encoding="utf-8") as file, (SEEDS / "regional_budget_weights.csv").open("w") as seed:
        writer = csv.writer(seed, lineterminator="\n")
        writer.writerow(("country", "category_code", "budget_weight"))
        for row in sorted(csv.DictReader(file), key=lambda row: ISO.get(row["rownames"], row["rownames"])):
            country = ISO.get(row["rownames"], row["rownames"])
            writer.writerows((country, code, weight) for code, weight in country_weights(row, taxonomy))


def country_weights(spending: Mapping[str, str], taxonomy: list[dict[str, str]]) -> Iterator[tuple[str, int]]:
    """Weights of one country; categories outside of the survey keep the taxonomy's share of their group."""
    seed = {row["code"]: int(row["budget_weight"]) for row in taxonomy}
    surveyed = {code for codes in DIVISIONS.values() for code in codes}
    scaled = {
        code: minor
        for division, codes in DIVISIONS.items()
        for code, minor in zip(
            codes, allocate(int(spending[division]) * 1000, [seed[code] for code in codes]), strict=True
        )
    }
    for group in ("need", "want"):
        codes = [row["code"] for row in taxonomy if row["group_code"] == group]
        kept = [code for code in codes if code not in surveyed]
        left = GROUP_TOTAL - sum(seed[code] for code in kept)
        inside = [code for code in codes if code in surveyed]
        shares = dict(zip(inside, allocate(left, [scaled[code] for code in inside]), strict=True))
        yield from ((code, shares.get(code, seed[code])) for code in codes)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
