with transactions as (
    select * from {{ ref('int_transactions') }}
),

final as (
    select
        user_id,
        category_code,
        group_code,
        spent_date,
        (-sum(amount_plan_minor))::bigint as spent_minor
    from transactions
    where (is_spending or group_code = 'saving') and amount_plan_minor is not null
    group by user_id, category_code, group_code, spent_date
)

select * from final
