with transactions as (
    select * from {{ ref('int_transactions') }}
),

final as (
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
)

select * from final
