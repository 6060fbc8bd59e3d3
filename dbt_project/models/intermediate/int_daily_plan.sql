with budgets as (
    select * from {{ ref('int_category_budgets') }}
),

daily_spending as (
    select * from {{ ref('int_daily_spending') }}
),

-- The days on which a category's spending changes, and the first of the period.
changes as (
    select
        user_id,
        period_start,
        category_code,
        spent_date as change_date,
        spent_minor
    from daily_spending
    union all
    select
        user_id,
        period_start,
        category_code,
        period_start as change_date,
        0 as spent_minor
    from budgets
),

changed_days as (
    select
        user_id,
        period_start,
        category_code,
        change_date,
        sum(spent_minor)::bigint as spent_minor
    from changes
    group by user_id, period_start, category_code, change_date
),

-- Between two such days nothing changes but how many days are left. What is spent today or later is not
-- yet behind the plan of today.
stretches as (
    select
        budgets.*,
        changed_days.change_date,
        changed_days.spent_minor,
        case when changed_days.change_date < budgets.today then changed_days.spent_minor else 0 end
            as spent_and_past_minor,
        (
            coalesce(
                sum(case when changed_days.change_date < budgets.today then changed_days.spent_minor else 0 end)
                    over (in_order rows between unbounded preceding and 1 preceding),
                0
            )
        )::bigint as spent_before_minor,
        coalesce(lead(changed_days.change_date) over in_order, budgets.period_end) as next_change_date
    from budgets
    inner join changed_days
        on
            budgets.user_id = changed_days.user_id
            and budgets.period_start = changed_days.period_start
            and budgets.category_code = changed_days.category_code
    window in_order as (
        partition by budgets.user_id, budgets.period_start, budgets.category_code
        order by changed_days.change_date
    )
),

days as (
    select
        stretches.user_id,
        stretches.period_start,
        stretches.period_end,
        stretches.change_date + later.days as plan_date,
        stretches.category_code,
        stretches.group_code,
        stretches.budget_minor,
        stretches.due_date,
        stretches.currency,
        case when later.days = 0 then stretches.spent_minor else 0 end as spent_minor,
        stretches.spent_before_minor + case when later.days > 0 then stretches.spent_and_past_minor else 0 end
            as spent_before_minor,
        -- A day that has come shows the plan that it opened with, a day ahead the plan of today.
        least(stretches.change_date + later.days, greatest(stretches.today, stretches.period_start))
            as opened_on
    from stretches
    cross join lateral generate_series(0, stretches.next_change_date - stretches.change_date - 1) as later (days)
),

-- Carry-over comes in here with a plus, commitments with a minus.
available as (
    select
        days.*,
        days.budget_minor - days.spent_before_minor as available_minor
    from days
),

final as (
    select
        user_id,
        period_start,
        period_end,
        plan_date,
        category_code,
        group_code,
        budget_minor,
        spent_before_minor,
        available_minor,
        case
            when available_minor <= 0 then 0
            when due_date is null or spent_before_minor > 0
                then {{ equal_share('available_minor', '(period_end - opened_on)', '(plan_date - opened_on)') }}
            -- A bill is due whole on its day, and until it is paid on the day that opens.
            when plan_date = greatest(due_date, opened_on) then available_minor
            else 0
        end as planned_minor,
        spent_minor,
        currency
    from available
)

select * from final
