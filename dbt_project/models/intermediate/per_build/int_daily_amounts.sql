with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

transactions as (
    select * from {{ ref('int_transactions') }}
),

by_day as (
    select
        transactions.user_id,
        transactions.category_code,
        transactions.group_code,
        transactions.spent_date,
        sum(transactions.amount_plan_minor)::bigint as amount_minor
    from plan_users
    inner join transactions
        on plan_users.user_id = transactions.user_id and plan_users.reads_from <= transactions.spent_date
    where
        transactions.amount_plan_minor is not null
        and (transactions.is_spending or transactions.group_code in ('saving', 'income'))
    group by transactions.user_id, transactions.category_code, transactions.group_code, transactions.spent_date
),

final as (
    select
        by_day.*,
        {{ period_start_of('plan_users', 'by_day.spent_date') }} as period_start
    from plan_users
    inner join by_day on plan_users.user_id = by_day.user_id
)

select * from final
