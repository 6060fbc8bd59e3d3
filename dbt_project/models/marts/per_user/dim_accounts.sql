{{ config(indexes=[{'columns': ['user_id', 'account_id'], 'unique': True}]) }}

with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

accounts as (
    select * from {{ ref('stg_app__accounts') }}
),

transactions as (
    select * from {{ ref('stg_app__transactions') }}
),

balances as (
    select * from {{ ref('int_account_balances') }}
),

activity as (
    select
        transactions.user_id,
        transactions.account_id,
        count(*) as transactions,
        min(transactions.booked_date) as first_booked_date,
        max(transactions.booked_date) as last_booked_date
    from plan_users
    inner join transactions on plan_users.user_id = transactions.user_id
    group by transactions.user_id, transactions.account_id
),

final as (
    select
        accounts.user_id,
        accounts.account_id,
        accounts.account_ref,
        accounts.name,
        accounts.institution,
        accounts.kind,
        accounts.currency,
        accounts.currency = plan_users.currency as is_plan_currency,
        coalesce(activity.transactions, 0) as transactions,
        activity.first_booked_date,
        activity.last_booked_date,
        balances.balance_minor,
        balances.balance_date,
        accounts.created_at
    from plan_users
    inner join accounts on plan_users.user_id = accounts.user_id
    left join activity
        on accounts.user_id = activity.user_id and accounts.account_id = activity.account_id
    left join balances
        on accounts.user_id = balances.user_id and accounts.account_id = balances.account_id
)

select * from final
