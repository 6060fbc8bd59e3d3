-- What is known of a category before anything was bought: what the user told of it, and what households of
-- the country spend on it, else what the taxonomy says.
with users as (
    select * from {{ ref('int_plan_users') }}
),

categories as (
    select * from {{ ref('categories') }}
),

regional as (
    select * from {{ ref('regional_budget_weights') }}
),

category_budgets as (
    select * from {{ ref('stg_app__category_budgets') }}
),

final as (
    select
        users.user_id,
        categories.group_code,
        categories.code as category_code,
        category_budgets.allotted_minor as told_minor,
        coalesce(regional.budget_weight, categories.budget_weight) as household_weight
    from users
    cross join categories
    left join regional on categories.code = regional.category_code and users.country = regional.country
    left join category_budgets
        on users.user_id = category_budgets.user_id and categories.code = category_budgets.category_code
    where categories.budget_weight is not null
)

select * from final
