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

final as (
    select
        transactions.user_id,
        transactions.transaction_id,
        coalesce(decided.code, predicted.code, 'uncategorised') as category_code,
        case
            when decided.code is not null then 'user'
            when predicted.code is not null then 'model'
            else 'none'
        end as category_origin,
        case when decided.code is null and predicted.code is not null then predictions.probability end
            as category_probability
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
)

select * from final
