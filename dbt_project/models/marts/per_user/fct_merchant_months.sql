{{ config(indexes=[{'columns': ['user_id', 'month_start', 'merchant', 'category_code'], 'unique': True}]) }}

with transactions as (
    select * from {{ ref('int_transactions') }}
),

final as (
    select
        user_id,
        {{ month_of('spent_date') }} as month_start,
        coalesce(merchant, description) as merchant,
        category_code,
        count(*) filter (where amount_plan_minor < 0) as purchases,
        coalesce(-sum(amount_plan_minor) filter (where amount_plan_minor < 0), 0)::bigint as paid_minor,
        coalesce(sum(amount_plan_minor) filter (where amount_plan_minor > 0), 0)::bigint as refunded_minor,
        (-sum(amount_plan_minor))::bigint as spent_minor
    from transactions
    where is_spending and amount_plan_minor is not null
    group by user_id, {{ month_of('spent_date') }}, coalesce(merchant, description), category_code
)

select * from final
