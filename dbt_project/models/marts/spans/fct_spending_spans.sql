{%- set spans = [('day', '1 day'), ('week', '7 days'), ('month', '1 month'), ('quarter', '3 months'), ('year', '1 year')] -%}

with transactions as (
    select * from {{ ref('fct_transactions') }}
),

users as (
    select * from {{ ref('dim_users') }}
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

-- The span after one with spending is there as well, so that what fell to nothing is seen to.
{% for span, step in spans %}
{{ span }}s as (
    select
        spent.user_id,
        '{{ span }}' as span,
        span_starts.span_start,
        spent.category_code,
        spent.group_code,
        spent.currency,
        sum(case when span_starts.is_own then spent.spent_minor else 0 end) as spent_minor,
        sum(case when span_starts.is_own then spent.refunded_minor else 0 end) as refunded_minor,
        sum(case when span_starts.is_own then spent.purchases else 0 end) as purchases
    from spent
    cross join
        lateral (
            values
            (date_trunc('{{ span }}', spent.spent_date)::date, true),
            ((date_trunc('{{ span }}', spent.spent_date) + interval '{{ step }}')::date, false)
        ) as span_starts (span_start, is_own)
    where span_starts.is_own or span_starts.span_start <= spent.as_of
    group by spent.user_id, span_starts.span_start, spent.category_code, spent.group_code, spent.currency
),

{{ span }}s_compared as (
    select
        {{ span }}s.*,
        coalesce(
            sum(spent_minor) over (
                partition by user_id, category_code order by span_start::timestamp
                range between interval '{{ step }}' preceding and interval '{{ step }}' preceding
            ),
            0
        ) as previous_spent_minor,
        coalesce(
            sum(spent_minor) over (
                partition by user_id, category_code order by span_start::timestamp
                range between interval '{{ '364 days' if span in ('day', 'week') else '1 year' }}' preceding
                and interval '{{ '364 days' if span in ('day', 'week') else '1 year' }}' preceding
            ),
            0
        ) as year_before_spent_minor
    from {{ span }}s
),

{% endfor %}
together as (
    {%- for span, step in spans %}
    select * from {{ span }}s_compared
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        user_id,
        span,
        span_start,
        category_code,
        group_code,
        spent_minor::bigint as spent_minor,
        refunded_minor::bigint as refunded_minor,
        purchases::bigint as purchases,
        previous_spent_minor::bigint as previous_spent_minor,
        (spent_minor - previous_spent_minor)::bigint as change_minor,
        year_before_spent_minor::bigint as year_before_spent_minor,
        currency
    from together
)

select * from final
