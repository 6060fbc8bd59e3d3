"""Transactions, as JSON from the facts themselves: a purchase is in the answer right after it was made."""

from __future__ import annotations

from typing import LiteralString

from api.documents import Document

#: What the client reads of one transaction. A bank knows the day only: such a one stands at noon of the
#: user's zone, which is the same day in nearly every other. Money that the plan moved to its category is that
#: of the next morning, or of today's for what was bought today, as the last build saw it.
_ENTRY: LiteralString = """(select row_to_json(entry) from (select
    listed.transaction_id as "id",
    listed.client_code as "category",
    listed.category_code as "category_code",
    listed.group_code as "group",
    -listed.amount_minor * coalesce(units.unit, 0.01) as "amount",
    listed.currency as "currency",
    listed.description as "description",
    listed.merchant as "merchant",
    listed.location as "location",
    array_to_json(coalesce(listed.tags, '{}')) as "tags",
    coalesce(listed.is_recurring, exists (
        select from ml.recurring_occurrences as found
        inner join ml.recurring_series as series
            on found.user_id = series.user_id and found.series_id = series.series_id
        where found.user_id = listed.user_id and found.transaction_id = listed.transaction_id
            and series.series_id <> all(array(
                select said.series_id from app.recurring_words as said
                where said.user_id = (select reader.user_id from reader) and said.word = 'rejected'
            ))
    )) as "is_recurring",
    listed.status = 'pending' as "is_pending",
    listed.link_kind as "link_kind",
    listed.linked_id as "linked_transaction_id",
    case when listed.is_split then (
        select json_agg(json_build_object(
            'category', coalesce(leaf.client_code, 'other'),
            'category_code', part.category_code,
            'amount', -part.amount_minor * coalesce(units.unit, 0.01),
            'note', part.note
        ) order by part.line_number)
        from app.parts as part
        left join marts.dim_categories as leaf on part.category_code = leaf.category_code
        where part.user_id = listed.user_id and part.transaction_id = listed.transaction_id
    ) else '[]' end as "splits",
    listed.confidence_score as "confidence_score",
    listed.category_origin as "category_origin",
    listed.category_reason as "category_reason",
    listed.model_version as "category_model",
    listed.receipt_url as "receipt_url",
    listed.notes as "notes",
    listed.account_id as "account_id",
    to_char(
        coalesce(listed.spent_at, (listed.spent_date + time '12:00') at time zone listed.timezone)
        at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
    ) as "spent_at",
    to_char(listed.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "created_at",
    to_char(
        greatest(listed.updated_at, listed.described_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'
    ) as "updated_at",
    moved.minor is not null as "rebalanced",
    least(moved.minor, -listed.amount_minor)
        * case when listed.currency = moved.currency then coalesce(units.unit, 0.01) end
        as "rebalance_covered",
    moved.is_enough as "rebalance_fully_covered"
) as entry)"""

#: What a listed transaction is told with.
_TOLD: LiteralString = """
left join units on listed.currency = units.currency
left join lateral (
    select
        sum(move.amount_minor)::bigint as minor,
        min(move.currency) as currency,
        sum(move.amount_minor) + min(move.to_available_minor) >= 0 as is_enough
    from marts.fct_budget_moves as move
    where listed.is_spending and listed.amount_minor < 0
        and move.user_id = listed.user_id
        and move.moved_on = least(listed.spent_date + 1, listed.today)
        and move.to_category = listed.category_code
        and move.is_applied
    having count(*) > 0
) as moved on true
"""

#: Both ends of a transfer, and money that came back, each with the category that follows from it: what the
#: model int_linked_categories says, of the facts as they are now.
_LINKED: LiteralString = """
    select
        ends.linked_id, ends.kind,
        case
            when ends.kind <> 'transfer' then coalesce(
                (
                    select part.category_code
                    from app.parts as part
                    where part.user_id = made.user_id and part.transaction_id = ends.linked_id
                    order by abs(part.amount_minor) desc, part.line_number
                    limit 1
                ),
                (
                    select bought.category_code
                    from app.standing_categories as bought
                    where bought.user_id = made.user_id and bought.transaction_id = ends.linked_id
                )
            )
            when 'card' in (here.kind, there.kind) then 'card_payment'
            when 'cash' in (here.kind, there.kind) then 'cash_withdrawal'
            else 'internal_transfer'
        end as category_code
    from (
        select link.target_transaction_id as linked_id, link.kind
        from app.transaction_links as link
        where link.user_id = made.user_id and link.source_transaction_id = made.transaction_id
            and link.band = 'paired'
        union all
        select link.source_transaction_id as linked_id, link.kind
        from app.transaction_links as link
        where link.user_id = made.user_id and link.target_transaction_id = made.transaction_id
            and link.band = 'paired' and link.kind = 'transfer'
    ) as ends
    inner join app.accounts as here on made.user_id = here.user_id and made.account_id = here.account_id
    left join app.transactions as other
        on made.user_id = other.user_id and ends.linked_id = other.transaction_id
    left join app.accounts as there on other.user_id = there.user_id and other.account_id = there.account_id
"""

#: The category of a split transaction's largest part, and whether any part is spending.
_PARTS: LiteralString = """
    select
        (array_agg(part.category_code order by abs(part.amount_minor) desc, part.line_number))[1]
            as category_code,
        bool_or(leaf.group_code in ('need', 'want')) as has_spending,
        true as is_split
    from app.parts as part
    left join marts.dim_categories as leaf on part.category_code = leaf.category_code
    where part.user_id = made.user_id and part.transaction_id = made.transaction_id
        -- Asked once: few people split anything, and looking for parts takes most of the time of a page.
        and (
            select
                exists (select from app.split_lines as own where own.user_id = asking.user_id)
                or exists (
                    select from app.category_rules as rule
                    where rule.user_id = asking.user_id and rule.is_on and rule.actions ? 'split'
                )
            from reader as asking
        )
    having count(*) > 0
"""

#: The reader's transactions with the category that stands, tombstones aside. What the user and the user's
#: rules say stands over what follows from a link, and that over memory and model. Spending is what the macro
#: ``is_spending`` of the dbt project says.
FACTS: LiteralString = f"""
    select
        made.user_id, made.transaction_id, made.account_id, made.amount_minor, made.currency,
        coalesce(effect.renamed, made.description) as description, made.status, made.spent_date,
        made.created_at, made.updated_at,
        made.timezone, made.today,
        coalesce(details.merchant, effect.merchant, made.counterparty, standing.merchant) as merchant,
        details.location, case when details.tags is not null or effect.tags is not null then array(
            select distinct tag from unnest(details.tags || effect.tags) as tag order by tag
        ) else '{{}}'::text[] end as tags, details.is_recurring, details.receipt_url, details.notes,
        details.spent_at, details.updated_at as described_at,
        linked.kind as link_kind, linked.linked_id, parts.is_split is not null as is_split,
        coalesce(stands.category_code, 'uncategorised') as category_code,
        coalesce(stands.client_code, 'other') as client_code,
        coalesce(stands.group_code, 'want') as group_code,
        case
            when parts.is_split is not null then 'user'
            when standing.category_origin in ('user', 'rule') or linked.category_code is null
                then standing.category_origin
            else 'link'
        end as category_origin,
        case
            when parts.is_split is not null then 'you split it'
            when standing.category_origin in ('user', 'rule') or linked.category_code is null
                then standing.category_reason
            else 'it is a ' || linked.kind
        end as category_reason,
        case
            when parts.is_split is null and linked.category_code is null then standing.model_version
        end as model_version,
        case
            when parts.is_split is null and linked.category_code is null
                then round(standing.category_probability::numeric, 3)
        end as confidence_score,
        coalesce(parts.has_spending, coalesce(stands.group_code, 'want') in ('need', 'want') and (
            made.amount_minor <= 0
            or coalesce(stands.category_code, 'uncategorised') <> 'uncategorised'
            or coalesce(linked.kind in ('refund', 'reimbursement'), false)
        )) as is_spending,
        least(
            age(made.written_in), age(details.xmin), standing.transactions_ago, effect.transactions_ago
        ) as transactions_ago
    -- The latest first, and everything else looked up one by one: a page ends where it is full, however long
    -- the history is. A join with the reader would lose the order.
    from (
        select
            (select reader.timezone from reader) as timezone, (select reader.today from reader) as today,
            line.user_id, line.transaction_id, line.account_id, line.amount_minor, line.currency,
            line.description, line.counterparty, line.status, line.spent_date, line.created_at,
            line.updated_at, line.xmin as written_in
        from app.transactions as line
        where line.user_id = (select reader.user_id from reader) and line.deleted_at is null
            and line.status <> 'expired'
        order by line.spent_date desc, line.transaction_id desc
    ) as made
    left join app.transaction_details as details
        on made.user_id = details.user_id and made.transaction_id = details.transaction_id
    left join lateral (
        select * from app.standing_categories as told
        where told.user_id = made.user_id and told.transaction_id = made.transaction_id
    ) as standing on true
    left join lateral (
        select * from app.rule_effects as told
        where told.user_id = made.user_id and told.transaction_id = made.transaction_id
    ) as effect on true
    left join lateral ({_LINKED}) as linked on true
    left join lateral ({_PARTS}) as parts on true
    left join marts.dim_categories as stands
        on stands.category_code = coalesce(
            parts.category_code,
            case when standing.category_origin in ('user', 'rule') then standing.category_code end,
            linked.category_code,
            standing.category_code
        )
"""  # noqa: S608 - parts of our own

#: Which of them were asked for.
_ASKED: LiteralString = """
    where (%(everything)s::bool or fact.is_spending)
        and fact.spent_date >= coalesce(
            %(start_day)s::date, (%(start_at)s::timestamptz at time zone fact.timezone)::date, '-infinity'
        )
        and fact.spent_date <= coalesce(
            %(end_day)s::date, (%(end_at)s::timestamptz at time zone fact.timezone)::date, 'infinity'
        )
        and (%(category)s::text is null or %(category)s::text in (fact.client_code, fact.category_code))
        and (
            %(merchant)s::text is null
            or strpos(lower(fact.merchant), lower(%(merchant)s::text)) > 0
        )
        and (%(tags)s::text[] is null or fact.tags @> %(tags)s::text[])
        and (%(account_id)s::uuid is null or fact.account_id = %(account_id)s::uuid)
        and (
            %(text)s::text is null
            or strpos(
                lower(concat_ws(' ', fact.merchant, fact.description, fact.notes)), lower(%(text)s::text)
            ) > 0
        )
        and (
            %(before_day)s::date is null
            or (fact.spent_date, fact.transaction_id) < (%(before_day)s::date, %(before_id)s::uuid)
        )
    order by fact.spent_date desc, fact.transaction_id desc
    limit %(limit)s::int offset %(skip)s::int
"""

#: A page of transactions, the latest first.
PAGE = Document(f"""
select coalesce(
    json_agg({_ENTRY} order by listed.spent_date desc, listed.transaction_id desc), '[]'
) as document
from (select * from ({FACTS}) as fact {_ASKED}) as listed
{_TOLD}
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
from (select * from ({FACTS}) as fact {_ASKED}) as listed
{_TOLD}
""")  # noqa: S608 - parts of our own

#: One transaction; no row for one that the reader does not have.
ONE = Document(f"""
select {_ENTRY} as document
from ({FACTS} where made.transaction_id = %(transaction_id)s::uuid) as listed
{_TOLD}
""")  # noqa: S608 - parts of our own

#: What changed since a cursor, by Postgres' own transaction numbers: rows that were written by a
#: transaction which had not ended when the cursor was given are in it, so nothing falls between two syncs.
CHANGED = Document(f"""
select json_build_object(
    'changed', (
        select coalesce(json_agg({_ENTRY} order by listed.spent_date, listed.transaction_id), '[]')
        from ({FACTS}) as listed
        {_TOLD}
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
BY_DATE = Document(f"""
select coalesce(json_agg(json_build_object(
    'id', listed.transaction_id,
    'amount', -listed.amount_minor * coalesce(units.unit, 0.01),
    'currency', listed.currency,
    'category', listed.client_code,
    'description', listed.description,
    'merchant', listed.merchant,
    'date', listed.spent_date,
    'time', to_char(
        coalesce(listed.spent_at, (listed.spent_date + time '12:00') at time zone listed.timezone)
        at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
    ),
    'created_at', to_char(listed.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
) order by coalesce(listed.spent_at, listed.created_at) desc, listed.transaction_id desc), '[]') as document
from ({FACTS} where made.spent_date = coalesce(
    %(day)s::date, (%(instant)s::timestamptz at time zone made.timezone)::date, made.today
)) as listed
left join units on listed.currency = units.currency
where listed.is_spending
""")  # noqa: S608 - parts of our own

#: Names of merchants that begin so, those visited most first.
MERCHANTS = Document("""
select coalesce(json_agg(known.merchant order by known.visits desc, known.merchant), '[]') as document
from (
    select
        coalesce(details.merchant, made.counterparty, predicted.merchant) as merchant, count(*) as visits
    from reader
    inner join app.transactions as made on reader.user_id = made.user_id and made.deleted_at is null
    left join app.transaction_details as details
        on made.user_id = details.user_id and made.transaction_id = details.transaction_id
    left join ml.category_predictions as predicted
        on made.user_id = predicted.user_id and made.transaction_id = predicted.transaction_id
    where starts_with(
        lower(coalesce(details.merchant, made.counterparty, predicted.merchant)), lower(%(start)s::text)
    )
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
    cross join lateral (
        select coalesce(
            %(day)s::date, (%(instant)s::timestamptz at time zone reader.timezone)::date, reader.today
        ) as day
    ) as on_day
    cross join lateral marts.served_daily_plan(reader.user_id, on_day.day, on_day.day) as plan
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
left join lateral marts.served_daily_totals(reader.user_id, asked.day, asked.day) as total on true
""")
