"""The product's categories for Python: the dbt seeds, read once and never copied."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SEEDS = Path(__file__).resolve().parent.parent / "dbt_project" / "seeds"
UNCATEGORISED = "uncategorised"


@dataclass(frozen=True, slots=True)
class Category:
    """One leaf: what it is for, and what aggregators and the existing client call it."""

    code: str
    group_code: str  # need, want, saving, income or transfer
    primary_code: str
    client_code: str


@dataclass(frozen=True, slots=True)
class MerchantCode:
    """The usual leaf of a merchant category code, and whether the code alone settles it."""

    category_code: str
    is_decisive: bool


@cache
def categories() -> dict[str, Category]:
    """Every leaf by its code, in order of priority."""
    return {
        row["code"]: Category(row["code"], row["group_code"], row["primary_code"], row["client_code"])
        for row in _rows("categories")
    }


@cache
def leaf_codes() -> tuple[str, ...]:
    """The codes that a transaction may carry, in order of priority."""
    return tuple(categories())


@cache
def flexible_codes() -> tuple[str, ...]:
    """Needs and wants that are spent as one goes, bills apart."""
    return tuple(
        row["code"]
        for row in _rows("categories")
        if row["group_code"] in {"need", "want"} and row["pattern"] != "fixed"
    )


def group_of(code: str) -> str:
    """The group of a leaf; raises KeyError for a code outside the taxonomy."""
    return categories()[code].group_code


def primary_of(code: str) -> str:
    """The aggregators' primary category of a leaf; raises KeyError for a code outside the taxonomy."""
    return categories()[code].primary_code


@cache
def merchant_codes() -> dict[str, MerchantCode]:
    """What each merchant category code (four digits) says, for every code that is assigned."""
    return {
        row["mcc"]: MerchantCode(row["category_code"], row["is_decisive"] == "true")
        for row in _rows("category_mcc")
    }


def category_for_mcc(mcc: str | None) -> str | None:
    """The usual leaf of a merchant category code, or None when the code is absent or unassigned."""
    found = merchant_codes().get((mcc or "").strip().zfill(4))
    return found.category_code if found else None


def _rows(seed: str) -> list[dict[str, str]]:
    with (SEEDS / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
