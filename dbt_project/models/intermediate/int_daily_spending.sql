with daily_amounts as (
    select * from {{ ref('int_daily_amounts') }}
),

final as (
    select
        user_id,
        category_code,
        group_code,
        period_start,
        spent_date,
        -amount_minor as spent_minor
    from daily_amounts
    where group_code <> 'income'
)

select * from final
