"""Links between transactions, splits, exchange rates"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OF_A_USER = ("app.transaction_links", "app.split_lines", "ops.link_versions")
#: A change of these moves the user's plan.
FACTS = ("app.transaction_links", "app.split_lines")

# The parts are checked when the transaction that changed them ends, so that they can be replaced one by one.
SPLITS_SUM = """
create function app.check_split_sum() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
    changed record := coalesce(new, old);
    whole bigint;
    parts bigint;
begin
    select t.amount_minor into whole from app.transactions as t
    where t.user_id = changed.user_id and t.transaction_id = changed.transaction_id;
    select sum(s.amount_minor) into parts from app.split_lines as s
    where s.user_id = changed.user_id and s.transaction_id = changed.transaction_id;
    if parts is not null and whole is not null and parts <> whole then
        raise exception 'the parts of transaction % sum to %, not to its amount %',
            changed.transaction_id, parts, whole
            using errcode = 'check_violation', constraint = 'split_lines_sum';
    end if;
    return null;
end
$$
"""
SPLITS_SUM_TRIGGER = """
create constraint trigger split_lines_sum after insert or update or delete on app.split_lines
deferrable initially deferred for each row execute function app.check_split_sum()
"""

# A tip that comes with settling, a correction by the bank: the largest part takes the difference.
SPLITS_FOLLOW = """
create function app.let_splits_follow() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
    update app.split_lines as s
    set amount_minor = s.amount_minor + new.amount_minor - old.amount_minor
    where s.user_id = new.user_id and s.transaction_id = new.transaction_id and s.line_number = (
        select l.line_number from app.split_lines as l
        where l.user_id = new.user_id and l.transaction_id = new.transaction_id
        order by abs(l.amount_minor) desc, l.line_number
        limit 1
    );
    return null;
end
$$
"""
SPLITS_FOLLOW_TRIGGER = """
create trigger let_splits_follow after update of amount_minor on app.transactions
for each row when (old.amount_minor is distinct from new.amount_minor)
execute function app.let_splits_follow()
"""


def upgrade() -> None:
    _create_links()
    _create_splits()
    _create_rates()
    op.create_table(
        "link_versions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        _of_the_user("link_versions"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_link_versions")),
        schema="ops",
    )
    for statement in (SPLITS_SUM, SPLITS_SUM_TRIGGER, SPLITS_FOLLOW, SPLITS_FOLLOW_TRIGGER):
        op.execute(statement)
    for table in OF_A_USER:
        op.execute(f"alter table {table} enable row level security")
        op.execute(
            f"create policy tenant on {table} to mita_api using (user_id = (select app.current_user_id()))"
        )
        op.execute(f"create policy pipeline on {table} to mita_pipeline using (true)")
    for table in (*OF_A_USER, "raw.exchange_rates"):
        op.execute(f"grant select, insert, update, delete, maintain on {table} to mita_pipeline")
    for table in ("app.transaction_links", "app.split_lines"):
        op.execute(f"grant select on {table} to mita_api")
    for table in FACTS:
        for event, rows in (("insert", "new"), ("update", "new"), ("delete", "old")):
            op.execute(
                f"create trigger bump_user_version_on_{event} after {event} on {table} "
                f"referencing {rows} table as changed "
                "for each statement execute function ops.bump_user_version()"
            )


def downgrade() -> None:
    op.execute("drop trigger let_splits_follow on app.transactions")
    op.drop_table("link_versions", schema="ops")
    op.drop_table("exchange_rates", schema="raw")
    op.drop_table("split_lines", schema="app")
    op.drop_table("transaction_links", schema="app")
    op.execute("drop function app.let_splits_follow()")
    op.execute("drop function app.check_split_sum()")


def _create_links() -> None:
    op.create_table(
        "transaction_links",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_transaction_id", sa.Uuid(), nullable=False),
        sa.Column("target_transaction_id", sa.Uuid(), nullable=True),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind in ('transfer', 'refund', 'reimbursement')", name=op.f("ck_transaction_links__kind")
        ),
        sa.CheckConstraint("band in ('paired', 'suggested', 'no')", name=op.f("ck_transaction_links__band")),
        sa.CheckConstraint("origin in ('matcher', 'user')", name=op.f("ck_transaction_links__origin")),
        sa.CheckConstraint("probability between 0 and 1", name=op.f("ck_transaction_links__probability")),
        sa.CheckConstraint(
            "source_transaction_id <> target_transaction_id", name=op.f("ck_transaction_links__two_ends")
        ),
        sa.CheckConstraint(
            "target_transaction_id is not null or kind = 'transfer'",
            name=op.f("ck_transaction_links__target"),
        ),
        *(
            _of_a_transaction("transaction_links", end)
            for end in ("source_transaction_id", "target_transaction_id")
        ),
        sa.PrimaryKeyConstraint("user_id", "link_id", name=op.f("pk_transaction_links")),
        schema="app",
    )
    for name, end, where in (
        ("paired_source", "source_transaction_id", "band = 'paired'"),
        ("paired_target", "target_transaction_id", "band = 'paired' and kind = 'transfer'"),
    ):
        op.create_index(
            f"uq_transaction_links__{name}",
            "transaction_links",
            ["user_id", end],
            unique=True,
            schema="app",
            postgresql_where=sa.text(where),
        )
    op.create_index(
        op.f("ix_transaction_links__user_id_target_transaction_id"),
        "transaction_links",
        ["user_id", "target_transaction_id"],
        schema="app",
    )


def _create_splits() -> None:
    op.create_table(
        "split_lines",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("line_number", sa.Integer(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("line_number > 0", name=op.f("ck_split_lines__line_number")),
        _of_a_transaction("split_lines", "transaction_id"),
        sa.PrimaryKeyConstraint("user_id", "transaction_id", "line_number", name=op.f("pk_split_lines")),
        schema="app",
    )


def _create_rates() -> None:
    op.create_table(
        "exchange_rates",
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("rate_date", sa.Date(), nullable=False),
        sa.Column("units_per_euro", sa.Numeric(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_exchange_rates__currency")),
        sa.CheckConstraint("units_per_euro > 0", name=op.f("ck_exchange_rates__units_per_euro")),
        sa.PrimaryKeyConstraint("currency", "rate_date", name=op.f("pk_exchange_rates")),
        schema="raw",
    )


def _of_the_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id"], ["app.users.user_id"], name=op.f(f"fk_{table}__users"), ondelete="CASCADE"
    )


def _of_a_transaction(table: str, column: str) -> sa.ForeignKeyConstraint:
    suffix = f"__{column}" if table == "transaction_links" else ""
    return sa.ForeignKeyConstraint(
        ["user_id", column],
        ["app.transactions.user_id", "app.transactions.transaction_id"],
        name=op.f(f"fk_{table}__transactions{suffix}"),
        ondelete="CASCADE",
    )
