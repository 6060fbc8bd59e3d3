{{ config(indexes=[{'columns': ['user_id', 'cash_date'], 'unique': True}]) }}

with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

transactions as (
    select * from {{ ref('int_transactions') }}
),

accounts as (
    select * from {{ ref('stg_app__accounts') }}
),

openings as (
    select * from {{ ref('int_account_openings') }}
),

-- What lies on a savings account or is owed on a loan is not there to be spent.
spendable as (
    select
        accounts.user_id,
        accounts.account_id,
        openings.opening_minor
    from plan_users
    inner join accounts on plan_users.user_id = accounts.user_id
    left join openings
        on accounts.user_id = openings.user_id and accounts.account_id = openings.account_id
    where accounts.kind not in ('savings', 'loan', 'investment')
),

anchors as (
    select
        user_id,
        sum(opening_minor) as opening_minor
    from spendable
    group by user_id
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
            sum(transactions.amount_plan_minor) filter (where spendable.opening_minor is not null), 0
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
