"""What the categoriser learns from, put together: own words, public lists, labelled lines."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

import polars as pl

from models_ml.categorizer import knowledge

#: What is learned from, below the data folder, with the licence it comes under. Data that may only be
#: evaluated on (personal_transactions, berka) is not named here and never read.
SOURCES = {
    "brands": ("merchants/nsi_brands.csv.gz", "name-suggestion-index, BSD-3-Clause"),
    "mcc": ("merchants/mcc_codes.csv", "greggles/mcc-codes, public domain"),
    "birmingham": (
        "transactions/birmingham_purchase_cards_2014_2018.csv.gz",
        "Birmingham City Council, Open Government Licence",
    ),
}


def read_examples(data: Path, more: pl.DataFrame | None = None) -> pl.DataFrame:
    """All that is learned from, as knowledge.EXAMPLE_SCHEMA: own words, public lists, labelled lines."""
    parts = [
        knowledge.lexicon(),
        knowledge.known_merchants(),
        knowledge.brands(data / SOURCES["brands"][0]),
        knowledge.merchant_code_names(data / SOURCES["mcc"][0]),
        knowledge.birmingham(data / SOURCES["birmingham"][0]),
    ]
    return pl.concat(parts if more is None else [*parts, knowledge.labelled(more)])


def folds(examples: pl.DataFrame, count: int) -> list[pl.Series]:
    """Which examples each fold holds out: all of a shop at once, in every source; general words never."""
    fold = pl.Series(
        [zlib.crc32(merchant.encode()) % count if merchant else -1 for merchant in examples["merchant"]]
    )
    return [fold == number for number in range(count)]


def data_version(examples: pl.DataFrame) -> dict[str, dict[str, int | str]]:
    """How many texts each source gives, and the SHA-256 of them."""
    return {
        str(source): {"texts": len(rows), "sha256": hashlib.sha256(rows.write_csv().encode()).hexdigest()}
        for (source,), rows in examples.group_by("source", maintain_order=True)
    }
