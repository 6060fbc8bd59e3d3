"""The generator's truth as the matchers see it: events as transactions, and which of them belong together."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from models_ml.links.facts import FACT_SCHEMA

#: One row per link that is true; the columns mean what they mean in match.LINK_SCHEMA.
TRUTH_SCHEMA = pl.Schema({"kind": pl.String, "source": pl.String, "target": pl.String})


def read_truth(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Facts (FACT_SCHEMA) and true links (TRUTH_SCHEMA) of a generated bank, from its ``truth`` folder.

    Texts are as the bank wrote them, days those of booking. A merchant's code is known where the account's
    files carry it (OFX), a counterparty where they carry that (CAMT and some tables).
    """
    events = (
        pl.read_parquet(folder / "events.parquet")
        .filter("posted")
        .with_columns(pl.col(pl.Categorical).cast(pl.String))
    )
    accounts = pl.read_parquet(folder / "accounts.parquet").with_columns(
        pl.col(pl.Categorical).cast(pl.String)
    )
    facts = _facts(events, accounts)
    return facts, _links(events)


def _facts(events: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    known = accounts.select("account", "account_ref", "institution", "file_format", account_kind="kind")
    return (
        events.join(known, "account")
        .select(
            user_id="user",
            transaction_id="event_id",
            account_id="account",
            account_ref="account_ref",
            account_kind="account_kind",
            institution="institution",
            booked_date="booked_date",
            spent_date="booked_date",
            amount_minor="amount_minor",
            currency="currency",
            description="description",
            counterparty=pl.when(pl.col("file_format").is_in(["camt053", "csv-de", "csv-bg", "csv-iso"]))
            .then("counterparty")
            .otherwise(pl.lit("")),
            bank_kind=pl.lit(""),
            mcc=pl.when(pl.col("file_format").is_in(["ofx1", "ofx2"])).then("mcc").otherwise(pl.lit("")),
        )
        .with_columns(pl.col(pl.String).fill_null(""))
        .pipe(_categorised)
        .cast(FACT_SCHEMA)
    )


def _categorised(facts: pl.DataFrame) -> pl.DataFrame:
    """Facts with the categories that the shipped model gives them, where it is sure."""
    from models_ml.categorizer.model import load_folder  # noqa: PLC0415 - wanted for evaluations only
    from models_ml.categorizer.predict import STANDS, predict  # noqa: PLC0415

    said = predict(
        facts["description"],
        facts["amount_minor"],
        facts["currency"],
        facts["mcc"],
        None,
        model=load_folder(),
    )
    sure = pl.when(said["probability"] >= STANDS).then(said["category_code"]).otherwise(pl.lit(""))
    return facts.with_columns(category_code=sure)


def _links(events: pl.DataFrame) -> pl.DataFrame:
    ends = events.filter(pl.col("transfer_pair_id").is_not_null()).select(
        "event_id", "transfer_pair_id", "amount_minor"
    )
    moved = ends.filter(pl.col("amount_minor") < 0).join(
        ends.filter(pl.col("amount_minor") > 0), "transfer_pair_id", suffix="_in"
    )
    present = events.select("event_id")
    parts = [moved.select(kind=pl.lit("transfer"), source="event_id", target="event_id_in")]
    for kind, column in (("refund", "refund_of"), ("reimbursement", "reimbursement_of")):
        back = events.filter(pl.col(column).is_not_null()).join(
            present, left_on=column, right_on="event_id", how="semi"
        )
        parts.append(back.select(kind=pl.lit(kind), source="event_id", target=column))
    return pl.concat(parts).cast(TRUTH_SCHEMA)
