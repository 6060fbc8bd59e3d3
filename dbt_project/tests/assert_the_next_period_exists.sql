-- Nobody wakes up on the first of a month without a plan.
select plan_users.user_id
from {{ ref('int_plan_users') }} as plan_users
left join {{ ref('fct_daily_totals') }} as totals
    on
        plan_users.user_id = totals.user_id
        and totals.plan_date = {{ add_months('plan_users.current_period_start', 1) }}
where totals.user_id is null
