with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

accounts as (
    select * from {{ ref('stg_app__accounts') }}
),

balances as (
    select * from {{ ref('int_account_balances') }}
),

transactions as (
    select * from {{ ref('int_transactions') }}
),

-- A balance counts from its statement's last day on; what was booked until then is taken off it again.
final as (
    select
        balances.user_id,
        balances.account_id,
        (balances.balance_minor - coalesce(sum(transactions.amount_minor), 0))::bigint as opening_minor
    from plan_users
    inner join accounts
        on plan_users.user_id = accounts.user_id and plan_users.currency = accounts.currency
    inner join balances
        on accounts.user_id = balances.user_id and accounts.account_id = balances.account_id
    left join transactions
        on
            balances.user_id = transactions.user_id
            and balances.account_id = transactions.account_id
            and balances.balance_date >= transactions.booked_date
            and transactions.status = 'posted'
    group by balances.user_id, balances.account_id, balances.balance_minor
)

select * from final
