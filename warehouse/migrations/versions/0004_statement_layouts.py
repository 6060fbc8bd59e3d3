"""What users have said of their banks' tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = "app.statement_layouts"


def upgrade() -> None:
    op.create_table(
        "statement_layouts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "confirmed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["app.users.user_id"],
            name=op.f("fk_statement_layouts__users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "fingerprint", name=op.f("pk_statement_layouts")),
        schema="app",
    )
    op.execute(f"grant select, insert, update, delete, maintain on {TABLE} to mita_pipeline")
    op.execute(f"alter table {TABLE} enable row level security")
    op.execute(
        f"create policy tenant on {TABLE} to mita_api using (user_id = (select app.current_user_id()))"
    )
    op.execute(f"create policy pipeline on {TABLE} to mita_pipeline using (true)")


def downgrade() -> None:
    op.drop_table("statement_layouts", schema="app")
