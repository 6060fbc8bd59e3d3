"""What models said of transactions."""

from __future__ import annotations

import polars as pl
from sqlalchemy import Connection, text

from warehouse.repositories.copying import copy_frame

_UNSCORED = """
select t.user_id::text, t.transaction_id::text, t.description, t.amount_minor, t.currency, t.mcc, t.bank_kind
from app.transactions as t
left join ml.category_predictions as p using (user_id, transaction_id)
where t.deleted_at is null
    and (p.transaction_id is null or (p.model_name, p.model_version) is distinct from (:name, :version))
limit :limit
"""


def unscored_transactions(connection: Connection, *, name: str, version: str, limit: int) -> pl.DataFrame:
    """Transactions that this version of a model has not scored, at most ``limit`` of them.

    Columns: user_id, transaction_id, description, amount_minor, currency, mcc, bank_kind.
    """
    result = connection.execute(text(_UNSCORED), {"name": name, "version": version, "limit": limit})
    schema = {column: pl.Int64 if column == "amount_minor" else pl.String for column in result.keys()}  # noqa: SIM118
    return pl.DataFrame(result.all(), schema=schema, orient="row")


def add_predictions(connection: Connection, predictions: pl.DataFrame) -> int:
    """Store predictions; columns are those of ``ml.category_predictions``, a newer one replaces an older."""
    connection.execute(
        text("create temporary table scored (like ml.category_predictions including defaults) on commit drop")
    )
    copy_frame(connection, "scored", predictions)
    return connection.execute(
        text("""
            insert into ml.category_predictions (
                user_id, transaction_id, category_code, suggested_code, probability, model_name, model_version
            )
            select
                user_id, transaction_id, scored.category_code, scored.suggested_code, scored.probability,
                scored.model_name, scored.model_version
            from scored
            inner join app.transactions using (user_id, transaction_id)
            on conflict (user_id, transaction_id) do update
            set category_code = excluded.category_code, suggested_code = excluded.suggested_code,
                probability = excluded.probability, model_name = excluded.model_name,
                model_version = excluded.model_version, predicted_at = now()
        """)
    ).rowcount
