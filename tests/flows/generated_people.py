"""Generated lives as users with accounts and categorised transactions, moved in by COPY."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl
from sqlalchemy import text

from flows.generator import generate
from warehouse.repositories.copying import copy_frame, insert_frame
from warehouse.repositories.users import NewUser, add_user

if TYPE_CHECKING:
    from datetime import date

    from warehouse.engine import Warehouse

_MADE = """
create temporary table made (
    user_id uuid, account text, day date, amount bigint, currency text, merchant text, description text,
    category text
) on commit drop
"""
_KEYED = """
create temporary table keyed on commit drop as
select gen_random_uuid() as transaction_id, a.account_id, made.*
from made inner join app.accounts as a on made.user_id = a.user_id and made.account = a.account_ref
"""
_MOVE_IN = """
insert into app.transactions (
    user_id, transaction_id, account_id, booked_date, spent_date, amount_minor, currency, status, description,
    counterparty
)
select
    user_id, transaction_id, account_id, day, day, amount, currency, 'posted', description, merchant
from keyed
"""
_CATEGORISE = """
insert into ml.category_predictions (
    user_id, transaction_id, category_code, suggested_code, probability, model_name, model_version
)
select user_id, transaction_id, category, category, 0.9, 'truth', '1' from keyed
"""


def move_in(
    warehouse: Warehouse, folder: Path, *, users: int, months: int, seed: int = 7, end: date | None = None
) -> dict[str, UUID]:
    """Users by the generator's names of them."""
    if not folder.exists():
        generate(users=users, months=months, seed=seed, out=folder, end=end)
    truth = folder / "truth"
    people = pl.read_parquet(truth / "people.parquet")
    accounts = pl.read_parquet(truth / "accounts.parquet")
    events = pl.read_parquet(truth / "events.parquet").filter(pl.col("posted"))
    with warehouse.transaction() as connection:
        keys = {
            row["user"]: add_user(
                connection, NewUser(row["email"], row["currency"], "UTC", row["country"])
            ).user_id
            for row in people.iter_rows(named=True)
        }
        texts = {name: str(key) for name, key in keys.items()}
        insert_frame(
            connection,
            "app.accounts",
            accounts.select(
                user_id=pl.col("user").replace_strict(texts),
                account_ref="account",
                currency=pl.col("currency").cast(pl.String),
                kind=pl.col("kind").cast(pl.String),
            ),
        )
        connection.execute(text(_MADE))
        copy_frame(
            connection,
            "made",
            events.select(
                pl.col("user").replace_strict(texts).alias("user_id"),
                "account",
                pl.col("spent_date").alias("day"),
                pl.col("amount_minor").alias("amount"),
                pl.col("currency").cast(pl.String),
                "merchant",
                "description",
                pl.col("category").cast(pl.String),
            ),
        )
        for statement in (_KEYED, _MOVE_IN, _CATEGORISE):
            connection.execute(text(statement))
    return keys
