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

-- What lies on a savings account or is owed on a loan is not there to be spent.
spendable as (
    select
        accounts.user_id,
        accounts.account_id,
        balances.balance_minor,
        balances.balance_date
    from plan_users
    inner join accounts on plan_users.user_id = accounts.user_id
    left join balances
        on
            accounts.user_id = balances.user_id
            and accounts.account_id = balances.account_id
            and plan_users.currency = accounts.currency
    where accounts.kind not in ('savings', 'loan', 'investment')
),

-- The balance of a day before the first one: what statements said, with what was booked until then taken off.
booked as (
    select
        spendable.user_id,
        sum(transactions.amount_minor) as amount_minor
    from spendable
    inner join transactions
        on
            spendable.user_id = transactions.user_id
            and spendable.account_id = transactions.account_id
            and spendable.balance_date >= transactions.booked_date
    where transactions.status = 'posted'
    group by spendable.user_id
),

anchors as (
    select
        spendable.user_id,
        sum(spendable.balance_minor) - coalesce(max(booked.amount_minor), 0) as opening_minor
    from spendable
    left join booked on spendable.user_id = booked.user_id
    where spendable.balance_minor is not null
    group by spendable.user_id
),

days as (
    select
        transactions.user_id,
        transactions.spent_date as cash_date,
        coalesce(-sum(transactions.amount_plan_minor) filter (where transactions.is_spending), 0)::bigint
            as spent_minor,
        coalesce(sum(transactions.amount_plan_minor) filter (where transactions.group_code = 'income'), 0)::bigint
            as income_minor,
        coalesce(
            sum(transactions.amount_plan_minor) filter (where spendable.account_id is not null), 0
        )::bigint as flow_minor,
        coalesce(
            sum(transactions.amount_plan_minor) filter (where spendable.balance_minor is not null), 0
        )::bigint as told_minor
    from transactions
    left join spendable
        on
            transactions.user_id = spendable.user_id
            and transactions.account_id = spendable.account_id
    where transactions.amount_plan_minor is not null
    group by transactions.user_id, transactions.spent_date
),

final as (
    select
        days.user_id,
        days.cash_date,
        days.spent_minor,
        days.income_minor,
        days.flow_minor,
        (
            anchors.opening_minor
            + sum(days.told_minor) over (partition by days.user_id order by days.cash_date)
        )::bigint as balance_minor,
        plan_users.currency
    from days
    inner join plan_users on days.user_id = plan_users.user_id
    left join anchors on days.user_id = anchors.user_id
)

select * from final
