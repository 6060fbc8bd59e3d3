{{ config(indexes=[{'columns': ['user_id', 'commitment_id'], 'unique': True}]) }}

with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

commitments as (
    select * from {{ ref('stg_app__commitments') }}
),

transactions as (
    select * from {{ ref('stg_app__transactions') }}
),

final as (
    select
        commitments.user_id,
        commitments.commitment_id,
        commitments.transaction_id,
        commitments.category_code,
        commitments.kind,
        commitments.name,
        commitments.amount_minor,
        commitments.due_date,
        transactions.spent_date as paid_on,
        case
            when transactions.spent_date is not null then 'paid'
            when commitments.due_date < plan_users.today then 'overdue'
            else 'due'
        end as status,
        plan_users.currency
    from plan_users
    inner join commitments on plan_users.user_id = commitments.user_id
    left join transactions
        on
            commitments.user_id = transactions.user_id
            and commitments.transaction_id = transactions.transaction_id
)

select * from final
