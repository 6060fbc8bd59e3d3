"""A line's content as a key: equal lines of two files are one entry, equal lines of one file are counted."""

from __future__ import annotations

import hashlib
from uuid import UUID

import polars as pl

#: Digits of SHA-256 that are kept: 128 bits, as many as a UUID holds.
KEY_DIGITS = 32


def content_digests(lines: pl.DataFrame) -> pl.Series:
    """What each line says (STATEMENT_LINE_SCHEMA), as 32 hexadecimal digits.

    Date and amount always belong to it, since some banks use a reference twice; then the bank's own
    reference, or the text where there is none, in any case and spacing.
    """
    text = pl.col("description").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    said = pl.coalesce(pl.format("ref:{}", "bank_reference"), pl.format("text:{}", text))
    contents = lines.select(
        pl.concat_str(
            pl.col("booked_date").cast(pl.String).fill_null(""),
            pl.col("amount_minor").cast(pl.String).fill_null(""),
            said.fill_null(""),
            separator="|",
        )
    ).to_series()
    return pl.Series("digest", [_digest(content) for content in contents], pl.String)


def repeated(digests: pl.DataFrame) -> pl.DataFrame:
    """Of a whole file's lines, those that say what an earlier one of the same account says.

    ``digests`` has line_number, account_ref, currency, digest. Gives line_number and occurrence (2 for the
    second such line, and so on), in the file's order.
    """
    same = ["account_ref", "currency", "digest"]
    occurrence = pl.int_range(1, pl.len() + 1).over(same, order_by="line_number").alias("occurrence")
    return (
        digests.filter(pl.struct(same).is_duplicated())
        .select("line_number", occurrence)
        .filter(pl.col("occurrence") > 1)
        .sort("line_number")
    )


def content_keys(digests: pl.DataFrame, repeats: pl.DataFrame) -> pl.Series:
    """The key of each line as UUID text: its content, and which of the equal lines of its file it is."""
    counted = digests.join(repeats, on="line_number", how="left", maintain_order="left")
    keys = [
        digest if occurrence is None else _digest(f"{digest}|{occurrence}")
        for digest, occurrence in counted.select("digest", "occurrence").iter_rows()
    ]
    return pl.Series("content_key", keys, pl.String)


def entry_id(account_id: UUID, content_key: str) -> UUID:
    """The id of an account's entry, as the warehouse's ``app.entry_id`` computes it."""
    joined = f"{account_id}{UUID(content_key)}"
    return UUID(hashlib.md5(joined.encode(), usedforsecurity=False).hexdigest())


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:KEY_DIGITS]
