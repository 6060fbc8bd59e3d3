{{
    config(
        pre_hook=plan_by_hashing(),
        indexes=[{'columns': ['user_id', 'period_start', 'category_code'], 'unique': True}],
    )
}}

with budgets as (
    select * from {{ ref('int_category_budgets') }}
),

spent as (
    select
        user_id,
        period_start,
        category_code,
        sum(spent_minor)::bigint as spent_minor
    from {{ ref('int_daily_spending') }}
    group by user_id, period_start, category_code
),

compared as (
    select
        budgets.user_id,
        budgets.period_start,
        budgets.period_end,
        budgets.category_code,
        budgets.group_code,
        budgets.budget_minor,
        budgets.carry_minor,
        coalesce(spent.spent_minor, 0)::bigint as spent_minor,
        (budgets.budget_minor + budgets.carry_minor)::bigint as there_minor,
        lag(coalesce(spent.spent_minor, 0)) over (
            partition by budgets.user_id, budgets.category_code order by budgets.period_start
        )::bigint as previous_spent_minor,
        budgets.currency
    from budgets
    left join spent
        on
            budgets.user_id = spent.user_id
            and budgets.period_start = spent.period_start
            and budgets.category_code = spent.category_code
),

final as (
    select
        user_id,
        period_start,
        period_end,
        category_code,
        group_code,
        budget_minor,
        carry_minor,
        spent_minor,
        (there_minor - spent_minor)::bigint as left_minor,
        previous_spent_minor,
        {{ plan_status('there_minor', 'spent_minor') }} as status,
        currency
    from compared
)

select * from final
