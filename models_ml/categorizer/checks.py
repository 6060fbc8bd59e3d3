"""Lines whose leaves are known, to check on: how each source tells its truth."""

from __future__ import annotations

import polars as pl

from models_ml.categorizer import knowledge
from models_ml.categorizer.clean import clean_descriptors, inflows, romanised
from models_ml.taxonomy import UNCATEGORISED, leaf_codes

#: Real bank lines of a country that nothing is learned from; scored only.
SOUTH_AFRICA = "transactions/za_transactions.csv"


def as_purchases(rows: pl.DataFrame) -> pl.DataFrame:
    """Cleaned descriptions as lines that scoring takes: money out, no merchant code, no bank's kind."""
    return pl.DataFrame({"cleaned": clean_descriptors(rows["description"])}).with_columns(
        pl.lit(value=False).alias("inflow"), pl.lit("").alias("mcc"), pl.lit("").alias("kind")
    )


def truth_of(rows: pl.DataFrame) -> list[frozenset[str]]:
    """The leaves that each example may truly have: of a brand all kinds of shop that lists name it for."""
    wide = knowledge.birmingham_leaves()
    cleaned = rows.with_columns(romanised(clean_descriptors(rows["description"])).alias("name"))
    listed = cleaned.with_columns(
        pl.col("category_code").unique().over("source", "name", mapping_strategy="join")
    )
    return [
        wide[code] if source == "birmingham" else frozenset(codes if source == "brands" else [code])
        for source, code, codes in zip(
            rows["source"], rows["category_code"], listed["category_code"].to_list(), strict=True
        )
    ]


def south_african(lines: pl.DataFrame) -> tuple[pl.DataFrame, list[frozenset[str]]]:
    """The South African lines whose label has leaves, with description, and those leaves."""
    leaves = knowledge.south_african_leaves()
    known = lines.filter(pl.col("label").is_in(list(leaves)))
    amount = known["amount"].str.replace_all(r"[^\d.-]", "").cast(pl.Float64, strict=False)
    frame = as_purchases(known).with_columns(
        known["description"], inflows(known["description"], amount).alias("inflow")
    )
    return frame, [leaves[label] for label in known["label"]]


def written_lines() -> tuple[pl.DataFrame, list[frozenset[str]]]:
    """The bank lines that were written to check on, with the leaves that each may have."""
    known = knowledge.written_lines()
    frame = as_purchases(known).with_columns(
        known["description"], inflows(known["description"], known["amount_minor"]).alias("inflow")
    )
    return frame, [frozenset(codes.split("|")) for codes in known["category_codes"]]


def simulated_lines(events: pl.DataFrame) -> tuple[pl.DataFrame, list[frozenset[str]]]:
    """Distinct posted lines of a simulated bank (its truth/events.parquet) with their leaves."""
    known = events.filter(
        pl.col("posted")
        & pl.col("category").cast(pl.String).is_in(list(leaf_codes()))
        & (pl.col("category").cast(pl.String) != UNCATEGORISED)
    ).with_columns(pl.col("description").fill_null(""))
    known = known.with_columns(clean_descriptors(known["description"]).alias("cleaned")).unique(
        ["cleaned", "category"], maintain_order=True
    )
    frame = as_purchases(known).with_columns(
        known["description"], inflows(known["description"], known["amount_minor"]).alias("inflow")
    )
    return frame, [frozenset({code}) for code in known["category"].cast(pl.String)]


def lexicon_phrases() -> dict[str, str]:
    """Romanised phrases of the lexicon with their leaves."""
    words = knowledge.lexicon()
    texts = romanised(clean_descriptors(words["description"])).to_list()
    return {text: code for text, code in zip(texts, words["category_code"], strict=True) if text}
