-- In an open period, for every category that is not overspent: what was spent before today and what is
-- planned from today on are its budget, what rolled over and what moved. Of an overspent one only
-- commitments are planned.
with ahead as (
    select
        plan.user_id,
        plan.period_start,
        plan.category_code,
        plan.budget_minor + plan.carry_minor + plan.moved_minor as there_minor,
        plan.spent_before_minor,
        plan.uncovered_minor,
        sum(plan.planned_minor) as planned_minor,
        sum(plan.committed_minor) as committed_minor
    from {{ ref('fct_daily_plan') }} as plan
    inner join {{ ref('int_plan_users') }} as plan_users on plan.user_id = plan_users.user_id
    where plan.period_start >= plan_users.current_period_start and plan.plan_date >= plan_users.today
    group by
        plan.user_id,
        plan.period_start,
        plan.category_code,
        plan.budget_minor + plan.carry_minor + plan.moved_minor,
        plan.spent_before_minor,
        plan.uncovered_minor
)

select *
from ahead
where
    planned_minor <> case
        when uncovered_minor > 0 then committed_minor
        else there_minor - spent_before_minor
    end
