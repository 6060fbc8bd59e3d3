"""Schema ``ops``: what the language model was asked, what it cost, and its answers by question."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, LargeBinary, Table, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from warehouse.tables.base import instant, metadata, string

#: One row per call; it is written, with the most that it can cost, before the call is made, so that calls in
#: flight count against the month's cap and a crash leaves too much rather than too little.
llm_calls = Table(
    "llm_calls",
    metadata,
    Column("call_id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    string("purpose"),
    string("model"),
    string("outcome", default="asked"),
    Column("input_tokens", Integer, nullable=False, server_default=text("0")),
    Column("output_tokens", Integer, nullable=False, server_default=text("0")),
    Column("cost_micro_usd", BigInteger, nullable=False),
    instant("called_at", default_now=True),
    Index(None, "called_at"),
    CheckConstraint("outcome in ('asked', 'answered', 'refused', 'failed')", name="outcome"),
    CheckConstraint("cost_micro_usd >= 0", name="cost"),
    schema="ops",
)

#: Answers by the SHA-256 of everything that was asked. Only questions that are about nobody are kept here.
llm_answers = Table(
    "llm_answers",
    metadata,
    Column("question_hash", LargeBinary, primary_key=True),
    Column("answer", JSONB, nullable=False),
    instant("answered_at", default_now=True),
    schema="ops",
)
