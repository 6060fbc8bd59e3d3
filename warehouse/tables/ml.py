"""Schema ``ml``: what models said, with their confidence and version."""

from __future__ import annotations

from sqlalchemy import ARRAY, CheckConstraint, Column, Date, Double, Integer, LargeBinary, Table, Text, Uuid

from warehouse.tables.base import amount, belongs_to, belongs_to_user, instant, metadata, string, user_id

category_predictions = Table(
    "category_predictions",
    metadata,
    user_id(),
    Column("transaction_id", Uuid, primary_key=True),
    string("category_code"),  # what stands: 'uncategorised' where the model is not sure
    string("suggested_code"),  # its best guess all the same
    Column("probability", Double, nullable=False),
    string("model_name"),
    string("model_version"),
    instant("predicted_at", default_now=True),
    string("origin", default="model"),  # or 'llm', where the model was not sure and a language model was
    belongs_to("app.transactions", "transaction_id"),
    string("merchant", nullable=True),  # whom the line paid, as the model reads it
    CheckConstraint("origin in ('model', 'llm')", name="origin"),
    CheckConstraint("probability between 0 and 1", name="probability"),
    schema="ml",
)

#: How a user's spending on a category usually falls: what a month expects, and integer weights of its
#: weekdays (Monday first), days of the month and months. ``own_share`` is how much of it is the user's own
#: history, the rest is other people's.
spending_profiles = Table(
    "spending_profiles",
    metadata,
    user_id(),
    Column("category_code", Text, primary_key=True),
    Column("learned_on", Date, nullable=False),
    amount("expected_minor"),
    Column("weekday_weights", ARRAY(Integer), nullable=False),
    Column("day_weights", ARRAY(Integer), nullable=False),
    Column("season_weights", ARRAY(Integer), nullable=False),
    Column("periods_seen", Integer, nullable=False),
    Column("own_share", Double, nullable=False),
    belongs_to_user(),
    CheckConstraint("expected_minor >= 0", name="expected"),
    CheckConstraint(
        "cardinality(weekday_weights) = 7 and cardinality(day_weights) = 31 "
        "and cardinality(season_weights) = 12",
        name="weights",
    ),
    CheckConstraint("own_share between 0 and 1", name="own_share"),
    schema="ml",
)

#: What a language model said of a cleaned text, by the text's SHA-256: nobody's text is kept here.
llm_categories = Table(
    "llm_categories",
    metadata,
    Column("text_hash", LargeBinary, primary_key=True),
    string("category_code"),
    Column("probability", Double, nullable=False),
    string("model_name"),
    instant("answered_at", default_now=True),
    schema="ml",
)
