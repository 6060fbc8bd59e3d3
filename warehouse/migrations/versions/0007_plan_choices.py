"""What users decide about their plan: periods, categories, moves, commitments; and learned profiles"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

METHODS = "('50/30/20', '60/20/20', 'zero-based', 'percentage', 'last-period', 'learned')"
CYCLES = "('monthly', 'semi-monthly', 'fortnightly', 'weekly', 'last-working-day')"
CHOICES = ("category_budgets", "budget_moves", "commitments")
OF_A_USER = [*(f"app.{table}" for table in CHOICES), "ml.spending_profiles"]
CHECKS = {
    "method": f"method in {METHODS}",
    "cycle": f"cycle in {CYCLES}",
    "pay_day": "pay_day between 1 and case cycle when 'semi-monthly' then 15 else 31 end",
    "moves_mode": "moves_mode in ('auto', 'suggest', 'off')",
    "day_rule": "day_rule in ('spread', 'carry', 'save')",
}

# One rule for all readers: a mart is current if no fact has changed and no day has begun since its build.
MARTS_ARE_CURRENT = """
create function ops.marts_are_current(person uuid) returns boolean language sql stable parallel safe
begin atomic
    select exists (
        select 1
        from app.users as u
        inner join ops.mart_versions as m on u.user_id = m.user_id
        left join ops.user_versions as v on u.user_id = v.user_id
        where u.user_id = person
            and m.version = coalesce(v.version, 0)
            and m.today = (now() at time zone u.timezone)::date
    );
end
"""


def upgrade() -> None:
    op.execute(MARTS_ARE_CURRENT)
    op.execute("revoke all on function ops.marts_are_current(uuid) from public")
    op.execute("grant execute on function ops.marts_are_current(uuid) to mita_pipeline, mita_api")
    _widen_settings()
    _create_choices()
    op.create_table(
        "spending_profiles",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("learned_on", sa.Date(), nullable=False),
        sa.Column("expected_minor", sa.BigInteger(), nullable=False),
        sa.Column("weekday_weights", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("day_weights", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("season_weights", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("periods_seen", sa.Integer(), nullable=False),
        sa.Column("own_share", sa.Double(), nullable=False),
        sa.CheckConstraint("expected_minor >= 0", name=op.f("ck_spending_profiles__expected")),
        sa.CheckConstraint(
            "cardinality(weekday_weights) = 7 and cardinality(day_weights) = 31 "
            "and cardinality(season_weights) = 12",
            name=op.f("ck_spending_profiles__weights"),
        ),
        sa.CheckConstraint("own_share between 0 and 1", name=op.f("ck_spending_profiles__own_share")),
        _of_user("spending_profiles"),
        sa.PrimaryKeyConstraint("user_id", "category_code", name=op.f("pk_spending_profiles")),
        schema="ml",
    )
    for table in OF_A_USER:
        _secure(table)
    for table in CHOICES:
        op.execute(f"grant select, insert, update, delete on app.{table} to mita_api")
    op.execute("grant select on ml.spending_profiles to mita_api")


def downgrade() -> None:
    op.execute("drop function ops.marts_are_current(uuid)")
    op.drop_table("spending_profiles", schema="ml")
    for table in reversed(CHOICES):
        op.drop_table(table, schema="app")
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_budget_settings__{name}"), "budget_settings", schema="app")
    for column in _settings():
        op.drop_column("budget_settings", column.name, schema="app")
    op.create_check_constraint(
        op.f("ck_budget_settings__method"),
        "budget_settings",
        "method in ('50/30/20', '60/20/20')",
        schema="app",
    )


def _widen_settings() -> None:
    op.drop_constraint(op.f("ck_budget_settings__method"), "budget_settings", schema="app")
    for column in _settings():
        op.add_column("budget_settings", column, schema="app")
    for name, condition in CHECKS.items():
        op.create_check_constraint(
            op.f(f"ck_budget_settings__{name}"), "budget_settings", condition, schema="app"
        )


def _settings() -> list[sa.Column[Any]]:
    return [
        sa.Column("cycle", sa.Text(), server_default=sa.text("'monthly'"), nullable=False),
        sa.Column("pay_day", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("cycle_anchor", sa.Date(), server_default=sa.text("'2024-01-01'"), nullable=False),
        sa.Column("moves_mode", sa.Text(), server_default=sa.text("'auto'"), nullable=False),
        sa.Column("day_rule", sa.Text(), server_default=sa.text("'spread'"), nullable=False),
        sa.Column("is_forecast", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    ]


def _create_choices() -> None:
    op.create_table(
        "category_budgets",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("allotted_minor", sa.BigInteger(), nullable=True),
        sa.Column("share_bp", sa.Integer(), nullable=True),
        sa.Column("carry", sa.Text(), server_default=sa.text("'none'"), nullable=False),
        _updated(),
        sa.CheckConstraint("allotted_minor >= 0", name=op.f("ck_category_budgets__allotted")),
        sa.CheckConstraint("share_bp between 0 and 10000", name=op.f("ck_category_budgets__share")),
        sa.CheckConstraint("carry in ('none', 'surplus', 'both')", name=op.f("ck_category_budgets__carry")),
        _of_user("category_budgets"),
        sa.PrimaryKeyConstraint("user_id", "category_code", name=op.f("pk_category_budgets")),
        schema="app",
    )
    op.create_table(
        "budget_moves",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("move_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("moved_on", sa.Date(), nullable=False),
        sa.Column("from_category", sa.Text(), nullable=False),
        sa.Column("to_category", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        _updated("created_at"),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_budget_moves__amount")),
        sa.CheckConstraint("from_category <> to_category", name=op.f("ck_budget_moves__categories")),
        _of_user("budget_moves"),
        sa.PrimaryKeyConstraint("user_id", "move_id", name=op.f("pk_budget_moves")),
        schema="app",
    )
    op.create_table(
        "commitments",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("commitment_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("'expense'"), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=True),
        _updated("created_at"),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_commitments__amount")),
        sa.CheckConstraint(
            "kind in ('bill', 'instalment', 'expense', 'goal')", name=op.f("ck_commitments__kind")
        ),
        _of_user("commitments"),
        sa.PrimaryKeyConstraint("user_id", "commitment_id", name=op.f("pk_commitments")),
        schema="app",
    )


def _updated(name: str = "updated_at") -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id"], ["app.users.user_id"], name=op.f(f"fk_{table}__users"), ondelete="CASCADE"
    )


def _secure(table: str) -> None:
    """As 0002 does it: a user's rows are for that user, and a change of them raises the user's version."""
    op.execute(f"alter table {table} enable row level security")
    op.execute(
        f"create policy tenant on {table} to mita_api using (user_id = (select app.current_user_id()))"
    )
    op.execute(f"create policy pipeline on {table} to mita_pipeline using (true)")
    op.execute(f"grant select, insert, update, delete, maintain on {table} to mita_pipeline")
    for event, rows in (("insert", "new"), ("update", "new"), ("delete", "old")):
        op.execute(
            f"create trigger bump_user_version_on_{event} after {event} on {table} "
            f"referencing {rows} table as changed "
            "for each statement execute function ops.bump_user_version()"
        )
