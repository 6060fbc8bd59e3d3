{{ config(pre_hook=plan_by_hashing(), indexes=[{'columns': ['user_id', 'cash_date'], 'unique': True}]) }}

with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

transactions as (
    select * from {{ ref('int_transactions') }}
),

accounts as (
    select * from {{ ref('stg_app__accounts') }}
),

balances as (
    select * from {{ ref('int_account_balances') }}
),

-- Accounts of which a statement gave a balance, in the currency of the plan; the others' worth is unknown.
known_accounts as (
    select
        accounts.user_id,
        accounts.account_id,
        balances.balance_minor,
        balances.balance_date
    from plan_users
    inner join accounts
        on plan_users.user_id = accounts.user_id and plan_users.currency = accounts.currency
    inner join balances
        on accounts.user_id = balances.user_id and accounts.account_id = balances.account_id
),

-- A balance counts from its statement's last day on; what was booked before is taken off it again.
booked as (
    select
        known_accounts.user_id,
        sum(transactions.amount_minor) as amount_minor
    from known_accounts
    inner join transactions
        on
            known_accounts.user_id = transactions.user_id
            and known_accounts.account_id = transactions.account_id
            and known_accounts.balance_date >= transactions.booked_date
    where transactions.status = 'posted'
    group by known_accounts.user_id
),

anchors as (
    select
        known_accounts.user_id,
        sum(known_accounts.balance_minor) - coalesce(max(booked.amount_minor), 0) as opening_minor
    from known_accounts
    left join booked on known_accounts.user_id = booked.user_id
    group by known_accounts.user_id
),

flows as (
    select
        transactions.user_id,
        transactions.spent_date as cash_date,
        coalesce(sum(transactions.amount_plan_minor) filter (where transactions.group_code = 'income'), 0)::bigint
            as income_minor,
        coalesce(-sum(transactions.amount_plan_minor) filter (where transactions.is_spending), 0)::bigint
            as spent_minor,
        coalesce(-sum(transactions.amount_plan_minor) filter (where transactions.group_code = 'saving'), 0)::bigint
            as saved_minor,
        coalesce(sum(transactions.amount_plan_minor) filter (where transactions.is_transfer), 0)::bigint
            as transferred_minor,
        coalesce(
            sum(transactions.amount_plan_minor) filter (
                where transactions.is_spending and transactions.amount_plan_minor > 0
            ),
            0
        )::bigint as refunded_minor,
        coalesce(
            sum(transactions.amount_plan_minor) filter (where known_accounts.account_id is not null), 0
        )::bigint as known_minor
    from transactions
    left join known_accounts
        on
            transactions.user_id = known_accounts.user_id
            and transactions.account_id = known_accounts.account_id
    where transactions.amount_plan_minor is not null
    group by transactions.user_id, transactions.spent_date
),

final as (
    select
        flows.user_id,
        flows.cash_date,
        flows.income_minor,
        flows.spent_minor,
        flows.saved_minor,
        flows.transferred_minor,
        flows.refunded_minor,
        (
            anchors.opening_minor
            + sum(flows.known_minor) over (partition by flows.user_id order by flows.cash_date)
        )::bigint as net_worth_minor,
        plan_users.currency
    from flows
    inner join plan_users on flows.user_id = plan_users.user_id
    left join anchors on flows.user_id = anchors.user_id
)

select * from final
