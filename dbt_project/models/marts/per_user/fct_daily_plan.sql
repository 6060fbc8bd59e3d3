{{
    config(
        pre_hook=plan_by_hashing(),
        indexes=[
            {'columns': ['user_id', 'period_start', 'plan_date', 'category_code'], 'unique': True},
        ]
    )
}}

with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

daily_plan as (
    select * from {{ ref('int_daily_plan') }}
),

-- Of a period that has closed, what was neither planned nor spent says nothing; and of one long closed
-- only what was spent is asked for by category, the day's totals being in fct_daily_totals.
final as (
    select daily_plan.*
    from daily_plan
    inner join plan_users on daily_plan.user_id = plan_users.user_id
    where
        daily_plan.spent_minor <> 0
        or daily_plan.period_start >= plan_users.current_period_start
        or (
            daily_plan.planned_minor > 0
            and daily_plan.period_start
            >= {{ add_months('plan_users.current_period_start', -(var('plan_detail_periods') | int)) }}
        )
)

select * from final
