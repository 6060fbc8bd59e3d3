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

category_budgets as (
    select * from {{ ref('stg_app__category_budgets') }}
),

transactions as (
    select * from {{ ref('stg_app__transactions') }}
),

settings as (
    select
        build_queue.user_id,
        build_queue.version,
        build_queue.today,
        build_queue.wanted_from,
        build_queue.wanted_until,
        users.currency,
        users.country,
        coalesce(budget_settings.method, '50/30/20') as method,
        budget_settings.monthly_income_minor,
        coalesce(budget_settings.cycle, 'monthly') as cycle,
        coalesce(budget_settings.pay_day, 1) as pay_day,
        coalesce(budget_settings.cycle_anchor, date '2024-01-01') as cycle_anchor,
        coalesce(budget_settings.moves_mode, 'auto') as moves_mode,
        coalesce(budget_settings.day_rule, 'spread') as day_rule,
        coalesce(budget_settings.is_forecast, false) as is_forecast,
        earliest.spent_date as first_transaction_date,
        -- From when on anything is known of the user.
        least(
            coalesce(earliest.spent_date, (users.created_at at time zone users.timezone)::date), build_queue.today
        ) as seen_from,
        exists(
            select 1 from category_budgets
            where category_budgets.user_id = build_queue.user_id and category_budgets.carry <> 'none'
        ) as has_carry
    from build_queue
    inner join users on build_queue.user_id = users.user_id
    left join budget_settings on build_queue.user_id = budget_settings.user_id
    left join lateral (
        select transactions.spent_date
        from transactions
        where transactions.user_id = build_queue.user_id
        order by transactions.spent_date
        limit 1
    ) as earliest on true
),

-- The start of a period is a long expression of a day, and the next one asks for it ten times: each step is
-- computed before the next, or starting the statement alone takes longer than running it.
current_periods as materialized (
    select
        settings.*,
        {{ period_start_of('settings', 'settings.today') }} as current_period_start
    from settings
),

bounded as materialized (
    select
        current_periods.*,
        least(
            greatest(
                coalesce(current_periods.first_transaction_date, current_periods.today),
                {{ add_months('current_period_start', 1 - (var('plan_history_periods') | int)) }}
            ),
            current_periods.current_period_start
        ) as first_planned_date
    from current_periods
),

planned_from as materialized (
    select
        bounded.*,
        {{ period_start_of('bounded', 'bounded.first_planned_date') }} as first_period_start
    from bounded
),

final as (
    select
        planned_from.*,
        -- A period that begins within the week before the first transaction has been seen whole.
        planned_from.first_transaction_date - 6 as complete_from,
        -- What rolls over stands on all periods before; else a year before the first that is wanted will do.
        case
            when planned_from.has_carry then planned_from.first_period_start else
                greatest(planned_from.first_period_start, planned_from.wanted_from)
        end as reckoned_from,
        {{ add_months(
            'case when has_carry then first_period_start else greatest(first_period_start, wanted_from) end', -14
        ) }} as reads_from
    from planned_from
)

select * from final
