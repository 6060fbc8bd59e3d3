with daily_amounts as (
    select * from {{ ref('int_daily_amounts') }}
),

final as (
    select
        user_id,
        {{ month_of('spent_date') }} as month_start,
        sum(amount_minor)::bigint as income_minor
    from daily_amounts
    where group_code = 'income'
    group by user_id, {{ month_of('spent_date') }}
)

select * from final
