"""Photos of receipts, the jobs that read them, what they say, and the purchases that they prove"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

RECEIPTS = ("receipts", "receipt_items", "receipt_matches", "receipt_corrections")
OF_A_USER = ("raw.receipt_images", "ops.receipt_jobs", *(f"app.{table}" for table in RECEIPTS))
#: A change of these is a new version of what the API answers.
WATCHED = tuple(f"app.{table}" for table in RECEIPTS)

# Workers wait for this instead of asking every second.
NOTIFY = """
create function ops.notify_receipt_job() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
    perform pg_notify('mita_receipt_jobs', '');
    return null;
end
$$
"""


def upgrade() -> None:
    _create_images()
    _create_jobs()
    _create_receipts()
    _create_items()
    _create_matches()
    _create_corrections()
    op.execute(NOTIFY)
    op.execute(
        "create trigger notify_receipt_job after insert on ops.receipt_jobs "
        "for each statement execute function ops.notify_receipt_job()"
    )
    for table in OF_A_USER:
        op.execute(f"alter table {table} enable row level security")
        op.execute(
            f"create policy tenant on {table} to mita_api using (user_id = (select app.current_user_id()))"
        )
        op.execute(f"create policy pipeline on {table} to mita_pipeline using (true)")
        op.execute(f"grant select, insert, update, delete, maintain on {table} to mita_pipeline")
    _grant_api()
    for table in WATCHED:
        for event, rows in (("insert", "new"), ("update", "new"), ("delete", "old")):
            op.execute(
                f"create trigger bump_user_version_on_{event} after {event} on {table} "
                f"referencing {rows} table as changed "
                "for each statement execute function ops.bump_user_version()"
            )


def downgrade() -> None:
    for table in ("receipt_corrections", "receipt_matches", "receipt_items", "receipts"):
        op.drop_table(table, schema="app")
    op.drop_table("receipt_jobs", schema="ops")
    op.drop_table("receipt_images", schema="raw")
    op.execute("drop function ops.notify_receipt_job()")


def _grant_api() -> None:
    """The API leaves a photo and a job, and the user's word; what was read is the pipeline's."""
    op.execute("grant usage on schema raw to mita_api")
    # What was recognised (page) and where the photo lies stay out of what a query may ask carelessly.
    op.execute(
        "grant select (user_id, image_id, content_sha256, media_type, content_bytes, storage_key, "
        "uploaded_at, deleted_at), insert (user_id, image_id, content_sha256, media_type, content_bytes, "
        "storage_key), update (deleted_at, storage_key) on raw.receipt_images to mita_api"
    )
    op.execute("grant select, insert on ops.receipt_jobs to mita_api")
    op.execute("grant update (status, kind, due_at, attempts) on ops.receipt_jobs to mita_api")
    op.execute("grant select on app.receipts, app.receipt_items, app.receipt_matches to mita_api")
    op.execute("grant select, insert, update on app.receipt_corrections to mita_api")
    op.execute("grant insert, update on app.receipt_matches to mita_api")


def _create_images() -> None:
    op.create_table(
        "receipt_images",
        _user(),
        _id("image_id"),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content_bytes", sa.BigInteger(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=True),
        sa.Column("perceptual_hash", sa.Text(), nullable=True),
        sa.Column("page", postgresql.JSONB(), nullable=True),
        _now("uploaded_at"),
        _instant("deleted_at"),
        *_key("receipt_images", "image_id"),
        sa.UniqueConstraint(
            "user_id", "content_sha256", name=op.f("uq_receipt_images__user_id_content_sha256")
        ),
        schema="raw",
    )


def _create_jobs() -> None:
    op.create_table(
        "receipt_jobs",
        _user(),
        _id("job_id"),
        sa.Column("image_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("'read'"), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        _now("created_at"),
        _now("due_at"),
        _instant("leased_until"),
        _instant("finished_at"),
        sa.CheckConstraint("kind in ('read', 'settle')", name=op.f("ck_receipt_jobs__kind")),
        sa.CheckConstraint(
            "status in ('pending', 'processing', 'completed', 'failed', 'needs_review')",
            name=op.f("ck_receipt_jobs__status"),
        ),
        _of("receipt_jobs", "raw.receipt_images", "image_id"),
        *_key("receipt_jobs", "job_id"),
        schema="ops",
    )
    op.create_index(
        op.f("ix_receipt_jobs__due_at"),
        "receipt_jobs",
        ["due_at"],
        schema="ops",
        postgresql_where=sa.text("status in ('pending', 'processing')"),
    )


def _create_receipts() -> None:
    op.create_table(
        "receipts",
        _user(),
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("duplicate_of", sa.Uuid(), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("merchant", "currency", "payment")),
        sa.Column("card_tail", sa.Text(), nullable=True),
        sa.Column("spent_date", sa.Date(), nullable=True),
        sa.Column("spent_time", sa.Time(), nullable=True),
        sa.Column("total_minor", sa.BigInteger(), nullable=True),
        sa.Column("tax_minor", sa.BigInteger(), nullable=True),
        sa.Column("tip_minor", sa.BigInteger(), nullable=True),
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("confidence", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("boxes", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        _now("read_at"),
        sa.CheckConstraint(
            "status in ('completed', 'needs_review', 'duplicate')", name=op.f("ck_receipts__status")
        ),
        _of("receipts", "raw.receipt_images", "receipt_id", "image_id"),
        *_key("receipts", "receipt_id"),
        schema="app",
    )


def _create_items() -> None:
    op.create_table(
        "receipt_items",
        _user(),
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("line_number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("is_discount", sa.Boolean(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("box", postgresql.JSONB(), nullable=True),
        _of("receipt_items", "app.receipts", "receipt_id"),
        *_key("receipt_items", "receipt_id", "line_number"),
        schema="app",
    )


def _create_matches() -> None:
    op.create_table(
        "receipt_matches",
        _user(),
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        _now("decided_at"),
        sa.CheckConstraint("band in ('paired', 'suggested', 'no')", name=op.f("ck_receipt_matches__band")),
        sa.CheckConstraint("origin in ('matcher', 'user')", name=op.f("ck_receipt_matches__origin")),
        sa.CheckConstraint("probability between 0 and 1", name=op.f("ck_receipt_matches__probability")),
        _of("receipt_matches", "app.receipts", "receipt_id"),
        *_key("receipt_matches", "receipt_id", "entry_id"),
        schema="app",
    )
    for column in ("receipt_id", "entry_id"):
        op.create_index(
            f"uq_receipt_matches__paired_{column}",
            "receipt_matches",
            ["user_id", column],
            unique=True,
            schema="app",
            postgresql_where=sa.text("band = 'paired'"),
        )


def _create_corrections() -> None:
    op.create_table(
        "receipt_corrections",
        _user(),
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value_read", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("box", postgresql.JSONB(), nullable=True),
        _now("corrected_at"),
        sa.CheckConstraint(
            "field in ('merchant', 'date', 'total', 'currency', 'category')",
            name=op.f("ck_receipt_corrections__field"),
        ),
        _of("receipt_corrections", "raw.receipt_images", "receipt_id", "image_id"),
        *_key("receipt_corrections", "receipt_id", "field"),
        schema="app",
    )


def _user() -> sa.Column[Any]:
    return sa.Column("user_id", sa.Uuid(), nullable=False)


def _id(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False)


def _now(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _instant(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _key(table: str, *columns: str) -> tuple[sa.Constraint, ...]:
    return (
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f(f"fk_{table}__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", *columns, name=op.f(f"pk_{table}")),
    )


def _of(table: str, other: str, column: str, target: str = "") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id", column],
        [f"{other}.user_id", f"{other}.{target or column}"],
        name=op.f(f"fk_{table}__{other.split('.')[1]}"),
        ondelete="CASCADE",
    )
