-- Money reconciles: what a user has in the mart is what the facts say, per currency. Users whose facts have
-- moved on since they were queued are left to the build that follows.
with renewed as (
    select plan_users.user_id
    from {{ ref('int_plan_users') }} as plan_users
    left join {{ ref('stg_ops__user_versions') }} as versions on plan_users.user_id = versions.user_id
    where plan_users.version = coalesce(versions.version, 0)
),

facts as (
    select
        user_id,
        currency,
        count(*) as transactions,
        sum(amount_minor) as amount_minor
    from {{ ref('stg_app__transactions') }}
    where user_id in (select renewed.user_id from renewed)
    group by user_id, currency
),

mart as (
    select
        user_id,
        currency,
        count(distinct transaction_id) as transactions,
        sum(amount_minor) as amount_minor
    from {{ ref('fct_transactions') }}
    where user_id in (select renewed.user_id from renewed)
    group by user_id, currency
)

select
    facts.user_id,
    facts.currency,
    facts.amount_minor,
    mart.amount_minor as mart_amount_minor
from facts
full join mart on facts.user_id = mart.user_id and facts.currency = mart.currency
where
    facts.transactions is distinct from mart.transactions
    or facts.amount_minor is distinct from mart.amount_minor
