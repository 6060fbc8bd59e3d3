-- Nobody wakes up on the first day of a period without a plan.
select plan_users.user_id
from {{ ref('int_plan_users') }} as plan_users
left join {{ ref('fct_daily_totals') }} as totals
    on
        plan_users.user_id = totals.user_id
        and plan_users.current_period_start < totals.period_start
where totals.user_id is null
