{{
    config(
        indexes=[
            {'columns': ['user_id', 'transaction_id', 'line_number'], 'unique': True},
            {'columns': ['user_id', 'spent_date']},
        ]
    )
}}

with transactions as (
    select * from {{ ref('int_transactions') }}
),

final as (
    select
        transactions.*,
        transactions.is_spending and transactions.amount_minor > 0 as is_refund
    from transactions
)

select * from final
