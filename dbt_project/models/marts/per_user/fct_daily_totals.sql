{{ config(indexes=[{'columns': ['user_id', 'plan_date'], 'unique': True}]) }}

with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

daily_plan as (
    select * from {{ ref('fct_daily_plan') }}
),

totals as (
    select
        daily_plan.user_id,
        daily_plan.period_start,
        daily_plan.period_end,
        daily_plan.plan_date,
        daily_plan.currency,
        coalesce(sum(daily_plan.planned_minor) filter (where daily_plan.group_code <> 'saving'), 0)::bigint
            as planned_minor,
        coalesce(sum(daily_plan.spent_minor) filter (where daily_plan.group_code <> 'saving'), 0)::bigint
            as spent_minor,
        coalesce(sum(daily_plan.planned_minor) filter (where daily_plan.group_code = 'saving'), 0)::bigint
            as saving_planned_minor,
        coalesce(sum(daily_plan.spent_minor) filter (where daily_plan.group_code = 'saving'), 0)::bigint
            as saved_minor
    from plan_users
    inner join daily_plan on plan_users.user_id = daily_plan.user_id
    group by
        daily_plan.user_id,
        daily_plan.period_start,
        daily_plan.period_end,
        daily_plan.plan_date,
        daily_plan.currency
),

final as (
    select
        totals.*,
        {{ plan_status('planned_minor', 'spent_minor') }} as status
    from totals
)

select * from final
