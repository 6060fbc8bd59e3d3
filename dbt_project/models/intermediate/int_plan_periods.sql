with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

periods as (
    select
        plan_users.*,
        {{ add_months('plan_users.first_period_start', 'months.elapsed') }} as period_start
    from plan_users
    cross join generate_series(0, {{ var('plan_history_periods') }}) as months (elapsed)
),

final as (
    select
        user_id,
        period_start,
        {{ add_months('period_start', 1) }} as period_end,
        today,
        currency,
        method,
        monthly_income_minor,
        first_complete_month,
        -- A coming month is planned from the months that are complete today.
        least(period_start, current_period_start) as basis_month
    from periods
    where period_start <= {{ add_months('current_period_start', 1) }}
)

select * from final
