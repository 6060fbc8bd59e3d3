-- Whatever comes in is given to a category, savings included, to the minor unit.
with budgets as (
    select
        user_id,
        period_start,
        sum(budget_minor) as budget_minor
    from {{ ref('int_category_budgets') }}
    group by user_id, period_start
)

select *
from {{ ref('int_period_income') }} as income
full join budgets using (user_id, period_start)
where income.income_minor is distinct from budgets.budget_minor
