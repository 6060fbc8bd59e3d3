{{ config(indexes=[{'columns': ['user_id', 'reason', 'currency'], 'unique': True}]) }}

with transactions as (
    select * from {{ ref('int_transactions') }}
),

left_out as (
    select
        transactions.*,
        case when transactions.amount_plan_minor is null then 'missing_rate' else 'unexplained_income' end as reason
    from transactions
    where
        transactions.amount_plan_minor is null
        or (
            {{ is_unexplained_income('transactions.category_code', 'transactions.amount_minor') }}
            and not transactions.is_spending
        )
),

final as (
    select
        user_id,
        reason,
        currency,
        count(*) as transactions,
        coalesce(sum(amount_minor) filter (where amount_minor > 0), 0)::bigint as money_in_minor,
        coalesce(-sum(amount_minor) filter (where amount_minor < 0), 0)::bigint as money_out_minor,
        min(spent_date) as first_spent_date,
        max(spent_date) as last_spent_date
    from left_out
    group by user_id, reason, currency
)

select * from final
