"""Schema ``app``: users, accounts, one row per real event, and what users decided."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from warehouse.tables.base import amount, belongs_to, belongs_to_user, instant, metadata, string, user_id

users = Table(
    "users",
    metadata,
    Column("user_id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    string("email"),
    string("password_hash", nullable=True),
    string("display_name", default=""),
    string("country", default=""),
    string("currency"),
    string("timezone"),
    Column("token_version", Integer, nullable=False, server_default=text("1")),
    Column("is_premium", Boolean, nullable=False, server_default=text("false")),
    Column("is_admin", Boolean, nullable=False, server_default=text("false")),
    instant("email_verified_at", nullable=True),
    instant("created_at", default_now=True),
    Index("uq_users__email", text("lower(email)"), unique=True),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    schema="app",
)

#: How the monthly budget comes about; income is null while it is read off the statements.
budget_settings = Table(
    "budget_settings",
    metadata,
    user_id(),
    string("method", default="50/30/20"),
    amount("monthly_income_minor", nullable=True),
    instant("updated_at", default_now=True),
    string("cycle", default="monthly"),
    Column("pay_day", Integer, nullable=False, server_default=text("1")),
    Column("cycle_anchor", Date, nullable=False, server_default=text("'2024-01-01'")),  # a Monday
    string("moves_mode", default="auto"),
    string("day_rule", default="spread"),
    Column("is_forecast", Boolean, nullable=False, server_default=text("false")),
    belongs_to_user(),
    CheckConstraint(
        "method in ('50/30/20', '60/20/20', 'zero-based', 'percentage', 'last-period', 'learned')",
        name="method",
    ),
    CheckConstraint("monthly_income_minor >= 0", name="income"),
    CheckConstraint(
        "cycle in ('monthly', 'semi-monthly', 'fortnightly', 'weekly', 'last-working-day')", name="cycle"
    ),
    CheckConstraint(
        "pay_day between 1 and case cycle when 'semi-monthly' then 15 else 31 end", name="pay_day"
    ),
    CheckConstraint("moves_mode in ('auto', 'suggest', 'off')", name="moves_mode"),
    CheckConstraint("day_rule in ('spread', 'carry', 'save')", name="day_rule"),
    schema="app",
)

accounts = Table(
    "accounts",
    metadata,
    user_id(),
    Column("account_id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    string("account_ref"),
    string("currency"),
    string("kind", default="unknown"),
    string("institution", default=""),
    string("name", default=""),
    instant("created_at", default_now=True),
    # The user's word: that it is the same as another one, and what they call it.
    Column("merged_into", Uuid, nullable=True),
    string("given_name", nullable=True),
    belongs_to_user(),
    UniqueConstraint("user_id", "account_ref", "currency"),
    ForeignKeyConstraint(["user_id", "merged_into"], ["app.accounts.user_id", "app.accounts.account_id"]),
    CheckConstraint("merged_into <> account_id", name="merged_into"),
    CheckConstraint("kind in ('checking', 'savings', 'card', 'loan', 'cash', 'unknown')", name="kind"),
    schema="app",
)

#: One row per real event on an account. Its id is that of the entry that stands for it: of the first
#: of the files, in the order of the days that they cover, that list it, or of the purchase entered by hand.
#: A deleted one stays as a tombstone, so that readers of changes learn of it.
transactions = Table(
    "transactions",
    metadata,
    user_id(),
    Column("transaction_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("booked_date", Date, nullable=False),
    Column("spent_date", Date, nullable=False),
    amount(),
    string("currency"),
    string("status"),
    string("description"),
    string("counterparty", nullable=True),
    string("bank_kind", nullable=True),
    string("mcc", nullable=True),
    instant("created_at", default_now=True),
    instant("updated_at", default_now=True),
    instant("deleted_at", nullable=True),
    # Whom it paid, in a few letters: how corrections find the next line of the same merchant.
    Column("merchant_key", Text, Computed("app.merchant_key(description, counterparty)", persisted=True)),
    belongs_to("app.accounts", "account_id"),
    Index(None, "user_id", "spent_date"),
    CheckConstraint("status in ('posted', 'pending', 'expired')", name="status"),
    schema="app",
)

#: A purchase that the user entered by hand; a bank line that comes later joins it.
purchases = Table(
    "purchases",
    metadata,
    user_id(),
    Column("purchase_id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    Column("account_id", Uuid, nullable=False),
    Column("spent_date", Date, nullable=False),
    amount(),
    string("currency"),
    string("description"),
    string("merchant", nullable=True),
    instant("created_at", default_now=True),
    instant("updated_at", default_now=True),
    belongs_to("app.accounts", "account_id"),
    schema="app",
)

#: Entries that are the same event as another one, whose transaction they join, and what spoke for it.
#: An entry that is not here is the transaction of its own id.
merged_entries = Table(
    "merged_entries",
    metadata,
    user_id(),
    Column("entry_id", Uuid, primary_key=True),
    Column("transaction_id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("probability", Double, nullable=False),
    Column("evidence", JSONB, nullable=False),
    belongs_to("app.accounts", "account_id"),
    Index(None, "user_id", "transaction_id"),
    schema="app",
)

#: Two entries of which it is unsure whether they are one event; the answer is the user's and stays.
identity_questions = Table(
    "identity_questions",
    metadata,
    user_id(),
    Column("one_entry", Uuid, primary_key=True),
    Column("other_entry", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=True),
    Column("probability", Double, nullable=True),
    Column("evidence", JSONB, nullable=True),
    Column("is_same", Boolean, nullable=True),
    instant("answered_at", nullable=True),
    belongs_to_user(),
    CheckConstraint("one_entry < other_entry", name="order"),
    schema="app",
)

#: Entries that the user deleted; they stay so when a file brings them again.
deleted_entries = Table(
    "deleted_entries",
    metadata,
    user_id(),
    Column("entry_id", Uuid, primary_key=True),
    instant("deleted_at", default_now=True),
    belongs_to_user(),
    schema="app",
)

#: What the user said a transaction is; stands over every rule and model. The id is an entry's, so that the
#: word stays with it whichever transaction it is part of.
category_decisions = Table(
    "category_decisions",
    metadata,
    user_id(),
    Column("transaction_id", Uuid, primary_key=True),
    Column("category_code", Text, nullable=False),
    instant("decided_at", default_now=True),
    belongs_to_user(),
    schema="app",
)

#: What a user has said of a bank's tables; a table is known by the fingerprint of its header.
statement_layouts = Table(
    "statement_layouts",
    metadata,
    user_id(),
    Column("fingerprint", Text, primary_key=True),
    Column("mapping", JSONB, nullable=False),
    instant("confirmed_at", default_now=True),
    belongs_to_user(),
    schema="app",
)

#: What a user decides about a category: the envelope or fixed expense, the share of the income in
#: hundredths of a percent, and what rolls over into the next period.
category_budgets = Table(
    "category_budgets",
    metadata,
    user_id(),
    Column("category_code", Text, primary_key=True),
    amount("allotted_minor", nullable=True),
    Column("share_bp", Integer, nullable=True),
    string("carry", default="none"),
    instant("updated_at", default_now=True),
    belongs_to_user(),
    CheckConstraint("allotted_minor >= 0", name="allotted"),
    CheckConstraint("share_bp between 0 and 10000", name="share"),
    CheckConstraint("carry in ('none', 'surplus', 'both')", name="carry"),
    schema="app",
)

#: Money that the user moved from one category's budget to another's, in the period of ``moved_on``.
budget_moves = Table(
    "budget_moves",
    metadata,
    user_id(),
    Column("move_id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    Column("moved_on", Date, nullable=False),
    string("from_category"),
    string("to_category"),
    amount(),
    string("note", default=""),
    instant("created_at", default_now=True),
    belongs_to_user(),
    CheckConstraint("amount_minor > 0", name="amount"),
    CheckConstraint("from_category <> to_category", name="categories"),
    schema="app",
)

#: Money that is due on a day; once paid it names the transaction. Not a foreign key, because the
#: commitment stays, and is open again, when the transaction is taken back.
commitments = Table(
    "commitments",
    metadata,
    user_id(),
    Column("commitment_id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    string("category_code"),
    Column("due_date", Date, nullable=False),
    amount(),
    string("kind", default="expense"),
    string("name", default=""),
    Column("transaction_id", Uuid, nullable=True),
    instant("created_at", default_now=True),
    belongs_to_user(),
    CheckConstraint("amount_minor > 0", name="amount"),
    CheckConstraint("kind in ('bill', 'instalment', 'expense', 'goal')", name="kind"),
    schema="app",
)
