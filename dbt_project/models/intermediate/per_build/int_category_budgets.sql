{{ config(pre_hook=plan_by_hashing()) }}

with periods as (
    select * from {{ ref('int_plan_periods') }}
),

group_budgets as (
    select * from {{ ref('int_group_budgets') }}
),

weights as (
    select * from {{ ref('int_category_weights') }}
),

history as (
    select * from {{ ref('int_category_history') }}
),

daily_spending as (
    select * from {{ ref('int_daily_spending') }}
),

to_share as (
    select
        weights.user_id,
        weights.period_start,
        weights.group_code,
        weights.category_code,
        weights.weight,
        group_budgets.budget_minor as group_budget_minor
    from weights
    inner join group_budgets
        on
            weights.user_id = group_budgets.user_id
            and weights.period_start = group_budgets.period_start
            and weights.group_code = group_budgets.group_code
),

shared as (
    {{ largest_remainder(
        relation='to_share',
        columns=['user_id', 'period_start', 'group_code', 'category_code'],
        total='group_budget_minor',
        weight='weight',
        partition_by=['user_id', 'period_start', 'group_code'],
        tie_break='category_code',
        part='budget_minor',
    ) | indent(4) }}
),

-- What is spent in a category without a budget shows all the same, against nothing.
spent as (
    select distinct
        user_id,
        period_start,
        group_code,
        category_code
    from daily_spending
),

planned as (
    select
        coalesce(shared.user_id, spent.user_id) as user_id,
        coalesce(shared.period_start, spent.period_start) as period_start,
        coalesce(shared.group_code, spent.group_code) as group_code,
        coalesce(shared.category_code, spent.category_code) as category_code,
        coalesce(shared.budget_minor, 0) as budget_minor
    from shared
    full join spent
        on
            shared.user_id = spent.user_id
            and shared.period_start = spent.period_start
            and shared.category_code = spent.category_code
),

final as (
    select
        planned.user_id,
        planned.period_start,
        periods.period_end,
        periods.today,
        periods.currency,
        planned.group_code,
        planned.category_code,
        planned.budget_minor,
        -- least() passes over nulls: without a due day there is no due date.
        case
            when history.due_day is not null
                then least(planned.period_start + history.due_day, periods.period_end) - 1
        end as due_date
    from planned
    inner join periods
        on planned.user_id = periods.user_id and planned.period_start = periods.period_start
    left join history
        on
            planned.user_id = history.user_id
            and planned.period_start = history.period_start
            and planned.category_code = history.category_code
)

select * from final
