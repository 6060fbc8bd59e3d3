-- A day's totals are the sums of its categories, in every open period.
with plan as (
    select
        plan.user_id,
        plan.plan_date,
        sum(plan.planned_minor) filter (where plan.group_code <> 'saving') as planned_minor,
        sum(plan.spent_minor) filter (where plan.group_code <> 'saving') as spent_minor
    from {{ ref('fct_daily_plan') }} as plan
    inner join {{ ref('int_plan_users') }} as plan_users on plan.user_id = plan_users.user_id
    where plan.period_start >= plan_users.current_period_start
    group by plan.user_id, plan.plan_date
)

select
    plan.user_id,
    plan.plan_date
from plan
left join {{ ref('fct_daily_totals') }} as totals
    on plan.user_id = totals.user_id and plan.plan_date = totals.plan_date
where
    coalesce(plan.planned_minor, 0) is distinct from totals.planned_minor
    or coalesce(plan.spent_minor, 0) is distinct from totals.spent_minor
