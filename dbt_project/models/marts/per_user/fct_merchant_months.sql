{{ config(indexes=[{'columns': ['user_id', 'month_start', 'merchant', 'category_code'], 'unique': True}]) }}

with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

transactions as (
    select * from {{ ref('int_transactions') }}
),

final as (
    select
        transactions.user_id,
        {{ month_of('transactions.spent_date') }} as month_start,
        coalesce(transactions.merchant, transactions.description) as merchant,
        transactions.category_code,
        count(*) filter (where transactions.amount_plan_minor < 0) as purchases,
        coalesce(-sum(transactions.amount_plan_minor) filter (where transactions.amount_plan_minor < 0), 0)::bigint
            as paid_minor,
        coalesce(sum(transactions.amount_plan_minor) filter (where transactions.amount_plan_minor > 0), 0)::bigint
            as refunded_minor,
        (-sum(transactions.amount_plan_minor))::bigint as spent_minor,
        plan_users.currency
    from transactions
    inner join plan_users on transactions.user_id = plan_users.user_id
    where transactions.is_spending and transactions.amount_plan_minor is not null
    group by
        transactions.user_id,
        {{ month_of('transactions.spent_date') }},
        coalesce(transactions.merchant, transactions.description),
        transactions.category_code,
        plan_users.currency
)

select * from final
