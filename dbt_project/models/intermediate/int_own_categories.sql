with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

standing as (
    select * from {{ ref('stg_app__standing_categories') }}
),

transactions as (
    select * from {{ ref('stg_app__transactions') }}
),

categories as (
    select * from {{ ref('categories') }}
),

final as (
    select
        transactions.user_id,
        transactions.transaction_id,
        coalesce(categories.code, 'uncategorised') as category_code,
        case when categories.code is null then 'none' else standing.category_origin end as category_origin,
        case when categories.code is not null then standing.category_probability end as category_probability,
        case when categories.code is not null then standing.category_reason end as category_reason,
        case when categories.code is not null then standing.model_version end as model_version,
        standing.merchant
    from plan_users
    inner join transactions on plan_users.user_id = transactions.user_id
    inner join standing
        on
            transactions.user_id = standing.user_id
            and transactions.transaction_id = standing.transaction_id
    left join categories on standing.category_code = categories.code
    -- As in int_transactions.
    where plan_users.wanted_from is null or transactions.spent_date >= plan_users.reads_from
)

select * from final
