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
    and mod(abs(hashtextextended(t.user_id::text, 41)), 10000) >= :low_bp
    and mod(abs(hashtextextended(t.user_id::text, 41)), 10000) < :high_bp
limit :limit
"""
#: All users, by the hash that says which of two models scores whom.
EVERYBODY = (0, 10_000)


def unscored_transactions(
    connection: Connection, *, name: str, version: str, limit: int, users: tuple[int, int] = EVERYBODY
) -> pl.DataFrame:
    """Transactions that this version of a model has not scored, at most ``limit`` of them.

    ``users`` are hundredths of a percent of all users, from and up to; who is in which is a hash of the id.
    Columns: user_id, transaction_id, description, amount_minor, currency, mcc, bank_kind.
    """
    result = connection.execute(
        text(_UNSCORED),
        {"name": name, "version": version, "limit": limit, "low_bp": users[0], "high_bp": users[1]},
    )
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
                user_id, transaction_id, category_code, suggested_code, probability, merchant, model_name,
                model_version
            )
            select
                user_id, transaction_id, scored.category_code, scored.suggested_code, scored.probability,
                scored.merchant, scored.model_name, scored.model_version
            from scored
            inner join app.transactions using (user_id, transaction_id)
            on conflict (user_id, transaction_id) do update
            set category_code = excluded.category_code, suggested_code = excluded.suggested_code,
                probability = excluded.probability, merchant = excluded.merchant,
                model_name = excluded.model_name, model_version = excluded.model_version,
                predicted_at = now(), origin = 'model'
        """)
    ).rowcount


_UNSURE = """
select t.description, t.counterparty, t.amount_minor > 0 as is_in, count(*) as lines
from ml.category_predictions as p
inner join app.transactions as t using (user_id, transaction_id)
inner join app.standing_categories as s using (user_id, transaction_id)
where p.category_code = 'uncategorised' and s.category_code = 'uncategorised'
    and s.category_origin in ('model', 'none') and t.deleted_at is null
group by t.description, t.counterparty, t.amount_minor > 0
order by lines desc, t.description
limit :limit
"""


def unsure_texts(connection: Connection, limit: int) -> pl.DataFrame:
    """Texts of lines that nobody could categorise, the commonest first: description, is_in, lines."""
    result = connection.execute(text(_UNSURE), {"limit": limit})
    schema = {"description": pl.String, "counterparty": pl.String, "is_in": pl.Boolean, "lines": pl.Int64}
    return pl.DataFrame(result.all(), schema=schema, orient="row")


def known_answers(connection: Connection, hashes: list[bytes]) -> dict[bytes, tuple[str, float]]:
    """What the language model said of texts, by their hashes."""
    rows = connection.execute(
        text("""
            select text_hash, category_code, probability from ml.llm_categories
            where text_hash = any(:hashes)
        """),
        {"hashes": hashes},
    )
    return {bytes(row[0]): (row[1], row[2]) for row in rows}


def keep_answers(connection: Connection, answers: dict[bytes, tuple[str, float]], model: str) -> None:
    """Keep what the language model said; the texts themselves are not kept here."""
    rows = [
        {"hash": key, "category": category, "probability": probability, "model": model}
        for key, (category, probability) in answers.items()
    ]
    if rows:
        connection.execute(
            text("""
                insert into ml.llm_categories (text_hash, category_code, probability, model_name)
                values (:hash, :category, :probability, :model)
                on conflict (text_hash) do nothing
            """),
            rows,
        )


def apply_answers(connection: Connection, answers: pl.DataFrame) -> int:
    """Give lines without a category the one said of their text, and give how many they are.

    Columns: description, counterparty, is_in, category_code, probability.
    """
    connection.execute(
        text(
            "create temporary table answered (description text, counterparty text, is_in boolean, "
            "category_code text, probability double precision) on commit drop"
        )
    )
    copy_frame(connection, "answered", answers)
    return connection.execute(
        text("""
            update ml.category_predictions as p
            set category_code = a.category_code, suggested_code = a.category_code,
                probability = a.probability, origin = 'llm', predicted_at = now()
            from answered as a
            inner join app.transactions as t
                on t.description = a.description and t.counterparty is not distinct from a.counterparty
                and (t.amount_minor > 0) = a.is_in
            where p.user_id = t.user_id and p.transaction_id = t.transaction_id
                and p.category_code = 'uncategorised' and p.origin = 'model'
        """)
    ).rowcount


_CORRECTIONS = """
select
    t.user_id::text as user_id, t.transaction_id::text as transaction_id, t.description, d.category_code,
    coalesce(t.merchant_key, '') as merchant, u.country, t.spent_date, t.amount_minor, t.currency, t.mcc,
    t.bank_kind
from app.decided_categories as d
inner join app.transactions as t using (user_id, transaction_id)
inner join app.users as u using (user_id)
where t.deleted_at is null and t.description <> '' and d.category_code <> 'uncategorised'
order by t.spent_date, t.user_id, t.transaction_id
"""


def corrections(connection: Connection) -> pl.DataFrame:
    """What users said of lines, in order of days: the truth that models learn from and are held against."""
    result = connection.execute(text(_CORRECTIONS))
    schema = {
        name: {"amount_minor": pl.Int64, "spent_date": pl.Date}.get(name, pl.String)
        for name in result.keys()  # noqa: SIM118
    }
    return pl.DataFrame(result.all(), schema=schema, orient="row")
