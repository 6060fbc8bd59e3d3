{{
    config(
        indexes=[
            {'columns': ['user_id', 'period_start', 'plan_date', 'category_code'], 'unique': True},
        ]
    )
}}

with daily_plan as (
    select * from {{ ref('int_daily_plan') }}
),

final as (
    select
        daily_plan.*,
        {{ plan_status('planned_minor', 'spent_minor') }} as status
    from daily_plan
)

select * from final
