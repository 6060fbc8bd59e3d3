"""Calls of the language model with their cost, and the answers that need not be paid for twice"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = ("llm_calls", "llm_answers")


def upgrade() -> None:
    op.create_table(
        "llm_calls",
        sa.Column("call_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), server_default=sa.text("'asked'"), nullable=False),
        sa.Column("input_tokens", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("output_tokens", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("cost_micro_usd", sa.BigInteger(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "outcome in ('asked', 'answered', 'refused', 'failed')", name=op.f("ck_llm_calls__outcome")
        ),
        sa.CheckConstraint("cost_micro_usd >= 0", name=op.f("ck_llm_calls__cost")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_llm_calls")),
        schema="ops",
    )
    op.create_index(op.f("ix_llm_calls__called_at"), "llm_calls", ["called_at"], schema="ops")
    op.create_table(
        "llm_answers",
        sa.Column("question_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answer", postgresql.JSONB(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("question_hash", name=op.f("pk_llm_answers")),
        schema="ops",
    )
    for table in TABLES:
        op.execute(f"grant select, insert, update, delete, maintain on ops.{table} to mita_pipeline")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table, schema="ops")
