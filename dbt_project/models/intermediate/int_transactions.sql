with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

transactions as (
    select * from {{ ref('stg_app__transactions') }}
),

decisions as (
    select * from {{ ref('stg_app__category_decisions') }}
),

predictions as (
    select * from {{ ref('stg_ml__category_predictions') }}
),

categories as (
    select * from {{ ref('categories') }}
),

categorised as (
    select
        transactions.*,
        coalesce(decided.code, predicted.code, 'uncategorised') as category_code,
        case
            when decided.code is not null then 'user'
            when predicted.code is not null then 'model'
            else 'none'
        end as category_origin,
        case when decided.code is null and predicted.code is not null then predictions.probability end
            as category_probability,
        case when transactions.currency = plan_users.currency then transactions.amount_minor end
            as amount_plan_minor
    from plan_users
    inner join transactions on plan_users.user_id = transactions.user_id
    left join decisions
        on
            transactions.user_id = decisions.user_id
            and transactions.transaction_id = decisions.transaction_id
    left join predictions
        on
            transactions.user_id = predictions.user_id
            and transactions.transaction_id = predictions.transaction_id
    left join categories as decided on decisions.category_code = decided.code
    left join categories as predicted on predictions.category_code = predicted.code
),

final as (
    select
        categorised.user_id,
        categorised.transaction_id,
        categorised.account_id,
        categorised.booked_date,
        categorised.spent_date,
        categorised.amount_minor,
        categorised.currency,
        categorised.amount_plan_minor,
        categorised.status,
        categorised.description,
        categorised.counterparty as merchant,
        categorised.category_code,
        categorised.category_origin,
        categorised.category_probability,
        categories.group_code,
        {{ is_spending('categories.group_code', 'categorised.category_code', 'categorised.amount_minor') }}
            as is_spending,
        categories.group_code = 'transfer' as is_transfer,
        categorised.created_at,
        categorised.updated_at
    from categorised
    inner join categories on categorised.category_code = categories.code
)

select * from final
