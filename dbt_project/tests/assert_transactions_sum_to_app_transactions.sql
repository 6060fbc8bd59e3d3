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
    where user_id in (select user_id from renewed)
    group by user_id, currency
),

mart as (
    select
        user_id,
        currency,
        count(*) as transactions,
        sum(amount_minor) as amount_minor
    from {{ ref('fct_transactions') }}
    where user_id in (select user_id from renewed)
    group by user_id, currency
)

select *
from facts
full join mart using (user_id, currency)
where
    facts.transactions is distinct from mart.transactions
    or facts.amount_minor is distinct from mart.amount_minor
