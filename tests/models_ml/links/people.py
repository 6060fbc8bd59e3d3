"""Makes facts for the matchers; a test says only what it is about."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from typing import Any

import polars as pl

from models_ml.links.facts import FACT_SCHEMA, RATE_SCHEMA
from models_ml.links.logistic import shipped
from models_ml.links.match import DECISION_SCHEMA, links

DAY = date(2026, 3, 10)
NO_RATES = pl.DataFrame(schema=RATE_SCHEMA)
NO_DECISIONS = pl.DataFrame(schema=DECISION_SCHEMA)
MAIN, CARD, SAVINGS = "GB11MAIN00001111", "XXXX2222", "GB33SAVE00003333"
KINDS = {MAIN: "checking", CARD: "card", SAVINGS: "savings"}
_numbers = count(1)


def line(
    text: str,
    amount_minor: int,
    *,
    account: str = MAIN,
    days: int = 0,
    currency: str = "GBP",
    name: str | None = None,
    **more: str,
) -> dict[str, Any]:
    """One transaction, some days after DAY."""
    day = DAY + timedelta(days=days)
    return {
        "user_id": "u",
        "transaction_id": name or f"t{next(_numbers)}",
        "account_id": account,
        "account_ref": account,
        "account_kind": KINDS.get(account, "checking"),
        "institution": "",
        "booked_date": day,
        "spent_date": day,
        "amount_minor": amount_minor,
        "currency": currency,
        "description": text,
        "counterparty": "",
        "bank_kind": "",
        "mcc": "",
        "category_code": "",
        **more,
    }


def everyday(days: int = 60) -> list[dict[str, Any]]:
    """What a person buys anyway, so that amounts and words have something to be measured against."""
    shops = (
        ("TESCO STORES 2041", -2310),
        ("COSTA COFFEE", -340),
        ("SHELL FUEL", -4870),
        ("BOOTS 113", -1215),
    )
    return [
        line(text, amount - 7 * day, account=MAIN if day % 3 else CARD, days=-day)
        for day in range(1, days)
        for text, amount in (shops[day % 4],)
    ]


def matched(
    rows: list[dict[str, Any]], *, rates: pl.DataFrame = NO_RATES, decisions: pl.DataFrame = NO_DECISIONS
) -> pl.DataFrame:
    """The links among some transactions."""
    return links(pl.DataFrame(rows, schema=FACT_SCHEMA), rates, decisions, shipped())


def paired(found: pl.DataFrame, kind: str) -> set[tuple[str, str]]:
    """The pairs of a kind that stand."""
    rows = found.filter((pl.col("kind") == kind) & (pl.col("band") == "paired"))
    return set(rows.select("source_transaction_id", "target_transaction_id").rows())
