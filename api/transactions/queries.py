"""Transactions, as JSON from the facts themselves: a purchase is in the answer right after it was made."""

from __future__ import annotations

from typing import LiteralString

from api.documents import Document

#: What the client reads of one transaction. A bank knows the day only: such a one stands at noon of the
#: user's zone, which is the same day in nearly every other.
_ENTRY: LiteralString = """json_build_object(
    'id', listed.transaction_id,
    'category', listed.client_code,
    'category_code', listed.category_code,
    'group', listed.group_code,
    'amount', -listed.amount_minor * coalesce(units.unit, 0.01),
    'currency', listed.currency,
    'description', listed.description,
    'merchant', listed.merchant,
    'location', listed.location,
    'tags', array_to_json(coalesce(listed.tags, '{}')),
    'is_recurring', coalesce(listed.is_recurring, false),
    'is_pending', listed.status = 'pending',
    'confidence_score', listed.confidence_score,
    'category_origin', listed.category_origin,
    'category_reason', listed.category_reason,
    'category_model', listed.model_version,
    'receipt_url', listed.receipt_url,
    'notes', listed.notes,
    'account_id', listed.account_id,
    'spent_at', to_char(
        coalesce(listed.spent_at, (listed.spent_date + time '12:00') at time zone listed.timezone)
        at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
    ),
    'created_at', to_char(listed.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'updated_at', to_char(
        greatest(listed.updated_at, listed.described_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'
    ),
    'rebalanced', false,
    'rebalance_covered', null,
    'rebalance_fully_covered', null
)"""

#: The reader's transactions with the category that stands, tombstones aside.
_FACTS: LiteralString = """
    select
        made.transaction_id, made.account_id, made.amount_minor, made.currency,
        coalesce(effect.renamed, made.description) as description, made.status,
        made.spent_date, made.created_at, made.updated_at, reader.timezone,
        coalesce(details.merchant, effect.merchant, made.counterparty) as merchant,
        details.location, array(
            select distinct tag from unnest(details.tags || effect.tags) as tag order by tag
        ) as tags, details.is_recurring, details.receipt_url, details.notes,
        details.spent_at, details.updated_at as described_at,
        coalesce(category.category_code, 'uncategorised') as category_code,
        coalesce(category.client_code, 'other') as client_code,
        coalesce(category.group_code, 'want') as group_code,
        round(standing.category_probability::numeric, 3) as confidence_score,
        standing.category_origin, standing.category_reason, standing.model_version,
        least(
            age(made.xmin), age(details.xmin), standing.transactions_ago, effect.transactions_ago
        ) as transactions_ago
    from reader
    inner join app.transactions as made
        on reader.user_id = made.user_id and made.deleted_at is null and made.status <> 'expired'
    left join app.transaction_details as details
        on made.user_id = details.user_id and made.transaction_id = details.transaction_id
    left join app.standing_categories as standing
        on made.user_id = standing.user_id and made.transaction_id = standing.transaction_id
    left join app.rule_effects as effect
        on made.user_id = effect.user_id and made.transaction_id = effect.transaction_id
    left join marts.dim_categories as category on standing.category_code = category.category_code
"""

#: Which of them were asked for. Spending is what the macro ``is_spending`` of the dbt project says.
_ASKED: LiteralString = """
    where (
            %(everything)s::bool
            or coalesce(category.group_code, 'want') in ('need', 'want')
            and not (
                coalesce(category.category_code, 'uncategorised') = 'uncategorised'
                and made.amount_minor > 0
            )
        )
        and made.spent_date >= coalesce(
            %(start_day)s::date, (%(start_at)s::timestamptz at time zone reader.timezone)::date, '-infinity'
        )
        and made.spent_date <= coalesce(
            %(end_day)s::date, (%(end_at)s::timestamptz at time zone reader.timezone)::date, 'infinity'
        )
        and (
            %(category)s::text is null
            or %(category)s::text in (
                coalesce(category.client_code, 'other'),
                coalesce(category.category_code, 'uncategorised')
            )
        )
        and (
            %(merchant)s::text is null
            or strpos(lower(coalesce(details.merchant, made.counterparty)), lower(%(merchant)s::text)) > 0
        )
        and (%(tags)s::text[] is null or details.tags @> %(tags)s::text[])
        and (%(account_id)s::uuid is null or made.account_id = %(account_id)s::uuid)
        and (
            %(text)s::text is null
            or strpos(
                lower(concat_ws(' ', details.merchant, made.counterparty, made.description, details.notes)),
                lower(%(text)s::text)
            ) > 0
        )
        and (
            %(before_day)s::date is null
            or (made.spent_date, made.transaction_id) < (%(before_day)s::date, %(before_id)s::uuid)
        )
    order by made.spent_date desc, made.transaction_id desc
    limit %(limit)s::int offset %(skip)s::int
"""

#: A page of transactions, the latest first.
PAGE = Document(f"""
select coalesce(
    json_agg({_ENTRY} order by listed.spent_date desc, listed.transaction_id desc), '[]'
) as document
from ({_FACTS} {_ASKED}) as listed
left join units on listed.currency = units.currency
""")  # noqa: S608 - parts of our own

#: The same with where the next page begins.
CURSOR_PAGE = Document(f"""
select json_build_object(
    'transactions', coalesce(
        json_agg({_ENTRY} order by listed.spent_date desc, listed.transaction_id desc), '[]'
    ),
    'next_cursor', case when count(*) = %(limit)s::int then (
        array_agg(
            listed.spent_date || '_' || listed.transaction_id
            order by listed.spent_date, listed.transaction_id
        )
    )[1] end
) as document
from ({_FACTS} {_ASKED}) as listed
left join units on listed.currency = units.currency
""")  # noqa: S608 - parts of our own

#: One transaction; no row for one that the reader does not have.
ONE = Document(f"""
select {_ENTRY} as document
from ({_FACTS} where made.transaction_id = %(transaction_id)s::uuid) as listed
left join units on listed.currency = units.currency
""")  # noqa: S608 - parts of our own

#: What changed since a cursor, by Postgres' own transaction numbers: rows that were written by a
#: transaction which had not ended when the cursor was given are in it, so nothing falls between two syncs.
CHANGED = Document(f"""
select json_build_object(
    'changed', (
        select coalesce(json_agg({_ENTRY} order by listed.spent_date, listed.transaction_id), '[]')
        from ({_FACTS}) as listed
        left join units on listed.currency = units.currency
        where %(cursor)s::bigint is null
            or pg_current_xact_id()::text::bigint - %(cursor)s::bigint > 2000000000
            or listed.transactions_ago <= pg_current_xact_id()::text::bigint - %(cursor)s::bigint
    ),
    'deleted', (
        select coalesce(json_agg(gone.transaction_id), '[]')
        from reader
        inner join app.transactions as gone on reader.user_id = gone.user_id
        where gone.deleted_at is not null and (
            %(cursor)s::bigint is null
            or age(gone.xmin) <= pg_current_xact_id()::text::bigint - %(cursor)s::bigint
        )
    ),
    'cursor', pg_snapshot_xmin(pg_current_snapshot())::text
) as document
""")  # noqa: S608 - parts of our own

#: What the client draws of one day, as a bare list.
BY_DATE = Document("""
select coalesce(json_agg(json_build_object(
    'id', made.transaction_id,
    'amount', -made.amount_minor * coalesce(units.unit, 0.01),
    'currency', made.currency,
    'category', coalesce(category.client_code, 'other'),
    'description', made.description,
    'merchant', coalesce(details.merchant, made.counterparty),
    'date', made.spent_date,
    'time', to_char(
        coalesce(details.spent_at, (made.spent_date + time '12:00') at time zone reader.timezone)
        at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
    ),
    'created_at', to_char(made.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
) order by coalesce(details.spent_at, made.created_at) desc, made.transaction_id desc), '[]') as document
from reader
inner join app.transactions as made
    on reader.user_id = made.user_id
    and made.deleted_at is null
    and made.status <> 'expired'
    and made.spent_date = coalesce(
        %(day)s::date, (%(instant)s::timestamptz at time zone reader.timezone)::date, reader.today
    )
left join app.transaction_details as details
    on made.user_id = details.user_id and made.transaction_id = details.transaction_id
left join app.standing_categories as standing
    on made.user_id = standing.user_id and made.transaction_id = standing.transaction_id
left join app.rule_effects as effect
    on made.user_id = effect.user_id and made.transaction_id = effect.transaction_id
left join marts.dim_categories as category on standing.category_code = category.category_code
left join units on made.currency = units.currency
where coalesce(category.group_code, 'want') in ('need', 'want')
    and not (
        coalesce(category.category_code, 'uncategorised') = 'uncategorised'
        and made.amount_minor > 0
    )
""")

#: Names of merchants that begin so, those visited most first.
MERCHANTS = Document("""
select coalesce(json_agg(known.merchant order by known.visits desc, known.merchant), '[]') as document
from (
    select coalesce(details.merchant, made.counterparty) as merchant, count(*) as visits
    from reader
    inner join app.transactions as made on reader.user_id = made.user_id and made.deleted_at is null
    left join app.transaction_details as details
        on made.user_id = details.user_id and made.transaction_id = details.transaction_id
    where starts_with(lower(coalesce(details.merchant, made.counterparty)), lower(%(start)s::text))
    group by 1
    order by visits desc, merchant
    limit %(limit)s::int
) as known
""")

#: Whether a purchase fits what today's plan leaves in its category.
AFFORDABILITY = Document("""
with available as (
    select
        category.client_code,
        sum(plan.planned_minor)::bigint as planned_minor,
        sum(plan.spent_minor)::bigint as spent_minor
    from reader
    inner join marts.fct_daily_plan as plan
        on reader.user_id = plan.user_id
        and plan.plan_date = coalesce(
            %(day)s::date, (%(instant)s::timestamptz at time zone reader.timezone)::date, reader.today
        )
    inner join marts.dim_categories as category on plan.category_code = category.category_code
    where plan.group_code <> 'saving'
    group by category.client_code
),
asked as (
    select
        %(category)s::text as category,
        round(%(amount)s::numeric / reader.unit)::bigint as amount_minor,
        coalesce(found.planned_minor, 0) as planned_minor,
        coalesce(found.spent_minor, 0) as spent_minor,
        reader.unit
    from reader
    left join available as found on found.client_code = %(category)s::text
),
judged as (
    select
        asked.*,
        planned_minor - spent_minor as remaining_minor,
        greatest(spent_minor + amount_minor - planned_minor, 0) as overage_minor,
        case when planned_minor > 0
            then round(100.0 * (spent_minor + amount_minor) / planned_minor, 1) else 0 end as percentage
    from asked
)
select json_build_object(
    'category', category,
    'amount', amount_minor * unit,
    'can_afford', overage_minor = 0,
    'warning_level', case
        when planned_minor = 0 then 'blocked'
        when overage_minor > 0 and percentage > 150 then 'danger'
        when overage_minor > 0 then 'warning'
        when percentage >= 80 then 'caution'
        else 'safe'
    end,
    'daily_budget', planned_minor * unit,
    'remaining_budget', remaining_minor * unit,
    'percentage_used', percentage,
    'overage', overage_minor * unit,
    'impact_message', case
        when planned_minor = 0 then 'Today''s plan has nothing for this category.'
        when overage_minor > 0 then format('This is %s more than today''s plan allows.', overage_minor * unit)
        else format('%s would be left for today.', (remaining_minor - amount_minor) * unit)
    end,
    'suggestions', case when overage_minor > 0 then json_build_array(
        'Wait for a day with more room, or take it from a category that has some left.'
    ) else '[]'::json end,
    'alternative_categories', (
        select coalesce(json_agg(json_build_object(
            'category', other.client_code,
            'available', (other.planned_minor - other.spent_minor) * judged.unit
        ) order by other.planned_minor - other.spent_minor desc), '[]')
        from available as other
        where judged.overage_minor > 0
            and other.client_code <> judged.category
            and other.planned_minor - other.spent_minor > 0
    )
) as document
from judged
""")

#: What is left of one day.
DAY_STATUS = Document("""
select json_build_object(
    'date', asked.day,
    'budget', coalesce(total.planned_minor, 0) * reader.unit,
    'spent', coalesce(total.spent_minor, 0) * reader.unit,
    'remaining', coalesce(total.planned_minor - total.spent_minor, 0) * reader.unit,
    'status', coalesce(total.status, 'green')
) as document
from reader
cross join lateral (
    select coalesce(
        %(day)s::date, (%(instant)s::timestamptz at time zone reader.timezone)::date, reader.today
    ) as day
) as asked
left join marts.fct_daily_totals as total
    on reader.user_id = total.user_id and asked.day = total.plan_date
""")
