"""Least privilege, row-level security on every table of a user, and user versions by trigger"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RAW = ("import_batches", "statement_accounts", "statement_lines", "quarantined_lines")
APP = (
    "users",
    "budget_settings",
    "accounts",
    "transactions",
    "transaction_sources",
    "category_decisions",
)
ML = ("category_predictions",)
OPS = ("user_versions", "build_queue", "mart_versions")
OF_A_USER = [
    *(f"raw.{table}" for table in RAW),
    *(f"app.{table}" for table in APP),
    *(f"ml.{table}" for table in ML),
    *(f"ops.{table}" for table in OPS),
]
#: A change of these moves the user's plan.
FACTS = ("users", "budget_settings", "accounts", "transactions", "category_decisions")
FACT_TABLES = [*(f"app.{table}" for table in FACTS), "ml.category_predictions"]
#: What the API may read, and what of it a user may change.
API_READS = [
    *(f"app.{table}" for table in APP),
    "ml.category_predictions",
    "ops.user_versions",
    "ops.mart_versions",
]
DBT_SCHEMAS = ("seeds", "staging", "intermediate", "marts")

CURRENT_USER_ID = """
create function app.current_user_id() returns uuid language sql stable parallel safe
return nullif(current_setting('mita.user_id', true), '')::uuid
"""

# Signing in looks a user up before anybody is signed in, hence with the owner's rights; it gives
# one row for one exact address and nothing else.
FIND_CREDENTIALS = """
create function app.find_credentials(address text)
returns table (user_id uuid, password_hash text, token_version integer)
language sql stable security definer set search_path = ''
begin atomic
    select u.user_id, u.password_hash, u.token_version
    from app.users as u
    where lower(u.email) = lower(address);
end
"""

BUMP_VERSION = """
create function ops.bump_user_version() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
    insert into ops.user_versions as current (user_id, version)
    select changed.user_id, 1
    from changed
    inner join app.users as owner on changed.user_id = owner.user_id
    group by changed.user_id
    order by changed.user_id
    on conflict (user_id) do update set version = current.version + 1, changed_at = now();
    return null;
end
$$
"""


def upgrade() -> None:
    for schema in ("raw", "app", "ml", "ops"):
        op.execute(f"revoke all on schema {schema} from public")
        op.execute(f"grant usage on schema {schema} to mita_pipeline")
        op.execute(f"grant select, insert, update, delete on all tables in schema {schema} to mita_pipeline")
        op.execute(f"grant maintain on all tables in schema {schema} to mita_pipeline")
    op.execute("revoke all on ops.alembic_version from mita_pipeline")
    op.execute("grant select on ops.alembic_version to mita_api")  # readiness tells what is missing
    _create_dbt_schemas()
    op.execute(CURRENT_USER_ID)
    op.execute(FIND_CREDENTIALS)
    op.execute("revoke all on function app.find_credentials(text) from public")
    for table in OF_A_USER:
        _secure(table)
    _give_raw_to_pipeline()
    _grant_api()
    op.execute(BUMP_VERSION)
    for table in FACT_TABLES:
        _watch(table)


def downgrade() -> None:
    for table in FACT_TABLES:
        for event in ("insert", "update", "delete"):
            op.execute(f"drop trigger bump_user_version_on_{event} on {table}")
    op.execute("drop function ops.bump_user_version()")
    for table in OF_A_USER:
        op.execute(f"drop policy tenant on {table}")
        op.execute(f"drop policy pipeline on {table}")
        op.execute(f"alter table {table} disable row level security")
    op.execute("drop function app.find_credentials(text)")
    op.execute("drop function app.current_user_id()")
    for schema in DBT_SCHEMAS:
        op.execute(f"drop schema {schema} cascade")
    for schema in ("raw", "app", "ml", "ops"):
        op.execute(f"revoke all on all tables in schema {schema} from mita_pipeline, mita_api")
        op.execute(f"revoke all on schema {schema} from mita_pipeline, mita_api")


def _create_dbt_schemas() -> None:
    """The schemas that dbt fills: its own to write, the marts for the API and the analysts to read."""
    op.execute("do $$ begin execute format('grant mita_pipeline to %I', current_user); end $$")
    for schema in DBT_SCHEMAS:
        op.execute(f"create schema {schema} authorization mita_pipeline")
    for schema in ("seeds", "marts"):
        op.execute(f"grant usage on schema {schema} to mita_api")
    op.execute("grant usage on schema marts to mita_analyst")


def _secure(table: str) -> None:
    """A user's rows are for that user; the pipeline works for all of them."""
    op.execute(f"alter table {table} enable row level security")
    op.execute(
        f"create policy tenant on {table} to mita_api using (user_id = (select app.current_user_id()))"
    )
    op.execute(f"create policy pipeline on {table} to mita_pipeline using (true)")


def _give_raw_to_pipeline() -> None:
    """COPY refuses tables with row-level security, except from their owner."""
    op.execute("grant create on schema raw to mita_pipeline")
    for table in RAW:
        op.execute(f"alter table raw.{table} owner to mita_pipeline")
    op.execute("revoke create on schema raw from mita_pipeline")


def _grant_api() -> None:
    for schema in ("app", "ml", "ops"):
        op.execute(f"grant usage on schema {schema} to mita_api")
    for table in API_READS:
        op.execute(f"grant select on {table} to mita_api")
    op.execute("grant execute on function app.find_credentials(text) to mita_api")
    op.execute("grant execute on function app.current_user_id() to mita_api, mita_pipeline")


def _watch(table: str) -> None:
    """Statement triggers: one bump for a statement, however many rows it changes."""
    for event, rows in (("insert", "new"), ("update", "new"), ("delete", "old")):
        op.execute(
            f"create trigger bump_user_version_on_{event} after {event} on {table} "
            f"referencing {rows} table as changed "
            "for each statement execute function ops.bump_user_version()"
        )
