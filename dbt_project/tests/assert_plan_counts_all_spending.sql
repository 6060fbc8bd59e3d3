-- The days of the plan hold exactly the spending of the ledger: nothing twice, nothing lost.
with ledger as (
    select
        user_id,
        spent_date,
        -sum(amount_plan_minor) as spent_minor
    from {{ ref('fct_transactions') }}
    where is_spending and amount_plan_minor is not null
    group by user_id, spent_date
),

plan as (
    select
        totals.user_id,
        totals.plan_date,
        totals.spent_minor
    from {{ ref('fct_daily_totals') }} as totals
    inner join {{ ref('int_plan_users') }} as plan_users on totals.user_id = plan_users.user_id
)

select plan.*
from plan
left join ledger on plan.user_id = ledger.user_id and plan.plan_date = ledger.spent_date
where plan.spent_minor <> coalesce(ledger.spent_minor, 0)
