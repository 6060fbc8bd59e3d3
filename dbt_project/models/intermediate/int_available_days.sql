with budgets as (
    select * from {{ ref('int_category_budgets') }}
),

daily_spending as (
    select * from {{ ref('int_daily_spending') }}
),

commitments as (
    select * from {{ ref('int_commitments') }}
),

day_weights as (
    select * from {{ ref('int_day_weights') }}
),

-- The days on which a category's money changes, and the first of the period. What is spent or paid today or
-- later is not yet behind the plan of today.
changes as (
    select
        user_id,
        period_start,
        category_code,
        spent_date as change_date,
        spent_minor,
        0 as paid_minor
    from daily_spending
    union all
    select
        user_id,
        period_start,
        category_code,
        period_start as change_date,
        0 as spent_minor,
        0 as paid_minor
    from budgets
    union all
    select
        user_id,
        period_start,
        category_code,
        paid_on as change_date,
        0 as spent_minor,
        amount_minor as paid_minor
    from commitments
    where paid_on < period_end
),

changed_days as (
    select
        user_id,
        period_start,
        category_code,
        change_date,
        sum(spent_minor)::bigint as spent_minor,
        sum(paid_minor)::bigint as paid_minor
    from changes
    group by user_id, period_start, category_code, change_date
),

-- Between two such days nothing changes but how many days are left.
stretches as (
    select
        budgets.*,
        changed_days.change_date,
        changed_days.spent_minor,
        case when changed_days.change_date < budgets.today then changed_days.spent_minor else 0 end
            as spent_and_past_minor,
        changed_days.paid_minor,
        coalesce(
            sum(case when changed_days.change_date < budgets.today then changed_days.spent_minor else 0 end)
                over (in_order rows between unbounded preceding and 1 preceding),
            0
        )::bigint as spent_before_minor,
        coalesce(
            sum(changed_days.paid_minor) over (in_order rows between unbounded preceding and 1 preceding), 0
        )::bigint as paid_before_minor,
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
        stretches.plan_start,
        stretches.change_date + later.days as plan_date,
        -- A day that has come shows the plan that it opened with, a day ahead the plan of today.
        least(stretches.change_date + later.days, greatest(stretches.today, stretches.plan_start)) as opened_on,
        stretches.category_code,
        stretches.group_code,
        stretches.priority,
        stretches.is_protected,
        stretches.budget_minor,
        stretches.carry_minor,
        stretches.committed_minor,
        stretches.expected_minor,
        stretches.due_date,
        stretches.moves_mode,
        stretches.day_rule,
        stretches.is_forecast,
        stretches.currency,
        stretches.period_end <= stretches.today as is_closed,
        day_weights.weights_until[1 + stretches.plan_start - stretches.period_start] as weight_at_start,
        day_weights.weights_until[
            1 + least(stretches.change_date + later.days, greatest(stretches.today, stretches.plan_start))
            - stretches.period_start
        ] as weight_at_opening,
        day_weights.weights_until[1 + stretches.change_date + later.days - stretches.period_start] as weight_at_day,
        day_weights.weights_until[2 + stretches.change_date + later.days - stretches.period_start]
            as weight_after_day,
        day_weights.weights_until[1 + stretches.period_end - stretches.period_start] as weight_at_end,
        case when later.days = 0 then stretches.spent_minor else 0 end as spent_minor,
        stretches.spent_before_minor + case when later.days > 0 then stretches.spent_and_past_minor else 0 end
            as spent_before_minor,
        stretches.paid_before_minor + case when later.days > 0 then stretches.paid_minor else 0 end
            as paid_before_minor
    from stretches
    left join day_weights
        on
            stretches.user_id = day_weights.user_id
            and stretches.period_start = day_weights.period_start
            and stretches.category_code = day_weights.category_code
    cross join lateral generate_series(0, stretches.next_change_date - stretches.change_date - 1) as later (days)
),

available as (
    select
        days.*,
        days.budget_minor
        + days.carry_minor
        - days.spent_before_minor
        - (days.committed_minor - days.paid_before_minor) as available_minor,
        -- A bill is needed whole until it is paid; the rest in proportion to the days that are left, or to
        -- what they weigh where that was learned.
        case
            when days.due_date is not null and days.spent_before_minor > 0 then 0
            when days.due_date is not null then days.expected_minor
            when days.weight_at_end is null
                then
                    days.expected_minor
                    * (days.period_end - days.opened_on)
                    / (days.period_end - days.period_start)
            else
                div(
                    days.expected_minor::numeric * (days.weight_at_end - days.weight_at_opening), days.weight_at_end
                )::bigint
        end as need_minor,
        days.due_date is not null and days.spent_before_minor <= 0 as is_bill_due
    from days
    where days.plan_date >= days.plan_start
),

final as (
    select
        available.*,
        greatest(case when available.is_forecast then available.need_minor else 0 end - available.available_minor, 0)
            as deficit_minor,
        greatest(available.available_minor - available.need_minor, 0) as surplus_minor,
        case
            when available.is_protected then 0 else greatest(least(available.available_minor, available.need_minor), 0)
        end as reserve_minor
    from available
)

select * from final
