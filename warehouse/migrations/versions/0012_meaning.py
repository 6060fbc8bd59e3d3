"""What money means: forecasts, alerts, insights, cohorts, and what users say of them"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

#: What models say does not raise a user's version: it follows from facts, and marts do not follow from it.
SAID = (
    "ml.forecast_days",
    "ml.alerts",
    "ml.insights",
    "ml.advice_snapshots",
    "ml.cluster_members",
    "ml.cohort_members",
)
DECIDED = ("app.alert_decisions", "app.insight_ratings", "app.cohort_consents")
SHARED = ("ml.cohort_releases", "ml.fitted_parameters")


def upgrade() -> None:
    _create_forecasts()
    _create_alerts()
    _create_insights()
    _create_cohorts()
    for table in (*SAID, *DECIDED, "ops.done_days"):
        _secure(table)
    for table in SAID:
        op.execute(f"grant select on {table} to mita_api")
    for table in DECIDED:
        op.execute(f"grant select, insert, update, delete on {table} to mita_api")
    for table in SHARED:
        op.execute(f"grant select, insert, update, delete on {table} to mita_pipeline")
        op.execute(f"grant select on {table} to mita_api")


def downgrade() -> None:
    for table in (*SHARED, "ops.done_days", *DECIDED, *SAID):
        schema, name = table.split(".")
        op.drop_table(name, schema=schema)


def _create_forecasts() -> None:
    _create(
        "ml.forecast_days",
        ["forecast_date"],
        sa.Column("forecast_date", sa.Date(), nullable=False),
        sa.Column("known_until", sa.Date(), nullable=False),
        *(
            sa.Column(f"{what}_p{level}_minor", sa.BigInteger(), nullable=what == "balance")
            for what in ("spent", "spent_until", "balance")
            for level in (10, 50, 90)
        ),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
    )
    _create(
        "ops.done_days",
        ["work"],
        sa.Column("work", sa.Text(), nullable=False),
        sa.Column("done_for", sa.Date(), nullable=False),
        sa.Column("version", sa.Text(), server_default=sa.text("''"), nullable=False),
        _instant("done_at"),
    )
    op.create_table(
        "fitted_parameters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        _instant("fitted_at"),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_fitted_parameters")),
        schema="ml",
    )


def _create_alerts() -> None:
    _create(
        "ml.alerts",
        ["alert_key"],
        sa.Column("alert_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("raised_on", sa.Date(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("merchant", sa.Text(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("usual_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("usefulness", sa.Double(), nullable=False),
        sa.Column("is_shown", sa.Boolean(), nullable=False),
        _json("facts", server_default=sa.text("'{}'")),
        _instant("found_at"),
        sa.CheckConstraint(
            "kind in ('unusual_amount', 'far_merchant', 'duplicate_charge', 'price_rise', 'missing_income', "
            "'pace')",
            name=op.f("ck_alerts__kind"),
        ),
        sa.CheckConstraint("probability between 0 and 1", name=op.f("ck_alerts__probability")),
    )
    _create(
        "app.alert_decisions",
        ["alert_key"],
        sa.Column("alert_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_useful", sa.Boolean(), nullable=False),
        sa.Column("is_dismissed", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        _instant("decided_at"),
    )


def _create_insights() -> None:
    _create(
        "ml.insights",
        ["insight_key"],
        sa.Column("insight_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("last_seen_on", sa.Date(), nullable=False),
        sa.Column("rank", sa.Double(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        _json("facts"),
        _json("sources"),
        *(
            sa.Column(f"{part}_{language}", sa.Text(), nullable=False)
            for language in ("en", "bg")
            for part in ("title", "text")
        ),
        sa.CheckConstraint("confidence between 0 and 1", name=op.f("ck_insights__confidence")),
    )
    _create(
        "app.insight_ratings",
        ["insight_key"],
        sa.Column("insight_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_useful", sa.Boolean(), nullable=False),
        _instant("rated_at"),
    )
    _create(
        "ml.advice_snapshots",
        ["week_start", "language"],
        sa.Column("week_start", sa.Date(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("told_by", sa.Text(), nullable=False),
        _json("insight_keys"),
        _instant("made_at"),
    )


def _create_cohorts() -> None:
    _create(
        "ml.cluster_members",
        ["month"],
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("cluster", sa.Integer(), nullable=False),
        sa.Column("distance", sa.Double(), nullable=False),
        sa.Column("drift", sa.Double(), nullable=True),
        _json("features"),
        sa.Column("model_version", sa.Text(), nullable=False),
    )
    _create(
        "ml.cohort_members",
        ["month"],
        sa.Column("month", sa.Date(), nullable=False),
        _json("cohorts"),
        _json("figures"),
    )
    _create(
        "app.cohort_consents",
        [],
        sa.Column("is_in", sa.Boolean(), nullable=False),
        _instant("decided_at"),
    )
    op.create_table(
        "cohort_releases",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("cohort", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        *(sa.Column(level, sa.Double(), nullable=False) for level in ("p25", "p50", "p75")),
        _instant("released_at"),
        sa.CheckConstraint("people >= 20", name=op.f("ck_cohort_releases__people")),
        sa.PrimaryKeyConstraint("month", "cohort", "measure", name=op.f("pk_cohort_releases")),
        schema="ml",
    )


def _create(table: str, key: list[str], *columns: Any) -> None:  # noqa: ANN401 - columns and constraints
    schema, name = table.split(".")
    op.create_table(
        name,
        sa.Column("user_id", sa.Uuid(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f(f"fk_{name}__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", *key, name=op.f(f"pk_{name}")),
        schema=schema,
    )


def _json(name: str, **options: Any) -> sa.Column[Any]:  # noqa: ANN401
    return sa.Column(name, postgresql.JSONB(), nullable=False, **options)


def _instant(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _secure(table: str) -> None:
    """As 0002 does it: a user's rows are for that user."""
    op.execute(f"alter table {table} enable row level security")
    op.execute(
        f"create policy tenant on {table} to mita_api using (user_id = (select app.current_user_id()))"
    )
    op.execute(f"create policy pipeline on {table} to mita_pipeline using (true)")
    op.execute(f"grant select, insert, update, delete, maintain on {table} to mita_pipeline")
