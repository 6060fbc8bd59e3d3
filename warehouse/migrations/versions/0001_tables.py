"""Facts, raw batches, predictions and freshness"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for schema in ("raw", "app", "ml"):
        op.execute(f"create schema {schema}")
    op.create_table(
        "users",
        sa.Column("user_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("country", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("token_version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_users__currency")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_users")),
        schema="app",
    )
    op.create_index(
        "uq_users__email", "users", [sa.literal_column("lower(email)")], unique=True, schema="app"
    )
    op.create_table(
        "accounts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("account_ref", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("'unknown'"), nullable=False),
        sa.Column("institution", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind in ('checking', 'savings', 'card', 'loan', 'cash', 'unknown')",
            name=op.f("ck_accounts__kind"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_accounts__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "account_id", name=op.f("pk_accounts")),
        sa.UniqueConstraint(
            "user_id", "account_ref", "currency", name=op.f("uq_accounts__user_id_account_ref_currency")
        ),
        schema="app",
    )
    op.create_table(
        "budget_settings",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), server_default=sa.text("'50/30/20'"), nullable=False),
        sa.Column("monthly_income_minor", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("method in ('50/30/20', '60/20/20')", name=op.f("ck_budget_settings__method")),
        sa.CheckConstraint("monthly_income_minor >= 0", name=op.f("ck_budget_settings__income")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_budget_settings__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_budget_settings")),
        schema="app",
    )
    op.create_table(
        "build_queue",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("today", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_build_queue__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_build_queue")),
        schema="ops",
    )
    op.create_table(
        "mart_versions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("today", sa.Date(), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_mart_versions__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_mart_versions")),
        schema="ops",
    )
    op.create_table(
        "user_versions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_user_versions__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_versions")),
        schema="ops",
    )
    op.create_table(
        "import_batches",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("file_bytes", sa.BigInteger(), nullable=False),
        sa.Column("source_format", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default=sa.text("'loading'"), nullable=False),
        sa.Column("lines_read", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("lines_loaded", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("lines_quarantined", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("transactions_added", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "notes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('loading', 'loaded', 'refused')", name=op.f("ck_import_batches__status")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_import_batches__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "batch_id", name=op.f("pk_import_batches")),
        sa.UniqueConstraint("user_id", "file_sha256", name=op.f("uq_import_batches__user_id_file_sha256")),
        schema="raw",
    )
    op.create_table(
        "transactions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("identity_key", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("booked_date", sa.Date(), nullable=False),
        sa.Column("spent_date", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("counterparty", sa.Text(), nullable=True),
        sa.Column("bank_kind", sa.Text(), nullable=True),
        sa.Column("mcc", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status in ('posted', 'pending')", name=op.f("ck_transactions__status")),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["app.accounts.user_id", "app.accounts.account_id"],
            name=op.f("fk_transactions__accounts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_transactions__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "transaction_id", name=op.f("pk_transactions")),
        sa.UniqueConstraint(
            "user_id",
            "account_id",
            "identity_key",
            "occurrence",
            name=op.f("uq_transactions__user_id_account_id_identity_key_occurrence"),
        ),
        schema="app",
    )
    op.create_index(
        op.f("ix_transactions__user_id_spent_date"),
        "transactions",
        ["user_id", "spent_date"],
        unique=False,
        schema="app",
    )
    op.create_table(
        "quarantined_lines",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("line_number", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column(
            "quarantined_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "batch_id"],
            ["raw.import_batches.user_id", "raw.import_batches.batch_id"],
            name=op.f("fk_quarantined_lines__import_batches"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "batch_id", "line_number", name=op.f("pk_quarantined_lines")),
        schema="raw",
    )
    op.create_table(
        "statement_accounts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("account_ref", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("opening_balance_minor", sa.BigInteger(), nullable=True),
        sa.Column("closing_balance_minor", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id", "batch_id"],
            ["raw.import_batches.user_id", "raw.import_batches.batch_id"],
            name=op.f("fk_statement_accounts__import_batches"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "user_id", "batch_id", "account_ref", "currency", name=op.f("pk_statement_accounts")
        ),
        schema="raw",
    )
    op.create_table(
        "statement_lines",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("line_number", sa.BigInteger(), nullable=False),
        sa.Column("account_ref", sa.Text(), nullable=False),
        sa.Column("booked_date", sa.Date(), nullable=False),
        sa.Column("value_date", sa.Date(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("counterparty", sa.Text(), nullable=True),
        sa.Column("bank_reference", sa.Text(), nullable=True),
        sa.Column("bank_kind", sa.Text(), nullable=True),
        sa.Column("mcc", sa.Text(), nullable=True),
        sa.Column("balance_minor", sa.BigInteger(), nullable=True),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "batch_id"],
            ["raw.import_batches.user_id", "raw.import_batches.batch_id"],
            name=op.f("fk_statement_lines__import_batches"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "batch_id", "line_number", name=op.f("pk_statement_lines")),
        schema="raw",
    )
    op.create_table(
        "category_decisions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "transaction_id"],
            ["app.transactions.user_id", "app.transactions.transaction_id"],
            name=op.f("fk_category_decisions__transactions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "transaction_id", name=op.f("pk_category_decisions")),
        schema="app",
    )
    op.create_table(
        "transaction_sources",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("line_number", sa.BigInteger(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "batch_id", "line_number"],
            [
                "raw.statement_lines.user_id",
                "raw.statement_lines.batch_id",
                "raw.statement_lines.line_number",
            ],
            name=op.f("fk_transaction_sources__statement_lines"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "transaction_id"],
            ["app.transactions.user_id", "app.transactions.transaction_id"],
            name=op.f("fk_transaction_sources__transactions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "batch_id", "line_number", name=op.f("pk_transaction_sources")),
        schema="app",
    )
    op.create_index(
        op.f("ix_transaction_sources__user_id_transaction_id"),
        "transaction_sources",
        ["user_id", "transaction_id"],
        unique=False,
        schema="app",
    )
    op.create_table(
        "category_predictions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("suggested_code", sa.Text(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column(
            "predicted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint("probability between 0 and 1", name=op.f("ck_category_predictions__probability")),
        sa.ForeignKeyConstraint(
            ["user_id", "transaction_id"],
            ["app.transactions.user_id", "app.transactions.transaction_id"],
            name=op.f("fk_category_predictions__transactions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "transaction_id", name=op.f("pk_category_predictions")),
        schema="ml",
    )


def downgrade() -> None:
    op.drop_table("category_predictions", schema="ml")
    op.drop_index(
        op.f("ix_transaction_sources__user_id_transaction_id"), table_name="transaction_sources", schema="app"
    )
    op.drop_table("transaction_sources", schema="app")
    op.drop_table("category_decisions", schema="app")
    op.drop_table("statement_lines", schema="raw")
    op.drop_table("statement_accounts", schema="raw")
    op.drop_table("quarantined_lines", schema="raw")
    op.drop_index(op.f("ix_transactions__user_id_spent_date"), table_name="transactions", schema="app")
    op.drop_table("transactions", schema="app")
    op.drop_table("import_batches", schema="raw")
    op.drop_table("user_versions", schema="ops")
    op.drop_table("mart_versions", schema="ops")
    op.drop_table("build_queue", schema="ops")
    op.drop_table("budget_settings", schema="app")
    op.drop_table("accounts", schema="app")
    op.drop_index("uq_users__email", table_name="users", schema="app")
    op.drop_table("users", schema="app")
    for schema in ("raw", "app", "ml"):
        op.execute(f"drop schema {schema}")
