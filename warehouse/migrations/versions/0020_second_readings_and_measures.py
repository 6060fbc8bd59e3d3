"""What a language model read of a receipt, and how much of which unit was weighed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "receipt_images", sa.Column("second_reading", postgresql.JSONB(), nullable=True), schema="raw"
    )
    op.alter_column("receipt_items", "quantity", type_=sa.Numeric(12, 3), schema="app")
    op.add_column("receipt_items", sa.Column("unit", sa.Text(), nullable=True), schema="app")


def downgrade() -> None:
    """Take the columns away; what was weighed is one piece again, at what it cost."""
    op.execute("update app.receipt_items set quantity = 1, unit_minor = amount_minor where unit is not null")
    op.drop_column("receipt_items", "unit", schema="app")
    op.alter_column("receipt_items", "quantity", type_=sa.Integer(), schema="app")
    op.drop_column("receipt_images", "second_reading", schema="raw")
