"""Photos of receipts, the jobs that read them, what they say, and what they were matched with."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from warehouse.tables.base import amount, belongs_to, belongs_to_user, instant, metadata, string, user_id

#: A file as it was sent, by its content. The stored object is sealed, and goes after a while; what was
#: recognised on it (``page``) stays for reading anew and for training, and so does what a language model read
#: of it (``second_reading``: its name and its answer).
receipt_images = Table(
    "receipt_images",
    metadata,
    user_id(),
    Column("image_id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    string("content_sha256"),
    string("media_type"),
    Column("content_bytes", BigInteger, nullable=False),
    string("storage_key", nullable=True),
    string("perceptual_hash", nullable=True),  # hexadecimal, 256 bits
    Column("page", JSONB, nullable=True),
    Column("second_reading", JSONB, nullable=True),
    instant("uploaded_at", default_now=True),
    instant("deleted_at", nullable=True),
    belongs_to_user(),
    UniqueConstraint("user_id", "content_sha256"),
    schema="raw",
)

#: Work to do on an image: ``read`` begins with the picture, ``settle`` with what was read or corrected.
#: A worker holds a job until ``leased_until``; after that somebody else may take it.
receipt_jobs = Table(
    "receipt_jobs",
    metadata,
    user_id(),
    Column("job_id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    Column("image_id", Uuid, nullable=False),
    string("kind", default="read"),
    string("status", default="pending"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    string("failure", nullable=True),
    instant("created_at", default_now=True),
    instant("due_at", default_now=True),
    instant("leased_until", nullable=True),
    instant("finished_at", nullable=True),
    belongs_to_user(),
    belongs_to("raw.receipt_images", "image_id"),
    Index(None, "due_at", postgresql_where=text("status in ('pending', 'processing')")),
    CheckConstraint("kind in ('read', 'settle')", name="kind"),
    CheckConstraint(
        "status in ('pending', 'processing', 'completed', 'failed', 'needs_review')", name="status"
    ),
    schema="ops",
)

#: What a photo says, by the id of its image, with the user's corrections laid over it.
receipts = Table(
    "receipts",
    metadata,
    user_id(),
    Column("receipt_id", Uuid, primary_key=True),
    string("status"),
    Column("duplicate_of", Uuid, nullable=True),
    string("merchant", nullable=True),
    string("currency", nullable=True),
    string("payment", nullable=True),
    string("card_tail", nullable=True),
    Column("spent_date", Date, nullable=True),
    Column("spent_time", Time, nullable=True),
    amount("total_minor", nullable=True),
    amount("tax_minor", nullable=True),
    amount("tip_minor", nullable=True),
    string("category_code", nullable=True),
    Column("confidence", JSONB, nullable=False, server_default=text("'{}'")),
    Column("boxes", JSONB, nullable=False, server_default=text("'{}'")),
    Column("reasons", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    string("reader"),
    instant("read_at", default_now=True),
    belongs_to_user(),
    ForeignKeyConstraint(
        ["user_id", "receipt_id"],
        ["raw.receipt_images.user_id", "raw.receipt_images.image_id"],
        ondelete="CASCADE",
    ),
    CheckConstraint("status in ('completed', 'needs_review', 'duplicate')", name="status"),
    schema="app",
)

#: Bought lines: ``quantity`` pieces, or so much of ``unit`` (kg, l, m, lb), at ``unit_minor`` for one.
receipt_items = Table(
    "receipt_items",
    metadata,
    user_id(),
    Column("receipt_id", Uuid, primary_key=True),
    Column("line_number", Integer, primary_key=True),
    string("name"),
    Column("quantity", Numeric(12, 3), nullable=False),
    string("unit", nullable=True),
    amount("unit_minor"),
    amount(),
    Column("is_discount", Boolean, nullable=False),
    string("category_code", nullable=True),
    Column("box", JSONB, nullable=True),
    belongs_to_user(),
    belongs_to("app.receipts", "receipt_id"),
    schema="app",
)

#: Which entry of a bank paid a receipt. The id is an entry's and no foreign key, so that the user's word
#: outlives the undoing of a batch, and holds again when the file comes back.
receipt_matches = Table(
    "receipt_matches",
    metadata,
    user_id(),
    Column("receipt_id", Uuid, primary_key=True),
    Column("entry_id", Uuid, primary_key=True),
    Column("probability", Double, nullable=False),
    string("band"),
    string("origin"),
    Column("reasons", JSONB, nullable=False, server_default=text("'{}'")),
    instant("decided_at", default_now=True),
    belongs_to_user(),
    belongs_to("app.receipts", "receipt_id"),
    *(
        Index(
            f"uq_receipt_matches__paired_{column}",
            "user_id",
            column,
            unique=True,
            postgresql_where=text("band = 'paired'"),
        )
        for column in ("receipt_id", "entry_id")
    ),
    CheckConstraint("band in ('paired', 'suggested', 'no')", name="band"),
    CheckConstraint("origin in ('matcher', 'user')", name="origin"),
    CheckConstraint("probability between 0 and 1", name="probability"),
    schema="app",
)

#: What the user said a field is, with what had been read and where: it stands over the reader, and the
#: next training learns from it.
receipt_corrections = Table(
    "receipt_corrections",
    metadata,
    user_id(),
    Column("receipt_id", Uuid, primary_key=True),
    Column("field", Text, primary_key=True),
    string("value_read", nullable=True),
    string("value"),
    Column("box", JSONB, nullable=True),
    instant("corrected_at", default_now=True),
    belongs_to_user(),
    ForeignKeyConstraint(
        ["user_id", "receipt_id"],
        ["raw.receipt_images.user_id", "raw.receipt_images.image_id"],
        ondelete="CASCADE",
    ),
    CheckConstraint("field in ('merchant', 'date', 'total', 'currency', 'category')", name="field"),
    schema="app",
)
