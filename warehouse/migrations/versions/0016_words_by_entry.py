"""What a user said of links and parts stays with the entries, whatever becomes of their transactions"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# The parts of a transaction as it is now: what was said last of any of its entries. An amount that has
# changed since (a tip that came with settling) is the largest part's.
OWN_PARTS = """
create view app.own_parts with (security_invoker = true) as
select
    user_id, transaction_id, line_number, category_code,
    (amount_minor + case when rank = 1 then whole_minor - said_minor else 0 end)::bigint as amount_minor,
    note, decided_at
from (
    select
        said.user_id, said.standing_id as transaction_id, said.line_number, said.category_code,
        said.amount_minor, said.note, said.decided_at, line.amount_minor as whole_minor,
        sum(said.amount_minor) over part as said_minor,
        row_number() over (
            partition by said.user_id, said.standing_id order by abs(said.amount_minor) desc, said.line_number
        ) as rank
    from (
        select
            split.*, coalesce(merged.transaction_id, split.transaction_id) as standing_id,
            dense_rank() over (
                partition by split.user_id, coalesce(merged.transaction_id, split.transaction_id)
                order by split.decided_at desc, split.transaction_id
            ) as turn
        from app.split_lines as split
        left join app.merged_entries as merged
            on split.user_id = merged.user_id and split.transaction_id = merged.entry_id
    ) as said
    inner join app.transactions as line
        on said.user_id = line.user_id and said.standing_id = line.transaction_id
    where said.turn = 1
    window part as (partition by said.user_id, said.standing_id)
) as standing
"""

# As in 0009, but that what the user split is read from elsewhere.
PARTS = """
create or replace view app.parts with (security_invoker = true) as
select user_id, transaction_id, line_number, category_code, amount_minor, note, decided_at
from {own}
union all
select
    shared.user_id, shared.transaction_id, shared.line_number::int, shared.category_code,
    shared.whole_minor + case
        when shared.rank <= shared.amount_minor - shared.taken_minor then 1
        when shared.rank <= shared.taken_minor - shared.amount_minor then -1
        else 0
    end as amount_minor,
    '' as note, shared.decided_at
from (
    select
        split.*,
        sum(split.whole_minor) over line as taken_minor,
        row_number() over (
            partition by split.user_id, split.transaction_id
            order by abs(split.exact_minor - split.whole_minor) desc, split.line_number
        ) as rank
    from (
        select
            line.user_id, line.transaction_id, part.ordinality as line_number, line.amount_minor,
            part.value ->> 'category' as category_code, effect.updated_at as decided_at,
            line.amount_minor * (part.value ->> 'share_bp')::numeric / 10000 as exact_minor,
            trunc(line.amount_minor * (part.value ->> 'share_bp')::numeric / 10000)::bigint as whole_minor
        from (
            select distinct on (matched.user_id, matched.transaction_id)
                matched.user_id, matched.transaction_id, rule.actions -> 'split' as split, rule.updated_at
            from app.rule_matches as matched
            inner join app.category_rules as rule
                on matched.user_id = rule.user_id and matched.rule_id = rule.rule_id
                and rule.is_on and rule.actions ? 'split'
            order by matched.user_id, matched.transaction_id, rule.place, rule.rule_id
        ) as effect
        inner join app.transactions as line
            on effect.user_id = line.user_id and effect.transaction_id = line.transaction_id
        cross join jsonb_array_elements(effect.split) with ordinality as part
        where not exists (
            select from {own} as own
            where own.user_id = line.user_id and own.transaction_id = line.transaction_id
        )
        and not exists (
            select from app.decided_categories as decided
            where decided.user_id = line.user_id and decided.transaction_id = line.transaction_id
        )
    ) as split
    window line as (partition by split.user_id, split.transaction_id)
) as shared
"""

# As 0005 made it, but that the parts are an entry's and the sum is its transaction's.
SPLITS_SUM = """
create or replace function app.check_split_sum() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
    changed record := coalesce(new, old);
    whole bigint;
    parts bigint;
begin
    select t.amount_minor into whole from app.transactions as t
    where t.user_id = changed.user_id and t.transaction_id = coalesce(
        (
            select m.transaction_id from app.merged_entries as m
            where m.user_id = changed.user_id and m.entry_id = changed.transaction_id
        ),
        changed.transaction_id
    );
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

# What was said last of two transactions, by any of their entries, for as long as both are there.
STANDING_LINK_DECISIONS = """
create view app.standing_link_decisions with (security_invoker = true) as
select distinct on (said.user_id, said.kind, source.transaction_id, target.transaction_id)
    said.user_id, said.kind, source.transaction_id as source_transaction_id,
    target.transaction_id as target_transaction_id, said.is_link, said.probability, said.reasons,
    said.decided_at
from (
    select
        decision.*, coalesce(one.transaction_id, decision.source_entry) as source_id,
        coalesce(other.transaction_id, decision.target_entry) as target_id
    from app.link_decisions as decision
    left join app.merged_entries as one
        on decision.user_id = one.user_id and decision.source_entry = one.entry_id
    left join app.merged_entries as other
        on decision.user_id = other.user_id and decision.target_entry = other.entry_id
) as said
inner join app.transactions as source
    on said.user_id = source.user_id and said.source_id = source.transaction_id
left join app.transactions as target
    on said.user_id = target.user_id and said.target_id = target.transaction_id
where (said.target_id is null or target.transaction_id is not null)
    and said.source_id is distinct from said.target_id
order by
    said.user_id, said.kind, source.transaction_id, target.transaction_id, said.decided_at desc,
    said.source_entry, said.target_entry
"""
KEEP_DECISIONS = """
insert into app.link_decisions (
    user_id, link_id, kind, source_entry, target_entry, is_link, probability, reasons, decided_at
)
select
    user_id, link_id, kind, source_transaction_id, target_transaction_id, band = 'paired', probability,
    reasons, decided_at
from app.transaction_links where origin = 'user'
"""

# As 0005 made them.
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
    op.execute("drop trigger let_splits_follow on app.transactions")
    op.execute("drop function app.let_splits_follow()")
    op.execute("alter table app.split_lines drop constraint fk_split_lines__transactions")
    op.create_foreign_key(
        op.f("fk_split_lines__users"),
        "split_lines",
        "users",
        ["user_id"],
        ["user_id"],
        source_schema="app",
        referent_schema="app",
        ondelete="CASCADE",
    )
    op.execute(SPLITS_SUM)
    op.execute(OWN_PARTS)
    _read_parts_from("app.own_parts")
    _create_decisions()
    op.execute(STANDING_LINK_DECISIONS)
    for view in ("app.own_parts", "app.standing_link_decisions"):
        op.execute(f"grant select on {view} to mita_pipeline, mita_api")
    op.execute(KEEP_DECISIONS)


def downgrade() -> None:
    """Words about entries that no transaction has the id of are forgotten."""
    op.execute("drop view app.standing_link_decisions")
    op.drop_table("link_decisions", schema="app")
    _read_parts_from("app.split_lines")
    op.execute("drop view app.own_parts")
    op.execute(
        "delete from app.split_lines as s where not exists (select from app.transactions as t "
        "where t.user_id = s.user_id and t.transaction_id = s.transaction_id)"
    )
    op.execute("alter table app.split_lines drop constraint fk_split_lines__users")
    op.create_foreign_key(
        op.f("fk_split_lines__transactions"),
        "split_lines",
        "transactions",
        ["user_id", "transaction_id"],
        ["user_id", "transaction_id"],
        source_schema="app",
        referent_schema="app",
        ondelete="CASCADE",
    )
    op.execute(SPLITS_FOLLOW)
    op.execute(SPLITS_FOLLOW_TRIGGER)


def _create_decisions() -> None:
    op.create_table(
        "link_decisions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_entry", sa.Uuid(), nullable=False),
        sa.Column("target_entry", sa.Uuid(), nullable=True),
        sa.Column("is_link", sa.Boolean(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind in ('transfer', 'refund', 'reimbursement')", name=op.f("ck_link_decisions__kind")
        ),
        sa.CheckConstraint("probability between 0 and 1", name=op.f("ck_link_decisions__probability")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.users.user_id"], name=op.f("fk_link_decisions__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "link_id", name=op.f("pk_link_decisions")),
        schema="app",
    )
    table = "app.link_decisions"
    op.execute(f"alter table {table} enable row level security")
    op.execute(
        f"create policy tenant on {table} to mita_api using (user_id = (select app.current_user_id()))"
    )
    op.execute(f"create policy pipeline on {table} to mita_pipeline using (true)")
    op.execute(f"grant select, insert, update, delete, maintain on {table} to mita_pipeline")
    op.execute(f"grant select on {table} to mita_api")


def _read_parts_from(own: str) -> None:
    op.execute(PARTS.format(own=own))
