-- Whatever comes in is given to a category, savings included, to the minor unit.
with budgets as (
    select
        user_id,
        period_start,
        sum(budget_minor) as budget_minor
    from {{ ref('int_category_budgets') }}
    group by user_id, period_start
)

select
    income.user_id,
    income.period_start,
    income.income_minor,
    budgets.budget_minor
from {{ ref('int_period_income') }} as income
full join budgets
    on income.user_id = budgets.user_id and income.period_start = budgets.period_start
where income.income_minor is distinct from budgets.budget_minor
