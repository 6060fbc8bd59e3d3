{{ config(indexes=[{'columns': ['user_id'], 'unique': True}]) }}

with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

final as (
    select
        user_id,
        currency,
        country,
        method,
        cycle,
        pay_day,
        moves_mode,
        day_rule,
        is_forecast,
        seen_from,
        today as as_of
    from plan_users
)

select * from final
