"""Accounts that the user says are one, and the names that they give them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# What a file says of an account, and which account that is to the user.
DESCRIBED_ACCOUNTS = """
create view app.described_accounts with (security_invoker = true) as
select
    described.user_id, described.batch_id, described.account_ref, described.currency,
    described.account_id as own_account_id,
    coalesce(account.merged_into, described.account_id) as account_id,
    described.first_date, described.last_date, described.opening_balance_minor,
    described.closing_balance_minor
from raw.statement_accounts as described
left join app.accounts as account using (user_id, account_id)
"""
# As in 0010. An entry keeps the id that it has by the account of its file, so that what the user said of it
# holds whether accounts are merged or not.
ENTRY_LINES = """
create or replace view app.entry_lines with (security_invoker = true) as
select
    line.user_id, line.batch_id, line.line_number, {of_file} as account_id,
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
{join_of_file}
where batch.status = 'loaded'
    and not exists (
        select from raw.superseded_lines as gone
        where gone.user_id = line.user_id and gone.batch_id = line.batch_id
            and gone.line_number = line.line_number
    )
union all
select
    purchase.user_id, null, null, {by_hand}, purchase.purchase_id, purchase.spent_date,
    purchase.spent_date, purchase.spent_date, purchase.amount_minor, purchase.currency, 'posted',
    purchase.description, purchase.merchant, null, null, null, null
from app.purchases as purchase
{join_by_hand}
"""


def upgrade() -> None:
    op.add_column("accounts", sa.Column("merged_into", sa.Uuid(), nullable=True), schema="app")
    op.add_column("accounts", sa.Column("given_name", sa.Text(), nullable=True), schema="app")
    op.create_foreign_key(
        op.f("fk_accounts__accounts"),
        "accounts",
        "accounts",
        ["user_id", "merged_into"],
        ["user_id", "account_id"],
        source_schema="app",
        referent_schema="app",
    )
    op.create_check_constraint(
        op.f("ck_accounts__merged_into"), "accounts", "merged_into <> account_id", schema="app"
    )
    op.execute(DESCRIBED_ACCOUNTS)
    op.execute("grant select on app.described_accounts to mita_pipeline")
    op.execute(
        ENTRY_LINES.format(
            of_file="coalesce(own.merged_into, account.account_id)",
            join_of_file="left join app.accounts as own"
            " on account.user_id = own.user_id and account.account_id = own.account_id",
            by_hand="coalesce(own.merged_into, purchase.account_id)",
            join_by_hand="left join app.accounts as own using (user_id, account_id)",
        )
    )


def downgrade() -> None:
    """Take the columns away; accounts that were merged are two again at the next import."""
    op.execute(
        ENTRY_LINES.format(
            of_file="account.account_id", join_of_file="", by_hand="purchase.account_id", join_by_hand=""
        )
    )
    op.execute("drop view app.described_accounts")
    op.drop_constraint(op.f("ck_accounts__merged_into"), "accounts", schema="app")
    op.drop_constraint(op.f("fk_accounts__accounts"), "accounts", schema="app")
    op.drop_column("accounts", "given_name", schema="app")
    op.drop_column("accounts", "merged_into", schema="app")
