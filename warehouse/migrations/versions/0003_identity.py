"""Identity: lines are entries by content, entries are transactions by evidence and by the user's word"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NEW_TABLES = ("merged_entries", "identity_questions", "deleted_entries", "purchases")

ENTRY_ID = """
create function app.entry_id(account_id uuid, content_key uuid) returns uuid
language sql immutable parallel safe strict
return md5(account_id::text || content_key::text)::uuid
"""

# What a file lists, and what the user entered by hand, in one shape; a purchase has no batch.
ENTRY_LINES = """
create view app.entry_lines with (security_invoker = true) as
select
    line.user_id, line.batch_id, line.line_number, account.account_id,
    app.entry_id(account.account_id, line.content_key) as entry_id,
    line.booked_date,
    case
        when line.value_date between line.booked_date - 10 and line.booked_date then line.value_date
        else line.booked_date
    end as spent_date,
    line.value_date, line.amount_minor, line.currency, line.status, line.description, line.counterparty,
    line.bank_reference, line.bank_kind, line.mcc, line.balance_minor
from raw.statement_lines as line
inner join raw.import_batches as batch using (user_id, batch_id)
inner join raw.statement_accounts as account using (user_id, batch_id, account_ref, currency)
where batch.status = 'loaded'
union all
select
    purchase.user_id, null, null, purchase.account_id, purchase.purchase_id, purchase.spent_date,
    purchase.spent_date, purchase.spent_date, purchase.amount_minor, purchase.currency, 'posted',
    purchase.description, purchase.merchant, null, null, null, null
from app.purchases as purchase
"""

# Every line that was let in, and every purchase by hand, with the transaction that it is part of.
TRANSACTION_LINES = """
create view app.transaction_lines with (security_invoker = true) as
select
    line.user_id, line.batch_id, line.line_number, line.account_id, line.entry_id, known.transaction_id
from app.entry_lines as line
left join app.merged_entries as merged using (user_id, entry_id)
left join app.transactions as known
    on line.user_id = known.user_id
    and coalesce(merged.transaction_id, line.entry_id) = known.transaction_id
"""

# A decision is about an entry; it holds for the transaction that the entry is part of, the latest first.
DECIDED_CATEGORIES = """
create view app.decided_categories with (security_invoker = true) as
select distinct on (decision.user_id, coalesce(merged.transaction_id, decision.transaction_id))
    decision.user_id, coalesce(merged.transaction_id, decision.transaction_id) as transaction_id,
    decision.category_code, decision.decided_at, decision.xmin as written_in
from app.category_decisions as decision
left join app.merged_entries as merged
    on decision.user_id = merged.user_id and decision.transaction_id = merged.entry_id
order by
    decision.user_id, coalesce(merged.transaction_id, decision.transaction_id), decision.decided_at desc
"""

# The keys that models_ml.identity.content computes for new lines.
KEYS_OF_EARLIER_LINES = """
with digests as (
    select
        user_id, batch_id, line_number, account_ref, currency,
        left(encode(sha256(convert_to(concat_ws(
            '|', booked_date, amount_minor,
            coalesce(
                'ref:' || bank_reference,
                'text:' || btrim(regexp_replace(lower(description), '\\s+', ' ', 'g'))
            )
        ), 'UTF8')), 'hex'), 32) as digest
    from raw.statement_lines
),
counted as (
    select
        digests.*,
        row_number() over (
            partition by user_id, batch_id, account_ref, currency, digest order by line_number
        ) as occurrence
    from digests
)
update raw.statement_lines as line
set content_key = case
    when counted.occurrence = 1 then counted.digest
    else left(encode(sha256(convert_to(counted.digest || '|' || counted.occurrence, 'UTF8')), 'hex'), 32)
end::uuid
from counted
where line.user_id = counted.user_id and line.batch_id = counted.batch_id
    and line.line_number = counted.line_number
"""
FACTS_OF_EARLIER_FILES = """
update raw.statement_accounts as described
set kind = account.kind, institution = account.institution, name = account.name,
    first_date = covered.first_date, last_date = covered.last_date
from app.accounts as account, (
    select
        user_id, batch_id, account_ref, currency, min(booked_date) as first_date,
        max(booked_date) as last_date
    from raw.statement_lines
    group by user_id, batch_id, account_ref, currency
) as covered
where described.user_id = account.user_id and described.account_id = account.account_id
    and described.user_id = covered.user_id and described.batch_id = covered.batch_id
    and described.account_ref = covered.account_ref and described.currency = covered.currency
"""
EARLIER_TRANSACTIONS = """
create temporary table renamed on commit drop as
select distinct on (source.user_id, source.transaction_id)
    source.user_id, source.transaction_id as old_id,
    app.entry_id(account.account_id, line.content_key) as new_id
from app.transaction_sources as source
inner join raw.statement_lines as line using (user_id, batch_id, line_number)
inner join raw.statement_accounts as account using (user_id, batch_id, account_ref, currency)
order by source.user_id, source.transaction_id, source.batch_id, source.line_number
"""
RENAME = """
update app.{table} as named set transaction_id = renamed.new_id
from renamed where named.user_id = renamed.user_id and named.transaction_id = renamed.old_id
"""


def upgrade() -> None:
    _describe_files()
    op.execute(ENTRY_ID)
    _rename_transactions()
    _create_tables()
    op.execute(ENTRY_LINES)
    op.execute(TRANSACTION_LINES)
    op.execute(DECIDED_CATEGORIES)
    _secure_tables()


def downgrade() -> None:
    """Transactions keep their ids; where they came from is forgotten, so a new file counts anew."""
    for view in ("decided_categories", "transaction_lines", "entry_lines"):
        op.execute(f"drop view app.{view}")
    for table in reversed(NEW_TABLES):
        op.drop_table(table, schema="app")
    _restore_transactions()
    op.execute("drop function app.entry_id(uuid, uuid)")
    op.execute("delete from raw.import_batches where status = 'undone'")
    op.drop_constraint("ck_import_batches__status", "import_batches", schema="raw")
    op.create_check_constraint(
        op.f("ck_import_batches__status"),
        "import_batches",
        "status in ('loading', 'loaded', 'refused')",
        schema="raw",
    )
    for name in ("kind", "institution", "name", "first_date", "last_date"):
        op.drop_column("statement_accounts", name, schema="raw")
    op.drop_column("statement_lines", "content_key", schema="raw")


def _restore_transactions() -> None:
    op.execute("delete from app.transactions where status = 'expired'")
    op.execute(
        "delete from app.category_decisions as d where not exists (select from app.transactions as t "
        "where t.user_id = d.user_id and t.transaction_id = d.transaction_id)"
    )
    op.drop_constraint("ck_transactions__status", "transactions", schema="app")
    op.create_check_constraint(
        op.f("ck_transactions__status"), "transactions", "status in ('posted', 'pending')", schema="app"
    )
    op.add_column("transactions", sa.Column("identity_key", sa.Text(), nullable=True), schema="app")
    op.execute("update app.transactions set identity_key = transaction_id::text")
    op.alter_column("transactions", "identity_key", nullable=False, schema="app")
    op.add_column(
        "transactions",
        sa.Column("occurrence", sa.Integer(), server_default="1", nullable=False),
        schema="app",
    )
    op.alter_column("transactions", "occurrence", server_default=None, schema="app")
    op.create_unique_constraint(
        op.f("uq_transactions__user_id_account_id_identity_key_occurrence"),
        "transactions",
        ["user_id", "account_id", "identity_key", "occurrence"],
        schema="app",
    )
    _refer("transactions", ["user_id"], "users", ["user_id"])
    op.drop_constraint("fk_category_decisions__users", "category_decisions", schema="app")
    key = ["user_id", "transaction_id"]
    _refer("category_decisions", key, "transactions", key)
    op.create_table(
        "transaction_sources",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("line_number", sa.BigInteger(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "batch_id", "line_number", name=op.f("pk_transaction_sources")),
        schema="app",
    )
    lines = ["user_id", "batch_id", "line_number"]
    _refer("transaction_sources", lines, "statement_lines", lines, schema="raw")
    _refer("transaction_sources", key, "transactions", key)
    op.create_index(
        op.f("ix_transaction_sources__user_id_transaction_id"), "transaction_sources", key, schema="app"
    )
    op.execute("alter table app.transaction_sources enable row level security")
    op.execute(
        "create policy tenant on app.transaction_sources to mita_api "
        "using (user_id = (select app.current_user_id()))"
    )
    op.execute("create policy pipeline on app.transaction_sources to mita_pipeline using (true)")


def _refer(table: str, columns: list[str], referred: str, keys: list[str], schema: str = "app") -> None:
    op.create_foreign_key(
        op.f(f"fk_{table}__{referred}"),
        table,
        referred,
        columns,
        keys,
        source_schema="app",
        referent_schema=schema,
        ondelete="CASCADE",
    )


def _describe_files() -> None:
    """Lines get the key of their content; files remember what they said of each account."""
    op.add_column("statement_lines", sa.Column("content_key", sa.Uuid(), nullable=True), schema="raw")
    op.execute(KEYS_OF_EARLIER_LINES)
    op.alter_column("statement_lines", "content_key", nullable=False, schema="raw")
    for name, default in (("kind", "unknown"), ("institution", ""), ("name", "")):
        column = sa.Column(name, sa.Text(), server_default=default, nullable=False)
        op.add_column("statement_accounts", column, schema="raw")
    for name in ("first_date", "last_date"):
        op.add_column("statement_accounts", sa.Column(name, sa.Date(), nullable=True), schema="raw")
    op.execute(FACTS_OF_EARLIER_FILES)
    op.drop_constraint("ck_import_batches__status", "import_batches", schema="raw")
    op.create_check_constraint(
        op.f("ck_import_batches__status"),
        "import_batches",
        "status in ('loading', 'loaded', 'refused', 'undone')",
        schema="raw",
    )


def _rename_transactions() -> None:
    """Transactions take the ids of their entries; predictions are made anew."""
    op.execute(EARLIER_TRANSACTIONS)
    op.drop_constraint("fk_category_decisions__transactions", "category_decisions", schema="app")
    op.drop_table("transaction_sources", schema="app")
    op.execute("delete from ml.category_predictions")
    for table in ("transactions", "category_decisions"):
        op.execute(RENAME.format(table=table))
    op.create_foreign_key(
        op.f("fk_category_decisions__users"),
        "category_decisions",
        "users",
        ["user_id"],
        ["user_id"],
        source_schema="app",
        referent_schema="app",
        ondelete="CASCADE",
    )
    op.drop_constraint("fk_transactions__users", "transactions", schema="app")
    op.drop_column("transactions", "identity_key", schema="app")  # its unique index goes with it
    op.drop_column("transactions", "occurrence", schema="app")
    op.drop_constraint("ck_transactions__status", "transactions", schema="app")
    op.create_check_constraint(
        op.f("ck_transactions__status"),
        "transactions",
        "status in ('posted', 'pending', 'expired')",
        schema="app",
    )


def _create_tables() -> None:
    op.create_table(
        "merged_entries",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["app.accounts.user_id", "app.accounts.account_id"],
            name=op.f("fk_merged_entries__accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "entry_id", name=op.f("pk_merged_entries")),
        schema="app",
    )
    op.create_index(
        op.f("ix_merged_entries__user_id_transaction_id"),
        "merged_entries",
        ["user_id", "transaction_id"],
        schema="app",
    )
    op.create_table(
        "identity_questions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("one_entry", sa.Uuid(), nullable=False),
        sa.Column("other_entry", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("is_same", sa.Boolean(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("one_entry < other_entry", name=op.f("ck_identity_questions__order")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_identity_questions__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "one_entry", "other_entry", name=op.f("pk_identity_questions")),
        schema="app",
    )
    op.create_table(
        "deleted_entries",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_deleted_entries__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "entry_id", name=op.f("pk_deleted_entries")),
        schema="app",
    )
    op.create_table(
        "purchases",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("purchase_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("spent_date", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("merchant", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["app.accounts.user_id", "app.accounts.account_id"],
            name=op.f("fk_purchases__accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "purchase_id", name=op.f("pk_purchases")),
        schema="app",
    )


def _secure_tables() -> None:
    for table in NEW_TABLES:
        op.execute(f"alter table app.{table} enable row level security")
        op.execute(
            f"create policy tenant on app.{table} to mita_api "
            "using (user_id = (select app.current_user_id()))"
        )
        op.execute(f"create policy pipeline on app.{table} to mita_pipeline using (true)")
        op.execute(f"grant select, insert, update, delete, maintain on app.{table} to mita_pipeline")
        op.execute(f"grant select on app.{table} to mita_api")
    op.execute(
        "grant select on app.entry_lines, app.transaction_lines, app.decided_categories to mita_pipeline"
    )
    op.execute("grant select on app.decided_categories to mita_api")
    op.execute("grant execute on function app.entry_id(uuid, uuid) to mita_pipeline, mita_api")
