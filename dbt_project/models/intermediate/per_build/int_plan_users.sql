{{ config(indexes=[{'columns': ['user_id'], 'unique': True}]) }}

with build_queue as (
    select * from {{ ref('stg_ops__build_queue') }}
),

users as (
    select * from {{ ref('stg_app__users') }}
),

budget_settings as (
    select * from {{ ref('stg_app__budget_settings') }}
),

transactions as (
    select * from {{ ref('stg_app__transactions') }}
),

dated as (
    select
        build_queue.user_id,
        build_queue.version,
        build_queue.today,
        {{ month_of('build_queue.today') }} as current_period_start,
        earliest.spent_date as first_transaction_date
    from build_queue
    left join lateral (
        select transactions.spent_date
        from transactions
        where transactions.user_id = build_queue.user_id
        order by transactions.spent_date
        limit 1
    ) as earliest on true
),

final as (
    select
        dated.user_id,
        dated.version,
        dated.today,
        users.currency,
        coalesce(budget_settings.method, '50/30/20') as method,
        budget_settings.monthly_income_minor,
        dated.first_transaction_date,
        dated.current_period_start,
        least(
            greatest(
                {{ month_of('coalesce(dated.first_transaction_date, dated.today)') }},
                {{ add_months('dated.current_period_start', 1 - (var('plan_history_periods') | int)) }}
            ),
            dated.current_period_start
        ) as first_period_start,
        -- A month that begins within the week before the first transaction has been seen whole.
        {{ month_of("dated.first_transaction_date - 7 + interval '1 month'") }} as first_complete_month
    from dated
    inner join users on dated.user_id = users.user_id
    left join budget_settings on dated.user_id = budget_settings.user_id
)

select * from final
