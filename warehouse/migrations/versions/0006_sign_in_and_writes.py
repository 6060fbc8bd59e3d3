"""Sign-in, the user's own words, keys of requests, mail to send, the audit chain"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SIGN_IN = (
    "sessions",
    "one_time_tokens",
    "totp_secrets",
    "recovery_codes",
    "passkeys",
    "external_identities",
)
CHOICES = ("preferences", "onboarding_answers", "transaction_details")
OPS = ("idempotency_keys", "outbox", "audit_log", "audit_heads")
OF_A_USER = [*(f"app.{table}" for table in (*SIGN_IN, *CHOICES)), *(f"ops.{table}" for table in OPS)]
#: A change of these is a new version of what the API answers.
WATCHED = [f"app.{table}" for table in CHOICES]
#: Tables whose rows the API makes, changes and removes for their user.
API_OWNS = [
    *(f"app.{table}" for table in (*SIGN_IN, *CHOICES)),
    "app.category_decisions",
    "ops.idempotency_keys",
]

# Looking somebody up by what only they can know happens before anybody is signed in, hence with the
# owner's rights; each function gives one user for one exact secret.
LOOKUPS = """
create function app.find_one_time_token(given_hash bytea, given_purpose text) returns uuid
language sql stable security definer set search_path = ''
begin atomic
    select token.user_id from app.one_time_tokens as token
    where token.token_hash = given_hash and token.purpose = given_purpose
        and token.used_at is null and token.expires_at > now();
end;
create function app.find_passkey(given_id bytea) returns uuid
language sql stable security definer set search_path = ''
begin atomic
    select passkey.user_id from app.passkeys as passkey where passkey.credential_id = given_id;
end;
create function app.find_external_identity(given_issuer text, given_subject text) returns uuid
language sql stable security definer set search_path = ''
begin atomic
    select identity.user_id from app.external_identities as identity
    where identity.issuer = given_issuer and identity.subject = given_subject;
end
"""

# The API may add to its user's chain and not touch it otherwise.
AUDIT = """
create function ops.audit_hash(
    previous bytea, owner uuid, number bigint, happened timestamptz, name text, facts jsonb
) returns bytea language sql immutable set search_path = ''
begin atomic
    select sha256(previous || convert_to(concat_ws(
        '|', owner, number, extract(epoch from happened)::text, name, facts::text
    ), 'UTF8'));
end;
create function ops.add_audit_event(name text, facts jsonb) returns bigint
language plpgsql security definer set search_path = ''
as $$
declare
    owner uuid := app.current_user_id();
    number bigint;
    previous bytea;
    happened timestamptz := clock_timestamp();
begin
    insert into ops.audit_heads (user_id, sequence, hash) values (owner, 0, '') on conflict do nothing;
    select head.sequence + 1, head.hash into number, previous
    from ops.audit_heads as head where head.user_id = owner for update;
    insert into ops.audit_log (user_id, sequence, happened_at, event, details, previous_hash, hash)
    values (
        owner, number, happened, name, facts, previous,
        ops.audit_hash(previous, owner, number, happened, name, facts)
    );
    update ops.audit_heads as head
    set sequence = number, hash = ops.audit_hash(previous, owner, number, happened, name, facts)
    where head.user_id = owner;
    return number;
end
$$;
create function ops.audit_breaks() returns table (user_id uuid, sequence bigint)
language sql stable set search_path = ''
begin atomic
    with chained as (
        select
            log.*,
            lag(log.hash, 1, ''::bytea) over chain as hash_before,
            lag(log.sequence, 1, 0::bigint) over chain as sequence_before
        from ops.audit_log as log
        window chain as (partition by log.user_id order by log.sequence)
    )
    select chained.user_id, chained.sequence
    from chained
    where chained.previous_hash <> chained.hash_before
        or chained.sequence <> chained.sequence_before + 1
        or chained.hash <> ops.audit_hash(
            chained.previous_hash, chained.user_id, chained.sequence, chained.happened_at, chained.event,
            chained.details
        )
    union
    select head.user_id, head.sequence
    from ops.audit_heads as head
    where head.hash is distinct from coalesce((
        select log.hash from ops.audit_log as log
        where log.user_id = head.user_id and log.sequence = head.sequence
    ), ''::bytea);
end
"""

# Every table with a user_id, whoever made it: marts have no foreign keys, and models of tomorrow none
# that today knows.
ERASE = """
create function app.erase_current_user() returns void
language plpgsql security definer set search_path = ''
as $$
declare
    owner uuid := app.current_user_id();
    kept regclass;
begin
    for kept in
        select class.oid::regclass
        from pg_catalog.pg_class as class
        inner join pg_catalog.pg_namespace as place on class.relnamespace = place.oid
        inner join pg_catalog.pg_attribute as attribute on class.oid = attribute.attrelid
        where place.nspname in ('raw', 'ml', 'ops', 'seeds', 'staging', 'intermediate', 'marts')
            and class.relkind in ('r', 'p') and attribute.attname = 'user_id' and not attribute.attisdropped
        order by place.nspname = 'ops'
    loop
        execute format('delete from %s where user_id = $1', kept) using owner;
    end loop;
    delete from app.users as gone where gone.user_id = owner;
    delete from ops.user_versions as gone where gone.user_id = owner;
end
$$
"""

# Of every table with a user_id, without what lets somebody in.
EXPORT = """
create function app.export_current_user() returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
    owner uuid := app.current_user_id();
    kept regclass;
    rows jsonb;
    everything jsonb := '{}';
begin
    for kept in
        select class.oid::regclass
        from pg_catalog.pg_class as class
        inner join pg_catalog.pg_namespace as place on class.relnamespace = place.oid
        inner join pg_catalog.pg_attribute as attribute on class.oid = attribute.attrelid
        where place.nspname in ('raw', 'app', 'ml', 'ops', 'marts')
            and class.relkind in ('r', 'p') and attribute.attname = 'user_id' and not attribute.attisdropped
        order by 1
    loop
        execute format(
            'select coalesce(jsonb_agg(to_jsonb(kept) - $2), ''[]'') from %s as kept where user_id = $1', kept
        ) into rows using owner, array[
            'password_hash', 'token_hash', 'secret', 'code_hash', 'public_key', 'refresh_id',
            'previous_refresh_id', 'body', 'fingerprint', 'payload'
        ];
        everything := everything || jsonb_build_object(kept::text, rows);
    end loop;
    return everything;
end
$$
"""

NOTIFY = """
create function ops.notify_user_change() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
    perform pg_notify('mita_user_changes', json_build_object(
        'user_id', new.user_id, 'what', tg_argv[0], 'version', new.version
    )::text);
    return null;
end
$$
"""


def upgrade() -> None:
    op.create_table(
        "external_identities",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_external_identities__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "issuer", name=op.f("pk_external_identities")),
        schema="app",
    )
    op.create_index(
        op.f("ix_external_identities__issuer_subject"),
        "external_identities",
        ["issuer", "subject"],
        unique=True,
        schema="app",
    )
    op.create_table(
        "onboarding_answers",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("monthly_income_minor", sa.BigInteger(), nullable=False),
        sa.Column("additional_income_minor", sa.BigInteger(), nullable=False),
        sa.Column("savings_goal_minor", sa.BigInteger(), nullable=False),
        sa.Column("fixed_expenses_minor", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "submitted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_onboarding_answers__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_onboarding_answers")),
        schema="app",
    )
    op.create_table(
        "one_time_tokens",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purpose in ('reset_password', 'verify_email')", name=op.f("ck_one_time_tokens__purpose")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_one_time_tokens__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "token_hash", name=op.f("pk_one_time_tokens")),
        schema="app",
    )
    op.create_index(
        op.f("ix_one_time_tokens__token_hash"), "one_time_tokens", ["token_hash"], unique=True, schema="app"
    )
    op.create_table(
        "passkeys",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_passkeys__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "credential_id", name=op.f("pk_passkeys")),
        schema="app",
    )
    op.create_index(
        op.f("ix_passkeys__credential_id"), "passkeys", ["credential_id"], unique=True, schema="app"
    )
    op.create_table(
        "preferences",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("savings_goal_minor", sa.BigInteger(), nullable=True),
        sa.Column("budget_mode", sa.Text(), server_default=sa.text("'default'"), nullable=False),
        sa.Column(
            "settings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "automation",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "budget_mode in ('default', 'flexible', 'strict', 'behavioral', 'goal')",
            name=op.f("ck_preferences__budget_mode"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_preferences__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_preferences")),
        schema="app",
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_recovery_codes__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name=op.f("pk_recovery_codes")),
        schema="app",
    )
    op.create_table(
        "sessions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("refresh_id", sa.Uuid(), nullable=False),
        sa.Column("previous_refresh_id", sa.Uuid(), nullable=True),
        sa.Column("device", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("address", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("rotated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_sessions__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "session_id", name=op.f("pk_sessions")),
        schema="app",
    )
    op.create_table(
        "totp_secrets",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_totp_secrets__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_totp_secrets")),
        schema="app",
    )
    op.create_table(
        "audit_heads",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_audit_heads__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_audit_heads")),
        schema="ops",
    )
    op.create_table(
        "audit_log",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_audit_log__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "sequence", name=op.f("pk_audit_log")),
        schema="ops",
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_idempotency_keys__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "idempotency_key", name=op.f("pk_idempotency_keys")),
        schema="ops",
    )
    op.create_table(
        "outbox",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_outbox__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "message_id", name=op.f("pk_outbox")),
        schema="ops",
    )
    op.create_index(
        op.f("ix_outbox__due_at"),
        "outbox",
        ["due_at"],
        unique=False,
        schema="ops",
        postgresql_where=sa.text("sent_at is null"),
    )
    op.create_table(
        "transaction_details",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("spent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("merchant", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("is_recurring", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("receipt_url", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_transaction_details__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "transaction_id", name=op.f("pk_transaction_details")),
        schema="app",
    )
    op.add_column(
        "transactions", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True), schema="app"
    )
    op.add_column(
        "users",
        sa.Column("is_premium", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="app",
    )
    op.add_column(
        "users",
        sa.Column("is_admin", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="app",
    )
    op.add_column(
        "users", sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True), schema="app"
    )
    for functions in (LOOKUPS, AUDIT, ERASE, EXPORT, NOTIFY):
        op.execute(functions)
    for table in OF_A_USER:
        _secure(table)
    _grant()
    for table in WATCHED:
        _watch(table)
    for table, what in (("user_versions", "facts"), ("mart_versions", "plan")):
        op.execute(
            f"create trigger notify_user_change after insert or update on ops.{table} "
            f"for each row execute function ops.notify_user_change('{what}')"
        )


def downgrade() -> None:
    for table in ("user_versions", "mart_versions"):
        op.execute(f"drop trigger notify_user_change on ops.{table}")
    for function in (
        "ops.notify_user_change()",
        "app.erase_current_user()",
        "app.export_current_user()",
        "ops.audit_breaks()",
        "ops.add_audit_event(text, jsonb)",
        "ops.audit_hash(bytea, uuid, bigint, timestamptz, text, jsonb)",
        "app.find_external_identity(text, text)",
        "app.find_passkey(bytea)",
        "app.find_one_time_token(bytea, text)",
    ):
        op.execute(f"drop function {function}")
    op.execute("revoke insert, update, delete on all tables in schema app, ops from mita_api")
    op.drop_column("users", "email_verified_at", schema="app")
    op.drop_column("users", "is_admin", schema="app")
    op.drop_column("users", "is_premium", schema="app")
    op.drop_column("transactions", "deleted_at", schema="app")
    op.drop_table("transaction_details", schema="app")
    op.drop_index(
        op.f("ix_outbox__due_at"),
        table_name="outbox",
        schema="ops",
        postgresql_where=sa.text("sent_at is null"),
    )
    op.drop_table("outbox", schema="ops")
    op.drop_table("idempotency_keys", schema="ops")
    op.drop_table("audit_log", schema="ops")
    op.drop_table("audit_heads", schema="ops")
    op.drop_table("totp_secrets", schema="app")
    op.drop_table("sessions", schema="app")
    op.drop_table("recovery_codes", schema="app")
    op.drop_table("preferences", schema="app")
    op.drop_index(op.f("ix_passkeys__credential_id"), table_name="passkeys", schema="app")
    op.drop_table("passkeys", schema="app")
    op.drop_index(op.f("ix_one_time_tokens__token_hash"), table_name="one_time_tokens", schema="app")
    op.drop_table("one_time_tokens", schema="app")
    op.drop_table("onboarding_answers", schema="app")
    op.drop_index(
        op.f("ix_external_identities__issuer_subject"), table_name="external_identities", schema="app"
    )
    op.drop_table("external_identities", schema="app")


def _secure(table: str) -> None:
    """A user's rows are for that user; the pipeline works for all of them."""
    op.execute(f"alter table {table} enable row level security")
    op.execute(
        f"create policy tenant on {table} to mita_api using (user_id = (select app.current_user_id()))"
    )
    op.execute(f"create policy pipeline on {table} to mita_pipeline using (true)")
    op.execute(f"grant select, insert, update, delete, maintain on {table} to mita_pipeline")


def _grant() -> None:
    """What the API may write, column by column where a user must not decide all of a row."""
    for table in API_OWNS:
        op.execute(f"grant select, insert, update, delete on {table} to mita_api")
    op.execute("grant select on ops.audit_log, ops.audit_heads to mita_api")
    op.execute("grant select, insert on ops.outbox to mita_api")
    op.execute(
        "grant insert (user_id, email, password_hash, display_name, country, currency, timezone, "
        "email_verified_at), update (email, password_hash, display_name, country, currency, timezone, "
        "token_version, email_verified_at) on app.users to mita_api"
    )
    op.execute("grant insert, update on app.budget_settings, app.accounts, app.transactions to mita_api")
    op.execute("grant insert, update on app.purchases to mita_api")
    op.execute("grant insert, delete on app.deleted_entries to mita_api")
    for function in (
        "app.find_one_time_token(bytea, text)",
        "app.find_passkey(bytea)",
        "app.find_external_identity(text, text)",
        "ops.add_audit_event(text, jsonb)",
        "ops.audit_breaks()",
        "app.erase_current_user()",
        "app.export_current_user()",
    ):
        op.execute(f"revoke all on function {function} from public")
        op.execute(f"grant execute on function {function} to mita_api")
    op.execute("grant execute on function ops.audit_breaks() to mita_pipeline")


def _watch(table: str) -> None:
    """Statement triggers: one bump for a statement, however many rows it changes."""
    for event, rows in (("insert", "new"), ("update", "new"), ("delete", "old")):
        op.execute(
            f"create trigger bump_user_version_on_{event} after {event} on {table} "
            f"referencing {rows} table as changed "
            "for each statement execute function ops.bump_user_version()"
        )
