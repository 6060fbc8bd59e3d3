with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

transactions as (
    select * from {{ ref('int_transactions') }}
),

by_day as (
    select
        user_id,
        category_code,
        group_code,
        spent_date,
        sum(amount_plan_minor)::bigint as amount_minor
    from transactions
    where
        amount_plan_minor is not null
        and (is_spending or group_code in ('saving', 'income'))
    group by user_id, category_code, group_code, spent_date
),

final as (
    select
        by_day.*,
        {{ period_start_of('plan_users', 'by_day.spent_date') }} as period_start
    from by_day
    inner join plan_users on by_day.user_id = plan_users.user_id
    where by_day.spent_date >= plan_users.reads_from
)

select * from final
