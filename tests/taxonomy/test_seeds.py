from __future__ import annotations

import csv
import re
import zipfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from models_ml import taxonomy
from warehouse.money import allocate

HERE = Path(__file__).parent
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
CLIENT_VALUES = {
    *("food", "dining", "groceries", "transportation", "gas", "public_transport", "entertainment"),
    *("shopping", "clothing", "healthcare", "insurance", "utilities", "rent", "mortgage", "education"),
    *("childcare", "pets", "travel", "subscriptions", "gifts", "charity", "other"),
}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def seed(name: str) -> list[dict[str, str]]:
    return rows(taxonomy.SEEDS / f"{name}.csv")


def test_needs_give_up_money_after_savings_and_savings_after_wants() -> None:
    order = [row["group_code"] for row in sorted(seed("categories"), key=lambda row: int(row["priority"]))]
    assert list(dict.fromkeys(order)) == ["need", "saving", "want", "income", "transfer"]


@pytest.mark.parametrize("group", ["need", "want", "saving"])
def test_budget_weights_of_a_group_make_the_whole(group: str) -> None:
    weights = [int(row["budget_weight"]) for row in seed("categories") if row["group_code"] == group]
    assert sum(weights) == 10_000
    assert sum(allocate(123_457, weights)) == 123_457


def test_income_and_transfers_hold_no_budget() -> None:
    without = {row["group_code"] for row in seed("categories") if row["budget_weight"] == ""}
    assert without == {"income", "transfer"}


def test_only_needs_and_savings_are_protected() -> None:
    assert {row["group_code"] for row in seed("categories") if row["is_protected"] == "true"} == {
        "need",
        "saving",
    }


def test_colours_are_what_the_client_can_draw() -> None:
    assert all(re.fullmatch(r"#[0-9A-F]{6}", row["color"]) for row in seed("categories"))


def test_what_the_client_sends_is_what_it_is_shown() -> None:
    leaf_of = {row["client_code"]: row["category_code"] for row in seed("client_categories")}
    sent = {
        row["client_code"] for row in seed("client_categories") if row["is_transaction_category"] == "true"
    }
    assert sent == CLIENT_VALUES
    assert {value: taxonomy.categories()[leaf_of[value]].client_code for value in sent} == {
        value: value for value in sent
    }


def test_merchant_codes_are_four_digits_and_cover_airlines_rentals_and_hotels() -> None:
    codes = [row["mcc"] for row in seed("category_mcc")]
    assert all(re.fullmatch(r"\d{4}", code) for code in codes)
    assert max(Counter(codes).values()) == 1
    assert [taxonomy.category_for_mcc(code) for code in ("3000", "3390", "3999", "0742", "742")] == [
        "flights",
        "travel_other",
        "hotels",
        "pets",
        "pets",
    ]


def test_every_published_merchant_code_has_a_leaf(realdata: Path) -> None:
    published = {row["mcc"] for row in rows(realdata / "merchants" / "mcc_codes.csv")}
    assert published <= set(taxonomy.merchant_codes())
    assert {found.category_code for found in taxonomy.merchant_codes().values()} <= set(taxonomy.leaf_codes())


def test_unknown_merchant_codes_have_no_leaf() -> None:
    assert [taxonomy.category_for_mcc(mcc) for mcc in (None, "", "0001", "9998")] == [None] * 4


def test_group_and_primary_of_a_leaf() -> None:
    assert (taxonomy.group_of("fuel"), taxonomy.primary_of("fuel")) == ("need", "TRANSPORTATION")
    with pytest.raises(KeyError):
        taxonomy.group_of("no such leaf")


def test_budget_weights_follow_from_household_statistics(realdata: Path) -> None:
    reference = realdata / "reference"
    spent, divisions = _american_items(reference), _european_divisions(reference)
    sources = rows(HERE / "budget_weight_sources.csv")
    parts = {
        row["category_code"]: sum(spent[item] for item in row["items"].split("|") if item)
        * int(row["per_mille"])
        // 1000
        for row in sources
    }
    division_of = {row["category_code"]: row["division"] for row in sources}
    whole: Counter[str] = Counter()
    for code, part in parts.items():
        whole[division_of[code]] += part
    share = {
        code: divisions.get(division_of[code], 0.0) * part / max(whole[division_of[code]], 1)
        for code, part in parts.items()
    }
    for row in seed("categories"):
        if row["group_code"] in {"need", "want"}:
            group = [code for code in share if taxonomy.group_of(code) == row["group_code"]]
            expected = 10_000 * share[row["code"]] / sum(share[code] for code in group)
            assert int(row["budget_weight"]) == pytest.approx(expected, abs=1)


def _american_items(reference: Path) -> dict[str, int]:
    """Aggregate expenditure in millions of dollars by item, from the BLS table of 2017."""
    with zipfile.ZipFile(reference / "bls_cex_2017" / "quintile.xlsx") as book:
        strings = [
            "".join(text.text or "" for text in entry.iter(f"{SHEET}t"))
            for entry in ET.fromstring(book.read("xl/sharedStrings.xml"))  # noqa: S314  (a file we name)
        ]
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    items: dict[str, int] = {}
    for row in sheet.iter(f"{SHEET}row"):
        label, value = [*(cell.find(f"{SHEET}v") for cell in row), None, None][:2]
        if label is not None and value is not None and str(value.text).replace(".", "").isdigit():
            items.setdefault(strings[int(str(label.text))].strip(), int(float(str(value.text))))
    return items


def _european_divisions(reference: Path) -> dict[str, float]:
    """Mean over 27 countries of each COICOP division's share of household spending."""
    countries = rows(reference / "household_expenditure_eu" / "expendituresEU.csv")
    names = [name for name in countries[0] if name != "rownames"]
    totals = [sum(int(country[name]) for name in names) for country in countries]
    return {
        name: sum(int(country[name]) / total for country, total in zip(countries, totals, strict=True))
        / len(countries)
        for name in names
    }
