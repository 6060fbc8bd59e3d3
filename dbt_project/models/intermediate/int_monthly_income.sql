with transactions as (
    select * from {{ ref('int_transactions') }}
),

final as (
    select
        user_id,
        {{ month_of('spent_date') }} as month_start,
        sum(amount_plan_minor)::bigint as income_minor
    from transactions
    where group_code = 'income' and amount_plan_minor is not null
    group by user_id, {{ month_of('spent_date') }}
)

select * from final
