"""Connections to banks and their feeds"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

APP = ("app.bank_connections", "app.bank_accounts")
RAW = ("raw.feed_batches", "raw.feed_lines", "raw.superseded_lines")

# As in 0003, less the lines of feeds that count no longer. What a feed calls its lines is no reference of
# the bank's, which other files would repeat.
ENTRY_LINES = """
create or replace view app.entry_lines with (security_invoker = true) as
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
where batch.status = 'loaded' {live}
union all
select
    purchase.user_id, null, null, purchase.account_id, purchase.purchase_id, purchase.spent_date,
    purchase.spent_date, purchase.spent_date, purchase.amount_minor, purchase.currency, 'posted',
    purchase.description, purchase.merchant, null, null, null, null
from app.purchases as purchase
"""
LIVE = """
    and not exists (
        select from raw.superseded_lines as gone
        where gone.user_id = line.user_id and gone.batch_id = line.batch_id
            and gone.line_number = line.line_number
    )
"""

# Plaid tells of news without signing in; what it tells is verified before this is asked.
WANT_SYNC = """
create function app.note_bank_news(given_item text, given_error text) returns boolean
language sql security definer set search_path = ''
begin atomic
    with noted as (
        update app.bank_connections as connection
        set wanted_at = case when given_error is null then now() else connection.wanted_at end,
            status = case
                when given_error is null then 'active'
                when given_error like 'PENDING%' then connection.status
                else 'needs_sign_in'
            end,
            error_code = case
                when given_error is not null then given_error
                when connection.error_code like 'PENDING%' then connection.error_code
            end
        where connection.item_id = given_item
        returning 1
    )
    select exists (select from noted);
end
"""


def upgrade() -> None:
    _create_connections()
    _create_feeds()
    op.execute(ENTRY_LINES.format(live=LIVE))
    for table in (*APP, *RAW):
        op.execute(f"alter table {table} enable row level security")
        op.execute(
            f"create policy tenant on {table} to mita_api using (user_id = (select app.current_user_id()))"
        )
        op.execute(f"create policy pipeline on {table} to mita_pipeline using (true)")
        op.execute(f"grant select, insert, update, delete, maintain on {table} to mita_pipeline")
    _give_raw_to_pipeline()
    op.execute("grant select, insert, delete on app.bank_connections to mita_api")
    op.execute(
        "grant update (access_token, status, error_code, wanted_at) on app.bank_connections to mita_api"
    )
    op.execute("grant select on app.bank_accounts to mita_api")
    op.execute(WANT_SYNC)
    op.execute("revoke all on function app.note_bank_news(text, text) from public")
    op.execute("grant execute on function app.note_bank_news(text, text) to mita_api")


def downgrade() -> None:
    op.execute("drop function app.note_bank_news(text, text)")
    op.execute(ENTRY_LINES.format(live=""))
    for table in reversed((*APP, *RAW)):
        schema, name = table.split(".")
        op.drop_table(name, schema=schema)


def _give_raw_to_pipeline() -> None:
    """COPY refuses tables with row-level security, except from their owner."""
    op.execute("grant create on schema raw to mita_pipeline")
    for table in RAW:
        op.execute(f"alter table {table} owner to mita_pipeline")
    op.execute("revoke create on schema raw from mita_pipeline")


def _create_connections() -> None:
    op.create_table(
        "bank_connections",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("access_token", sa.LargeBinary(), nullable=False),
        _text("institution_id", ""),
        _text("institution", ""),
        _text("status", "active"),
        sa.Column("error_code", sa.Text(), nullable=True),
        _text("feed_cursor", ""),
        sa.Column("last_line", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('active', 'needs_sign_in', 'failing')", name=op.f("ck_bank_connections__status")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_bank_connections__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "connection_id", name=op.f("pk_bank_connections")),
        sa.UniqueConstraint("user_id", "item_id", name=op.f("uq_bank_connections__user_id_item_id")),
        schema="app",
    )
    op.create_index(
        op.f("ix_bank_connections__item_id"), "bank_connections", ["item_id"], unique=True, schema="app"
    )
    op.create_table(
        "bank_accounts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("account_ref", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        _text("kind", "unknown"),
        _text("name", ""),
        _text("mask", ""),
        sa.Column("balance_minor", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "connection_id"],
            ["app.bank_connections.user_id", "app.bank_connections.connection_id"],
            name=op.f("fk_bank_accounts__bank_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "connection_id", "account_ref", name=op.f("pk_bank_accounts")),
        schema="app",
    )


def _create_feeds() -> None:
    op.create_table(
        "feed_batches",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("cursor_before", sa.Text(), nullable=False),
        sa.Column("line_before", sa.BigInteger(), nullable=False),
        _of_a_batch("feed_batches"),
        sa.PrimaryKeyConstraint("user_id", "batch_id", name=op.f("pk_feed_batches")),
        schema="raw",
    )
    op.create_index(
        op.f("ix_feed_batches__user_id_connection_id"),
        "feed_batches",
        ["user_id", "connection_id"],
        schema="raw",
    )
    op.create_table(
        "feed_lines",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("line_number", sa.BigInteger(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("bank_line_id", sa.Text(), nullable=False),
        sa.Column("pending_line_id", sa.Text(), nullable=True),
        sa.Column("content_key", sa.Uuid(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=True),
        sa.CheckConstraint("change in ('added', 'modified', 'removed')", name=op.f("ck_feed_lines__change")),
        _of_a_batch("feed_lines"),
        sa.PrimaryKeyConstraint("user_id", "batch_id", "line_number", name=op.f("pk_feed_lines")),
        schema="raw",
    )
    op.create_index(
        op.f("ix_feed_lines__user_id_connection_id_bank_line_id"),
        "feed_lines",
        ["user_id", "connection_id", "bank_line_id"],
        schema="raw",
    )
    op.create_table(
        "superseded_lines",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("line_number", sa.BigInteger(), nullable=False),
        sa.Column("superseded_by", sa.Uuid(), nullable=False),
        _of_a_batch("superseded_lines"),
        sa.PrimaryKeyConstraint("user_id", "batch_id", "line_number", name=op.f("pk_superseded_lines")),
        schema="raw",
    )


def _text(name: str, default: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=sa.text(f"'{default}'"), nullable=False)


def _of_a_batch(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id", "batch_id"],
        ["raw.import_batches.user_id", "raw.import_batches.batch_id"],
        name=op.f(f"fk_{table}__import_batches"),
        ondelete="CASCADE",
    )
