"""What the matchers see of a transaction, in one canonical order, with what its text hints at."""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path

import polars as pl

from models_ml.categorizer.clean import romanised

#: One row per real transaction of a user; ``account_ref`` is the bank's own name of the account.
FACT_SCHEMA = pl.Schema(
    {
        "user_id": pl.String,
        "transaction_id": pl.String,
        "account_id": pl.String,
        "account_ref": pl.String,
        "account_kind": pl.String,
        "institution": pl.String,
        "booked_date": pl.Date,
        "spent_date": pl.Date,
        "amount_minor": pl.Int64,
        "currency": pl.String,
        "description": pl.String,
        "counterparty": pl.String,
        "bank_kind": pl.String,
        "mcc": pl.String,
        "category_code": pl.String,  # what the user or the model said it is; "" where nobody did
    }
)
#: Units of a currency for one euro, as features need them; conversion of money itself is dbt's.
RATE_SCHEMA = pl.Schema({"currency": pl.String, "rate_date": pl.Date, "per_euro": pl.Float64})
ROLES = ("own", "transfer", "card", "cash", "saving", "refund", "share", "person")
#: Facts of equal content are interchangeable, so that the order of imports decides nothing: ids come last.
_CANONICAL = (
    *("user_id", "booked_date", "spent_date", "amount_minor", "currency", "account_ref", "description"),
    *("counterparty", "account_id", "transaction_id"),
)
_WORDS = Path(__file__).parent / "words.csv"
#: Chinese, Japanese and Korean, which write words together.
_IDEOGRAPHS = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc]")
#: Shorter phrases must end where a word ends; longer ones may go on ("Überweisungsgutschrift").
_OPEN_FROM = 6
_SHORTEST_REFERENCE = 4


def prepared(facts: pl.DataFrame) -> pl.DataFrame:
    """Facts (FACT_SCHEMA) in canonical order as ``row`` 0.., with plain text, hints and numbers.

    Adds: row, day (since 1970), size (the amount without its sign), name (the text's words without numbers
    and without words of refunds), words (the same with its numbers), party, a boolean per role of words.csv,
    codes (words with digits) and references (digit groups of four and more).
    """
    ordered = facts.with_columns(
        pl.col(pl.String).exclude("user_id", "transaction_id", "account_id").fill_null("")
    ).sort(_CANONICAL)
    texts = ordered.select("description", "counterparty").unique()
    return (
        ordered.join(_read(texts), ["description", "counterparty"], "left", maintain_order="left")
        .with_columns(
            day=pl.col("booked_date").to_physical().cast(pl.Int32),
            size=pl.col("amount_minor").abs(),
            party=pl.col("counterparty").str.to_lowercase().str.strip_chars(),
        )
        .with_row_index("row")
    )


def _read(texts: pl.DataFrame) -> pl.DataFrame:
    """Per distinct text: what it hints at, its words, and the numbers in it that may name something."""
    said = texts.select(
        pl.concat_str("description", pl.lit(" "), "counterparty").str.to_lowercase().str.normalize("NFKC")
    ).to_series()
    plain, words = pl.col("plain"), pl.col("words")
    return (
        texts.with_columns(romanised(said).alias("plain"))
        .with_columns(*(plain.str.contains(pattern(role)).alias(role) for role in ROLES))
        .with_columns(
            words=pl.when("refund").then(plain.str.replace_all(pattern("refund"), " ")).otherwise(plain)
        )
        .with_columns(
            codes=words.str.extract_all(r"[\p{L}\d]*\d(?:[\p{L}\d]|[./-]\d)+").list.unique(),
            references=plain.str.extract_all(r"\d{4,}"),
            name=words.str.replace_all(r"[\p{L}]*\d[\p{L}\d]*|[^\p{L}\p{M}&]+", " ")
            .str.replace_all(r"\s+", " ")
            .str.strip_chars(),
        )
        .with_columns(words=words.str.replace_all(r"\s+", " ").str.strip_chars())
        .drop("plain")
    )


@cache
def pattern(role: str) -> str:
    """A regular expression for the words of a role, in plain letters; a word's end may differ."""
    phrases = sorted(_phrases(role), key=lambda phrase: (-len(phrase), phrase))
    spaced = [phrase for phrase in phrases if not _IDEOGRAPHS.search(phrase)]
    joined = [re.escape(phrase) for phrase in phrases if _IDEOGRAPHS.search(phrase)]
    worded = [re.escape(phrase) + ("" if len(phrase) >= _OPEN_FROM else r"\b") for phrase in spaced]
    return "|".join([rf"\b(?:{'|'.join(worded)})", *joined]).replace(r"\ ", r"\s+")


def _phrases(role: str) -> set[str]:
    with _WORDS.open(encoding="utf-8", newline="") as file:
        found = [
            phrase
            for row in csv.DictReader(file)
            if row["role"] == role
            for phrase in row["phrases"].split("|")
        ]
    return set(romanised(pl.Series(found).str.to_lowercase().str.normalize("NFKC")).to_list())
