{{
    config(
        pre_hook=plan_by_hashing(),
        indexes=[{'columns': ['user_id', 'plan_date'], 'unique': True}],
    )
}}

with periods as (
    select * from {{ ref('int_plan_periods') }}
),

daily_plan as (
    select * from {{ ref('int_daily_plan') }}
),

by_day as (
    select
        user_id,
        plan_date,
        sum(planned_minor) filter (where group_code <> 'saving') as planned_minor,
        sum(spent_minor) filter (where group_code <> 'saving') as spent_minor,
        sum(planned_minor) filter (where group_code = 'saving') as saving_planned_minor,
        sum(spent_minor) filter (where group_code = 'saving') as saved_minor,
        sum(committed_minor) filter (where group_code <> 'saving') as committed_minor,
        sum(uncovered_minor) as uncovered_minor,
        -- A bill is not there to be spent on anything else; what is overspent elsewhere has left already.
        sum(greatest(planned_minor - committed_minor - spent_minor, 0)) filter (where group_code <> 'saving')
            as safe_to_spend_minor
    from daily_plan
    group by user_id, plan_date
),

days as (
    select
        periods.user_id,
        periods.period_start,
        periods.period_end,
        periods.period_start + later.days as plan_date,
        periods.currency
    from periods
    cross join lateral generate_series(0, periods.period_end - periods.period_start - 1) as later (days)
    where periods.is_planned
),

totals as (
    select
        days.*,
        coalesce(by_day.planned_minor, 0)::bigint as planned_minor,
        coalesce(by_day.spent_minor, 0)::bigint as spent_minor,
        coalesce(by_day.saving_planned_minor, 0)::bigint as saving_planned_minor,
        coalesce(by_day.saved_minor, 0)::bigint as saved_minor,
        coalesce(by_day.committed_minor, 0)::bigint as committed_minor,
        coalesce(by_day.uncovered_minor, 0)::bigint as uncovered_minor,
        coalesce(by_day.safe_to_spend_minor, 0)::bigint as safe_to_spend_minor
    from days
    left join by_day on days.user_id = by_day.user_id and days.plan_date = by_day.plan_date
),

final as (
    select
        totals.*,
        {{ plan_status('planned_minor', 'spent_minor') }} as status
    from totals
)

select * from final
