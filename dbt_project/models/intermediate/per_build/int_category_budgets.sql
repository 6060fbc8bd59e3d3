{{ config(pre_hook=plan_by_hashing()) }}

with periods as (
    select * from {{ ref('int_plan_periods') }}
),

period_income as (
    select * from {{ ref('int_period_income') }}
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

budget_moves as (
    select * from {{ ref('stg_app__budget_moves') }}
),

category_budgets as (
    select * from {{ ref('stg_app__category_budgets') }}
),

commitments as (
    select * from {{ ref('int_commitments') }}
),

categories as (
    select * from {{ ref('categories') }}
),

planned as (
    select * from periods
    where is_planned
),

to_share as (
    select
        weights.user_id,
        weights.period_start,
        weights.pot,
        weights.category_code,
        weights.weight,
        coalesce(group_budgets.budget_minor, period_income.income_minor) as pot_minor
    from weights
    inner join period_income
        on weights.user_id = period_income.user_id and weights.period_start = period_income.period_start
    left join group_budgets
        on
            weights.user_id = group_budgets.user_id
            and weights.period_start = group_budgets.period_start
            and weights.pot = group_budgets.group_code
),

shared as (
    {{ largest_remainder(
        relation='to_share',
        columns=['user_id', 'period_start', 'category_code'],
        total='pot_minor',
        weight='weight',
        partition_by=['user_id', 'period_start', 'pot'],
        tie_break='category_code',
        part='budget_minor',
    ) | indent(4) }}
),

-- All that a category can have in a period. What is spent without a budget shows all the same, against
-- nothing, and so does what rolls over.
parts as (
    select
        user_id,
        period_start,
        category_code,
        budget_minor,
        0 as spent_minor,
        0 as committed_minor
    from shared
    union all
    select
        daily_spending.user_id,
        daily_spending.period_start,
        daily_spending.category_code,
        0 as budget_minor,
        daily_spending.spent_minor,
        0 as committed_minor
    from daily_spending
    inner join planned
        on daily_spending.user_id = planned.user_id and daily_spending.period_start = planned.period_start
    union all
    select
        planned.user_id,
        planned.period_start,
        sides.category_code,
        sides.budget_minor,
        0 as spent_minor,
        0 as committed_minor
    from planned
    inner join budget_moves
        on
            planned.user_id = budget_moves.user_id
            and planned.period_start <= budget_moves.moved_on
            and planned.period_end > budget_moves.moved_on
    inner join categories as givers
        on budget_moves.from_category = givers.code and givers.group_code in ('need', 'want', 'saving')
    inner join categories as receivers
        on budget_moves.to_category = receivers.code and receivers.group_code in ('need', 'want', 'saving')
    cross join
        lateral (
            values
            (budget_moves.from_category, -budget_moves.amount_minor),
            (budget_moves.to_category, budget_moves.amount_minor)
        ) as sides (category_code, budget_minor)
    union all
    select
        user_id,
        period_start,
        category_code,
        0 as budget_minor,
        0 as spent_minor,
        amount_minor as committed_minor
    from commitments
    union all
    select
        planned.user_id,
        planned.period_start,
        category_budgets.category_code,
        0 as budget_minor,
        0 as spent_minor,
        0 as committed_minor
    from planned
    inner join category_budgets
        on planned.user_id = category_budgets.user_id and category_budgets.carry <> 'none'
    inner join categories
        on category_budgets.category_code = categories.code and categories.group_code in ('need', 'want', 'saving')
    union all
    -- What underspent days put aside.
    select
        user_id,
        period_start,
        'savings' as category_code,
        0 as budget_minor,
        0 as spent_minor,
        0 as committed_minor
    from planned
    where day_rule = 'save'
),

summed as (
    select
        user_id,
        period_start,
        category_code,
        sum(budget_minor)::bigint as budget_minor,
        sum(spent_minor)::bigint as spent_minor,
        sum(committed_minor)::bigint as committed_minor
    from parts
    group by user_id, period_start, category_code
),

-- What rolls over is a running sum of what was left; where only surplus does, one that starts again from
-- nothing whenever it falls below, which is the sum less its lowest value so far.
rolling as (
    select
        summed.*,
        coalesce(category_budgets.carry, 'none') as carry,
        coalesce(
            sum(summed.budget_minor - summed.spent_minor) over (
                partition by summed.user_id, summed.category_code order by summed.period_start
                rows between unbounded preceding and 1 preceding
            ),
            0
        )::bigint as left_before_minor
    from summed
    left join category_budgets
        on summed.user_id = category_budgets.user_id and summed.category_code = category_budgets.category_code
),

carried as (
    select
        rolling.*,
        case rolling.carry
            when 'both' then rolling.left_before_minor
            when 'surplus'
                then
                    rolling.left_before_minor
                    - min(rolling.left_before_minor) over (
                        partition by rolling.user_id, rolling.category_code order by rolling.period_start
                    )
            else 0
        end as carry_minor
    from rolling
),

seen as (
    select distinct
        user_id,
        period_start
    from history
),

final as (
    select
        carried.user_id,
        carried.period_start,
        planned.period_end,
        planned.plan_start,
        planned.today,
        planned.currency,
        categories.group_code,
        carried.category_code,
        categories.priority,
        categories.is_protected,
        carried.budget_minor,
        -- Nothing has rolled over into a period whose predecessor is still open.
        case when planned.period_start <= planned.today then carried.carry_minor else 0 end as carry_minor,
        carried.committed_minor,
        -- What the category usually takes apart from commitments: of the user's recent periods, or the budget
        -- where there is none yet.
        greatest(
            case
                when history.recent_count > 0 then history.recent_minor / history.recent_count
                when seen.user_id is null then carried.budget_minor
                else 0
            end
            - carried.committed_minor,
            0
        ) as expected_minor,
        case
            -- Its commitments say what is due and when.
            when carried.committed_minor > 0 then null
            when
                {{ clamped_day(month_of('planned.period_start'), 'history.due_day') }} >= planned.period_start
                and {{ clamped_day(month_of('planned.period_start'), 'history.due_day') }} < planned.period_end
                and history.due_day is not null
                then greatest(
                    {{ clamped_day(month_of('planned.period_start'), 'history.due_day') }}, planned.plan_start
                )
            when
                {{ clamped_day(month_of('planned.period_end - 1'), 'history.due_day') }} < planned.period_end
                and {{ clamped_day(month_of('planned.period_end - 1'), 'history.due_day') }} >= planned.plan_start
                and history.due_day is not null
                then {{ clamped_day(month_of('planned.period_end - 1'), 'history.due_day') }}
        end as due_date,
        planned.moves_mode,
        planned.day_rule,
        planned.is_forecast
    from carried
    inner join planned
        on carried.user_id = planned.user_id and carried.period_start = planned.period_start
    inner join categories on carried.category_code = categories.code
    left join history
        on
            carried.user_id = history.user_id
            and carried.period_start = history.period_start
            and carried.category_code = history.category_code
    left join seen
        on carried.user_id = seen.user_id and carried.period_start = seen.period_start
)

select * from final
