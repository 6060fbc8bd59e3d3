-- Spending is one figure, whichever mart is asked: by merchant, by day, and in the ledger.
with ledger as (
    select
        user_id,
        -sum(amount_plan_minor) as spent_minor
    from {{ ref('fct_transactions') }}
    where is_spending and amount_plan_minor is not null
    group by user_id
),

by_merchant as (
    select
        user_id,
        sum(spent_minor) as spent_minor
    from {{ ref('fct_merchant_months') }}
    group by user_id
),

by_day as (
    select
        user_id,
        sum(spent_minor) as spent_minor
    from {{ ref('fct_daily_cash_flow') }}
    group by user_id
)

select ledger.*
from ledger
full join by_merchant on ledger.user_id = by_merchant.user_id
full join by_day on coalesce(ledger.user_id, by_merchant.user_id) = by_day.user_id
where
    coalesce(ledger.spent_minor, 0) <> coalesce(by_merchant.spent_minor, 0)
    or coalesce(ledger.spent_minor, 0) <> coalesce(by_day.spent_minor, 0)
