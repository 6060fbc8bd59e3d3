-- The days of the plan hold exactly the spending of the ledger: nothing twice, nothing lost.
with ledger as (
    select
        user_id,
        {{ month_of('spent_date') }} as period_start,
        -sum(amount_plan_minor) as spent_minor
    from {{ ref('fct_transactions') }}
    where is_spending and amount_plan_minor is not null
    group by user_id, {{ month_of('spent_date') }}
),

plan as (
    select
        totals.user_id,
        totals.period_start,
        sum(totals.spent_minor) as spent_minor
    from {{ ref('fct_daily_totals') }} as totals
    inner join {{ ref('int_plan_users') }} as plan_users on totals.user_id = plan_users.user_id
    group by totals.user_id, totals.period_start
)

select plan.*
from plan
left join ledger on plan.user_id = ledger.user_id and plan.period_start = ledger.period_start
where plan.spent_minor <> coalesce(ledger.spent_minor, 0)
