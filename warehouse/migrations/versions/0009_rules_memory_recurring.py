"""Rules, what is remembered of corrections, recurring series; one view says which category stands"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

APP_TABLES = ("category_rules", "rule_matches", "memory_matches", "recurring_decisions")
ML_TABLES = ("recurring_series", "recurring_occurrences")
#: A change of these moves the user's plan; occurrences change with their series.
FACTS = (
    "app.category_rules",
    "app.rule_matches",
    "app.memory_matches",
    "app.recurring_decisions",
    "ml.recurring_series",
)
VIEWS = (
    "app.standing_categories",
    "app.rule_effects",
    "app.parts",
    "app.merchant_memory",
    "app.merchant_choices",
    "app.recurring_words",
)

# Whom a line paid, in a few letters: what is written before and after the name goes, as do numbers. An
# expression of a stored column, so it is the same wherever a line comes from.
MERCHANT_KEY = r"""
create function app.merchant_key(description text, counterparty text) returns text
language sql immutable parallel safe
return nullif(btrim(regexp_replace(coalesce(substring(
    regexp_replace(
        regexp_replace(
            lower(coalesce(nullif(btrim(counterparty), ''), description)), '[''`´’]', '', 'g'
        ),
        '^[^[:alpha:]]*(?:(?:pos|card|debit|credit|purchase|payment|contactless|visa|mastercard|maestro|to|'
        'at|direct|standing order|recurring|online|transaction|sumup|i?zettle|sq|iz|paypal|pp|stripe|klarna|'
        'mollie|adyen|google(?= ?[*])|kartenzahlung|girocard|ec|sepa|lastschrift|paiement|achat|par|carte|cb|'
        'prlv|compra|pago|tarjeta|zakup|platnosc|płatność|karta|kartą|plashtane|pokupka|плащане|покупка|на|'
        'пос|с|карта|the)(?:[^[:alpha:]]+|$))+', ''
    ),
    '^[^[:alpha:]]*([[:alpha:]]{2,}(?![[:digit:]])(?:[^[:alnum:]]+[[:alpha:]]{2,}(?![[:alnum:]]))?)'
), ''), '[^[:alpha:]]+', ' ', 'g')), '')
"""

# Postgres' regular expressions are automata: without back references (and lookaround) their time grows with
# the text, whatever the pattern. A pattern that is none matches nothing rather than stopping an import.
RULE_REGEX = r"""
create function app.text_matches(haystack text, pattern text) returns boolean
language plpgsql immutable parallel safe
as $$
begin
    return haystack ~* pattern;
exception when invalid_regular_expression then
    return false;
end
$$
"""

CONDITION_HOLDS = r"""
create function app.condition_holds(
    condition jsonb, line_text text, amount_minor bigint, account_id uuid, spent_date date, tags text[]
) returns boolean
language sql immutable parallel safe
return case condition ->> 'field'
    when 'text' then case condition ->> 'is'
        when 'contains' then strpos(lower(line_text), lower(condition ->> 'value')) > 0
        when 'equals' then lower(btrim(line_text)) = lower(btrim(condition ->> 'value'))
        when 'regex' then app.text_matches(line_text, condition ->> 'value')
        else false
    end
    when 'amount' then
        coalesce(amount_minor >= (condition ->> 'from_minor')::bigint, true)
        and coalesce(amount_minor <= (condition ->> 'to_minor')::bigint, true)
    when 'account' then account_id = (condition ->> 'value')::uuid
    when 'date' then
        coalesce(spent_date >= (condition ->> 'from')::date, true)
        and coalesce(spent_date <= (condition ->> 'to')::date, true)
    when 'tag' then coalesce(condition ->> 'value' = any(tags), false)
    else false
end
"""

RULE_HOLDS = """
create function app.rule_holds(
    match text, conditions jsonb, description text, counterparty text, amount_minor bigint, account_id uuid,
    spent_date date, tags text[]
) returns boolean
language sql immutable parallel safe
return (
    select case match
        when 'any' then bool_or(held.holds)
        else bool_and(held.holds)
    end
    from (
        -- What a bank writes of one line may stand in two columns; an equal text is equal to either.
        select
            app.condition_holds(
                condition.value, concat_ws(' ', counterparty, description), amount_minor, account_id,
                spent_date, tags
            )
            or (
                condition.value ->> 'is' = 'equals' and (
                    app.condition_holds(
                        condition.value, coalesce(counterparty, ''), amount_minor, account_id, spent_date,
                        tags
                    )
                    or app.condition_holds(
                        condition.value, description, amount_minor, account_id, spent_date, tags
                    )
                )
            ) as holds
        from jsonb_array_elements(conditions) as condition
    ) as held
)
"""

# With the owner's rights, because the rows that changed are those of the user who changed them.
MATCH_TRANSACTIONS = """
create function app.match_transactions() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
    if tg_op = 'UPDATE' then
        delete from app.rule_matches as known
        using changed
        where known.user_id = changed.user_id and known.transaction_id = changed.transaction_id;
    end if;
    insert into app.rule_matches (user_id, rule_id, transaction_id)
    select changed.user_id, rule.rule_id, changed.transaction_id
    from changed
    inner join app.category_rules as rule
        on changed.user_id = rule.user_id
        and rule.is_on
        and (rule.since is null or changed.created_at >= rule.since)
    left join app.transaction_details as details
        on changed.user_id = details.user_id and changed.transaction_id = details.transaction_id
    where app.rule_holds(
        rule.match, rule.conditions, changed.description, changed.counterparty, changed.amount_minor,
        changed.account_id, changed.spent_date, details.tags
    )
    on conflict do nothing;
    if tg_op = 'INSERT' and exists (
        select from app.category_decisions as d
        where d.user_id in (select distinct c.user_id from changed as c)
    ) then
        insert into app.memory_matches (
            user_id, transaction_id, category_code, probability, times, of_times, is_same_name
        )
        select user_id, transaction_id, category_code, probability, times, of_times, is_same_name
        from (
            select distinct on (changed.user_id, changed.transaction_id)
                changed.user_id, changed.transaction_id, memory.category_code, memory.times, memory.of_times,
                memory.merchant_key = changed.merchant_key as is_same_name,
                case when memory.merchant_key = changed.merchant_key
                    then memory.probability else memory.probability * 0.8 end as probability
            from changed
            inner join app.merchant_memory as memory
                on changed.user_id = memory.user_id
                and (changed.amount_minor > 0) = memory.is_in
                and (
                    changed.merchant_key = memory.merchant_key
                    or coalesce(changed.counterparty, '') = '' and not memory.is_named
                    and length(split_part(memory.merchant_key, ' ', 1)) >= 5
                    and split_part(changed.merchant_key, ' ', 1) = split_part(memory.merchant_key, ' ', 1)
                    and memory.is_only_of_stem
                )
            order by
                changed.user_id, changed.transaction_id, memory.merchant_key = changed.merchant_key desc,
                memory.decided_at desc
        ) as remembered
        on conflict do nothing;
    end if;
    return null;
end
$$
"""

MATCH_DETAILS = """
create function app.match_details() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
    delete from app.rule_matches as known
    using changed
    where known.user_id = changed.user_id and known.transaction_id = changed.transaction_id;
    insert into app.rule_matches (user_id, rule_id, transaction_id)
    select line.user_id, rule.rule_id, line.transaction_id
    from changed
    inner join app.transactions as line
        on changed.user_id = line.user_id and changed.transaction_id = line.transaction_id
    inner join app.category_rules as rule
        on line.user_id = rule.user_id
        and rule.is_on
        and (rule.since is null or line.created_at >= rule.since)
    where app.rule_holds(
        rule.match, rule.conditions, line.description, line.counterparty, line.amount_minor, line.account_id,
        line.spent_date, changed.tags
    )
    on conflict do nothing;
    return null;
end
$$
"""

MATCH_RULES = """
create function app.match_rules() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
    delete from app.rule_matches as known
    using changed
    where known.user_id = changed.user_id and known.rule_id = changed.rule_id;
    insert into app.rule_matches (user_id, rule_id, transaction_id)
    select line.user_id, rule.rule_id, line.transaction_id
    from changed as rule
    inner join app.transactions as line
        on rule.user_id = line.user_id and (rule.since is null or line.created_at >= rule.since)
    left join app.transaction_details as details
        on line.user_id = details.user_id and line.transaction_id = details.transaction_id
    where rule.is_on and app.rule_holds(
        rule.match, rule.conditions, line.description, line.counterparty, line.amount_minor, line.account_id,
        line.spent_date, details.tags
    );
    return null;
end
$$
"""

# What the user chose for each merchant, the latest first; each counts 0.6 times the one after it.
MERCHANT_CHOICES = """
create view app.merchant_choices with (security_invoker = true) as
select
    decided.user_id, line.merchant_key, line.amount_minor > 0 as is_in, decided.category_code,
    decided.decided_at, coalesce(line.counterparty, '') <> '' as is_named,
    row_number() over (
        partition by decided.user_id, line.merchant_key, line.amount_minor > 0
        order by decided.decided_at desc, decided.transaction_id
    ) as place
from app.decided_categories as decided
inner join app.transactions as line
    on decided.user_id = line.user_id and decided.transaction_id = line.transaction_id
where line.merchant_key is not null and line.deleted_at is null
"""
MERCHANT_MEMORY = """
create view app.merchant_memory with (security_invoker = true) as
select
    best.user_id, best.merchant_key, best.is_in, best.category_code, best.probability, best.times,
    best.of_times, best.decided_at, best.is_named,
    min(best.category_code) over stem = max(best.category_code) over stem as is_only_of_stem
from (
    select distinct on (counted.user_id, counted.merchant_key, counted.is_in)
        counted.user_id, counted.merchant_key, counted.is_in, counted.category_code, counted.times,
        counted.decided_at, counted.is_named,
        counted.weight / (sum(counted.weight) over merchant + 0.15) as probability,
        (sum(counted.times) over merchant)::int as of_times
    from (
        select
            choice.user_id, choice.merchant_key, choice.is_in, choice.category_code,
            count(*)::int as times, max(choice.decided_at) as decided_at,
            bool_or(choice.is_named) as is_named,
            sum(power(0.6, least(choice.place, 100) - 1)) as weight
        from app.merchant_choices as choice
        group by choice.user_id, choice.merchant_key, choice.is_in, choice.category_code
    ) as counted
    window merchant as (partition by counted.user_id, counted.merchant_key, counted.is_in)
    order by
        counted.user_id, counted.merchant_key, counted.is_in, counted.weight desc, counted.decided_at desc
) as best
window stem as (partition by best.user_id, best.is_in, split_part(best.merchant_key, ' ', 1))
"""

# What the user's rules do to each line they hold for: of each kind of action the first rule that has one.
RULE_EFFECTS = """
create view app.rule_effects with (security_invoker = true) as
select
    matched.user_id, matched.transaction_id,
    (array_agg(rule.actions ->> 'category' order by rule.place, rule.rule_id)
        filter (where rule.actions ? 'category'))[1] as category_code,
    (array_agg(rule.rule_id order by rule.place, rule.rule_id)
        filter (where rule.actions ? 'category'))[1] as rule_id,
    (array_agg(rule.name order by rule.place, rule.rule_id)
        filter (where rule.actions ? 'category'))[1] as rule_name,
    (array_agg(rule.updated_at order by rule.place, rule.rule_id)
        filter (where rule.actions ? 'category'))[1] as decided_at,
    (array_agg(rule.actions ->> 'merchant' order by rule.place, rule.rule_id)
        filter (where rule.actions ? 'merchant'))[1] as merchant,
    (array_agg(rule.actions ->> 'rename' order by rule.place, rule.rule_id)
        filter (where rule.actions ? 'rename'))[1] as renamed,
    (array_agg(rule.actions -> 'split' order by rule.place, rule.rule_id)
        filter (where rule.actions ? 'split'))[1] as split,
    array(
        select distinct tag.value
        from jsonb_array_elements(
            jsonb_agg(rule.actions -> 'tags') filter (where rule.actions ? 'tags')
        ) as tags
        cross join jsonb_array_elements_text(tags.value) as tag
        order by tag.value
    ) as tags,
    min(least(age(matched.xmin), age(rule.xmin))) as transactions_ago
from app.rule_matches as matched
inner join app.category_rules as rule
    on matched.user_id = rule.user_id and matched.rule_id = rule.rule_id and rule.is_on
group by matched.user_id, matched.transaction_id
"""

# The one place that says whose word holds: the user's on the line, the user's rules, what the user's earlier
# corrections taught, the model.
STANDING_CATEGORIES = """
create view app.standing_categories with (security_invoker = true) as
select
    line.user_id, line.transaction_id,
    case
        when decided.category_code is not null then decided.category_code
        when effect.category_code is not null then effect.category_code
        when remembered.category_code is not null then remembered.category_code
        when predicted.category_code is not null then predicted.category_code
        else 'uncategorised'
    end as category_code,
    case
        when decided.category_code is not null then 'user'
        when effect.category_code is not null then 'rule'
        when remembered.category_code is not null then 'memory'
        when predicted.category_code is not null then predicted.origin
        else 'none'
    end as category_origin,
    case
        when decided.category_code is not null or effect.category_code is not null then null
        when remembered.category_code is not null then remembered.probability
        else predicted.probability
    end as category_probability,
    case
        when decided.category_code is not null then 'you said so'
        when effect.category_code is not null then 'your rule "' || effect.rule_name || '"'
        when remembered.category_code is not null then
            'you put ' || remembered.times || ' of ' || remembered.of_times || ' earlier lines of '
            || case when remembered.is_same_name then 'this merchant' else 'a merchant of this name' end
            || ' here'
        when predicted.category_code = 'uncategorised' then
            'not sure enough: ' || predicted.suggested_code || ' is the best guess with '
            || round(predicted.probability * 100) || ' %'
        when predicted.category_code is not null then
            case predicted.origin when 'llm' then 'the language model' else 'the model' end
            || ' reads it in the text with ' || round(predicted.probability * 100) || ' %'
        else 'nobody has said yet'
    end as category_reason,
    case when decided.category_code is null then effect.rule_id end as rule_id,
    case
        when coalesce(decided.category_code, effect.category_code, remembered.category_code) is null
            then predicted.model_name
    end as model_name,
    case
        when coalesce(decided.category_code, effect.category_code, remembered.category_code) is null
            then predicted.model_version
    end as model_version,
    predicted.suggested_code,
    coalesce(decided.decided_at, effect.decided_at, remembered.remembered_at, predicted.predicted_at)
        as decided_at,
    -- How many of Postgres' transactions ago any of this was written, by which clients sync.
    least(
        age(decided.written_in), effect.transactions_ago, age(remembered.written_in), age(predicted.xmin)
    ) as transactions_ago
from app.transactions as line
left join app.decided_categories as decided
    on line.user_id = decided.user_id and line.transaction_id = decided.transaction_id
left join app.rule_effects as effect
    on line.user_id = effect.user_id
    and line.transaction_id = effect.transaction_id
    and effect.category_code is not null
left join (
    select distinct on (matched.user_id, matched.transaction_id) matched.*, matched.xmin as written_in
    from app.memory_matches as matched
    order by matched.user_id, matched.transaction_id, matched.remembered_at desc, matched.application_id
) as remembered
    on line.user_id = remembered.user_id and line.transaction_id = remembered.transaction_id
left join ml.category_predictions as predicted
    on line.user_id = predicted.user_id and line.transaction_id = predicted.transaction_id
"""

# The parts of split lines: what the user split, and what a rule splits by shares, whole to the minor unit.
PARTS = """
create view app.parts with (security_invoker = true) as
select user_id, transaction_id, line_number, category_code, amount_minor, note, decided_at
from app.split_lines
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
            select from app.split_lines as own
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

# What the user said of a series: the latest word on any of its lines, under whatever id it is found now.
# Where none of its lines is there any more (their account was made anew), the same payee and rhythm is the
# same series.
RECURRING_WORDS = """
create view app.recurring_words with (security_invoker = true) as
select distinct on (said.user_id, said.series_id)
    said.user_id, said.series_id, said.decision_id, said.word, said.decided_at
from (
    select
        decision.user_id, occurrence.series_id, decision.decision_id, decision.word, decision.decided_at,
        1 as rank
    from app.recurring_decisions as decision
    cross join unnest(decision.entry_ids) as named (entry_id)
    left join app.merged_entries as merged
        on decision.user_id = merged.user_id and named.entry_id = merged.entry_id
    inner join ml.recurring_occurrences as occurrence
        on decision.user_id = occurrence.user_id
        and coalesce(merged.transaction_id, named.entry_id) = occurrence.transaction_id
    union all
    select decision.user_id, series.series_id, decision.decision_id, decision.word, decision.decided_at, 2
    from app.recurring_decisions as decision
    inner join ml.recurring_series as series
        on decision.user_id = series.user_id
        and decision.payee = series.payee
        and decision.direction = series.direction
        and decision.currency = series.currency
        and decision.cadence = series.cadence
    where not exists (
        select from app.transactions as line
        where line.user_id = decision.user_id and line.transaction_id = any(decision.entry_ids)
    )
) as said
order by said.user_id, said.series_id, said.rank, said.decided_at desc, said.decision_id
"""


def upgrade() -> None:
    _run(MERCHANT_KEY)
    op.add_column(
        "transactions",
        sa.Column(
            "merchant_key",
            sa.Text(),
            sa.Computed("app.merchant_key(description, counterparty)", persisted=True),
        ),
        schema="app",
    )
    op.add_column(
        "category_predictions",
        sa.Column("origin", sa.Text(), server_default=sa.text("'model'"), nullable=False),
        schema="ml",
    )
    op.create_check_constraint(
        op.f("ck_category_predictions__origin"),
        "category_predictions",
        "origin in ('model', 'llm')",
        schema="ml",
    )
    _create_tables()
    for function in (RULE_REGEX, CONDITION_HOLDS, RULE_HOLDS):
        _run(function)
    for view in (
        MERCHANT_CHOICES,
        MERCHANT_MEMORY,
        RULE_EFFECTS,
        STANDING_CATEGORIES,
        PARTS,
        RECURRING_WORDS,
    ):
        _run(view)
    _secure_tables()
    for function in (MATCH_TRANSACTIONS, MATCH_DETAILS, MATCH_RULES):
        _run(function)
    _match("transactions", "match_transactions", "insert", "update")
    _match("transaction_details", "match_details", "insert", "update")
    _match("category_rules", "match_rules", "insert", "update")


def downgrade() -> None:
    for table, name in (
        ("transactions", "match_transactions"),
        ("transaction_details", "match_details"),
        ("category_rules", "match_rules"),
    ):
        for event in ("insert", "update"):
            op.execute(f"drop trigger {name}_on_{event} on app.{table}")
        op.execute(f"drop function app.{name}()")
    for view in VIEWS:
        op.execute(f"drop view {view}")
    for function in (
        "app.rule_holds(text, jsonb, text, text, bigint, uuid, date, text[])",
        "app.condition_holds(jsonb, text, bigint, uuid, date, text[])",
        "app.text_matches(text, text)",
    ):
        op.execute(f"drop function {function}")
    for table in reversed(ML_TABLES):
        op.drop_table(table, schema="ml")
    op.drop_table("llm_categories", schema="ml")
    op.drop_table("recurring_versions", schema="ops")
    for table in reversed(APP_TABLES):
        op.drop_table(table, schema="app")
    op.drop_constraint(op.f("ck_category_predictions__origin"), "category_predictions", schema="ml")
    op.drop_column("category_predictions", "origin", schema="ml")
    op.drop_column("transactions", "merchant_key", schema="app")
    op.execute("drop function app.merchant_key(text, text)")


def _create_tables() -> None:
    _create_rules()
    op.create_table(
        "memory_matches",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column(
            "application_id",
            sa.Uuid(),
            server_default=sa.text("'00000000-0000-0000-0000-000000000000'"),
            nullable=False,
        ),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("of_times", sa.Integer(), nullable=False),
        sa.Column("is_same_name", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        _now("remembered_at"),
        sa.CheckConstraint("probability between 0 and 1", name=op.f("ck_memory_matches__probability")),
        _of_transaction("memory_matches"),
        sa.PrimaryKeyConstraint(
            "user_id", "transaction_id", "application_id", name=op.f("pk_memory_matches")
        ),
        schema="app",
    )
    op.create_table(
        "llm_categories",
        sa.Column("text_hash", sa.LargeBinary(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        _now("answered_at"),
        sa.PrimaryKeyConstraint("text_hash", name=op.f("pk_llm_categories")),
        schema="ml",
    )
    op.execute("grant select, insert, update, delete, maintain on ml.llm_categories to mita_pipeline")
    _create_series()


def _create_rules() -> None:
    op.create_table(
        "category_rules",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("match", sa.Text(), server_default=sa.text("'all'"), nullable=False),
        sa.Column("conditions", postgresql.JSONB(), nullable=False),
        sa.Column("actions", postgresql.JSONB(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_on", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        _now("created_at"),
        _now("updated_at"),
        sa.CheckConstraint("match in ('all', 'any')", name=op.f("ck_category_rules__match")),
        sa.CheckConstraint("jsonb_array_length(conditions) > 0", name=op.f("ck_category_rules__conditions")),
        _of_user("category_rules"),
        sa.PrimaryKeyConstraint("user_id", "rule_id", name=op.f("pk_category_rules")),
        schema="app",
    )
    op.create_table(
        "rule_matches",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        _of_transaction("rule_matches"),
        sa.ForeignKeyConstraint(
            ["user_id", "rule_id"],
            ["app.category_rules.user_id", "app.category_rules.rule_id"],
            name=op.f("fk_rule_matches__category_rules"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "transaction_id", "rule_id", name=op.f("pk_rule_matches")),
        schema="app",
    )
    op.create_index(
        op.f("ix_rule_matches__user_id_rule_id"), "rule_matches", ["user_id", "rule_id"], schema="app"
    )


def _create_series() -> None:
    op.create_table(
        "recurring_decisions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("entry_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("payee", "direction", "currency", "cadence")
        ),
        _now("decided_at"),
        sa.CheckConstraint("word in ('confirmed', 'rejected')", name=op.f("ck_recurring_decisions__word")),
        _of_user("recurring_decisions"),
        sa.PrimaryKeyConstraint("user_id", "decision_id", name=op.f("pk_recurring_decisions")),
        schema="app",
    )
    op.create_table(
        "recurring_series",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("payee", "name", "category_code", "direction", "cadence")
        ),
        sa.Column("anchor", sa.Integer(), nullable=False),
        sa.Column("period_days", sa.Double(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("is_fixed", sa.Boolean(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("expected_minor", "low_minor", "high_minor", "yearly_minor")
        ),
        sa.Column("price_before_minor", sa.BigInteger(), nullable=True),
        sa.Column("price_changed_on", sa.Date(), nullable=True),
        sa.Column("first_date", sa.Date(), nullable=False),
        sa.Column("last_date", sa.Date(), nullable=False),
        sa.Column("next_date", sa.Date(), nullable=True),
        sa.Column("due_dates", postgresql.ARRAY(sa.Date()), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("spread_days", "times", "missed", "doubled")
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("is_subscription", sa.Boolean(), nullable=False),
        sa.Column("is_income", sa.Boolean(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.CheckConstraint("direction in ('in', 'out')", name=op.f("ck_recurring_series__direction")),
        sa.CheckConstraint("status in ('active', 'late', 'ended')", name=op.f("ck_recurring_series__status")),
        sa.CheckConstraint("low_minor <= high_minor", name=op.f("ck_recurring_series__range")),
        _of_user("recurring_series"),
        sa.PrimaryKeyConstraint("user_id", "series_id", name=op.f("pk_recurring_series")),
        schema="ml",
    )
    op.create_table(
        "recurring_occurrences",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "series_id"],
            ["ml.recurring_series.user_id", "ml.recurring_series.series_id"],
            name=op.f("fk_recurring_occurrences__recurring_series"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "user_id", "series_id", "transaction_id", name=op.f("pk_recurring_occurrences")
        ),
        schema="ml",
    )
    op.create_index(
        op.f("ix_recurring_occurrences__user_id_transaction_id"),
        "recurring_occurrences",
        ["user_id", "transaction_id"],
        schema="ml",
    )
    op.create_table(
        "recurring_versions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        _now("found_at"),
        _of_user("recurring_versions"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_recurring_versions")),
        schema="ops",
    )


def _run(statement: str) -> None:
    """A statement whose colons are its own, not those of parameters."""
    op.execute(sa.text(statement.replace(":", r"\:")))


def _now(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id"], ["app.users.user_id"], name=op.f(f"fk_{table}__users"), ondelete="CASCADE"
    )


def _of_transaction(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id", "transaction_id"],
        ["app.transactions.user_id", "app.transactions.transaction_id"],
        name=op.f(f"fk_{table}__transactions"),
        ondelete="CASCADE",
    )


def _secure_tables() -> None:
    tables = [*(f"app.{table}" for table in APP_TABLES), *(f"ml.{table}" for table in ML_TABLES)]
    for table in (*tables, "ops.recurring_versions"):
        op.execute(f"alter table {table} enable row level security")
        op.execute(
            f"create policy tenant on {table} to mita_api using (user_id = (select app.current_user_id()))"
        )
        op.execute(f"create policy pipeline on {table} to mita_pipeline using (true)")
        op.execute(f"grant select, insert, update, delete, maintain on {table} to mita_pipeline")
    op.execute(
        "grant select, insert, update, delete on app.category_rules, app.memory_matches, "
        "app.recurring_decisions to mita_api"
    )
    op.execute("grant select on app.rule_matches, ml.recurring_series, ml.recurring_occurrences to mita_api")
    for view in VIEWS:
        op.execute(f"grant select on {view} to mita_api, mita_pipeline")
    for table in FACTS:
        for event, rows in (("insert", "new"), ("update", "new"), ("delete", "old")):
            op.execute(
                f"create trigger bump_user_version_on_{event} after {event} on {table} "
                f"referencing {rows} table as changed "
                "for each statement execute function ops.bump_user_version()"
            )


def _match(table: str, name: str, *events: str) -> None:
    for event in events:
        op.execute(
            f"create trigger {name}_on_{event} after {event} on app.{table} "
            f"referencing new table as changed for each statement execute function app.{name}()"
        )
