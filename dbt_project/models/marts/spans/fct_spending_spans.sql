with transactions as (
    select * from {{ ref('fct_transactions') }}
),

users as (
    select * from {{ ref('dim_users') }}
),

spans as (
    select
        spans.span,
        spans.step,
        spans.year
    from (
        values
        ('day', interval '1 day', interval '364 days'),
        ('week', interval '7 days', interval '364 days'),
        ('month', interval '1 month', interval '1 year'),
        ('quarter', interval '3 months', interval '1 year'),
        ('year', interval '1 year', interval '1 year')
    ) as spans (span, step, year)
),

spent as (
    select
        transactions.user_id,
        transactions.category_code,
        transactions.group_code,
        transactions.spent_date,
        users.currency,
        users.as_of,
        -transactions.amount_plan_minor as spent_minor,
        case when transactions.is_refund then transactions.amount_plan_minor else 0 end as refunded_minor,
        case when transactions.is_refund then 0 else 1 end as purchases
    from transactions
    inner join users on transactions.user_id = users.user_id
    where transactions.is_spending and transactions.amount_plan_minor is not null
),

-- A purchase stands in its own span, and for comparison in the one after it and the one a year after it.
placed as (
    select
        spent.*,
        spans.span,
        places.place,
        (date_trunc(spans.span, spent.spent_date::timestamp) + places.later)::date as span_start
    from spent
    cross join spans
    cross join lateral (
        values
        ('own', interval '0 days'),
        ('previous', spans.step),
        ('year before', spans.year)
    ) as places (place, later)
),

summed as (
    select
        user_id,
        span,
        span_start,
        category_code,
        group_code,
        currency,
        coalesce(sum(spent_minor) filter (where place = 'own'), 0)::bigint as spent_minor,
        coalesce(sum(refunded_minor) filter (where place = 'own'), 0)::bigint as refunded_minor,
        coalesce(sum(purchases) filter (where place = 'own'), 0)::bigint as purchases,
        coalesce(sum(spent_minor) filter (where place = 'previous'), 0)::bigint as previous_spent_minor,
        coalesce(sum(spent_minor) filter (where place = 'year before'), 0)::bigint as year_before_spent_minor
    from placed
    group by user_id, span, span_start, category_code, group_code, currency
    having bool_or(place = 'own' or place = 'previous' and span_start <= as_of)
),

final as (
    select
        user_id,
        span,
        span_start,
        category_code,
        group_code,
        spent_minor,
        refunded_minor,
        purchases,
        previous_spent_minor,
        spent_minor - previous_spent_minor as change_minor,
        year_before_spent_minor,
        currency
    from summed
)

select * from final
