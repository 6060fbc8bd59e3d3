"""Entries from the lines of files, as the warehouse makes them of what is stored."""

from __future__ import annotations

import polars as pl

from models_ml.identity.evidence import COVERAGE_SCHEMA, ENTRY_SCHEMA


def coverage_of(lines: pl.DataFrame) -> pl.DataFrame:
    """What each file covers of each account (COVERAGE_SCHEMA, and ``name``), files in order of their days.

    ``lines`` has account_id, name (of the file), booked_date, source_format.
    """
    return (
        lines.group_by("account_id", "name")
        .agg(
            first_date=pl.col("booked_date").min(),
            last_date=pl.col("booked_date").max(),
            source_format=pl.col("source_format").first(),
        )
        .sort("account_id", "first_date", "last_date", "name")
        .with_columns(file=pl.int_range(1, pl.len() + 1).over("account_id").cast(pl.Int32))
        .select(*COVERAGE_SCHEMA.names(), "name")
    )


def entries_of(lines: pl.DataFrame, coverage: pl.DataFrame) -> pl.DataFrame:
    """The entries (ENTRY_SCHEMA) of lines that carry entry_id, account_id and name of their file.

    Of what several files say of one entry the greatest counts, so that their order does not.
    """
    by_file = lines.join(coverage.select("account_id", "name", "file"), on=["account_id", "name"]).sort(
        "account_id", "file", "line_number"
    )
    days = pl.col("booked_date")
    falls = (days.last() < days.first()).over("account_id", "file", order_by="line_number")
    return (
        by_file.with_columns(position=pl.col("line_number") * pl.when(falls).then(-1).otherwise(1))
        .group_by("account_id", "entry_id", maintain_order=True)
        .agg(
            days.min(),
            pl.col("value_date").max(),
            pl.col("amount_minor").min(),
            is_pending=(pl.col("status") == "pending").all(),
            description=pl.col("description").max(),
            bank_reference=pl.col("bank_reference").max(),
            balance_minor=pl.col("balance_minor").max(),
            position=pl.col("position").first(),
            files=pl.col("file").unique().sort(),
        )
        .select(pl.col(name).cast(kind) for name, kind in ENTRY_SCHEMA.items())
    )
