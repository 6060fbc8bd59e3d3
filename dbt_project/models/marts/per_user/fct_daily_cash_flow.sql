{{ config(indexes=[{'columns': ['user_id', 'cash_date'], 'unique': True}]) }}

with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

transactions as (
    select * from {{ ref('int_transactions') }}
),

-- Accounts of which a statement gave a balance, in the currency of the plan; the others' worth is unknown.
openings as (
    select * from {{ ref('int_account_openings') }}
),

anchors as (
    select
        user_id,
        sum(opening_minor) as opening_minor
    from openings
    group by user_id
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
            sum(transactions.amount_plan_minor) filter (where openings.account_id is not null), 0
        )::bigint as known_minor
    from transactions
    left join openings
        on
            transactions.user_id = openings.user_id
            and transactions.account_id = openings.account_id
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
