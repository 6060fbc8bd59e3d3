with available_days as (
    select * from {{ ref('int_available_days') }}
),

shifts as (
    select * from {{ ref('int_plan_shifts') }}
),

commitments as (
    select * from {{ ref('int_commitments') }}
),

applied as (
    select
        user_id,
        moved_on,
        category_code,
        sum(change_minor)::bigint as moved_minor
    from shifts
    where is_applied
    group by user_id, moved_on, category_code
),

-- A commitment is planned on its day, and until it is paid on each day that opens.
due as (
    select
        commitments.user_id,
        commitments.category_code,
        commitments.due_date + late.days as plan_date,
        sum(commitments.amount_minor)::bigint as due_minor
    from commitments
    cross join
        lateral generate_series(
            0, greatest(commitments.last_opening - commitments.due_date, 0)
        ) as late (days)
    where
        commitments.paid_on is null
        or commitments.paid_on >= least(commitments.due_date + late.days, commitments.last_opening)
    group by commitments.user_id, commitments.category_code, commitments.due_date + late.days
),

shifted as (
    select
        available_days.*,
        coalesce(applied.moved_minor, 0) as moved_minor,
        available_days.available_minor + coalesce(applied.moved_minor, 0) as left_minor,
        coalesce(due.due_minor, 0) as due_minor,
        available_days.spent_before_minor - available_days.paid_before_minor as flexible_minor,
        available_days.period_end - available_days.plan_start as days_in_plan
    from available_days
    left join applied
        on
            available_days.user_id = applied.user_id
            and available_days.opened_on = applied.moved_on
            and available_days.category_code = applied.category_code
    left join due
        on
            available_days.user_id = due.user_id
            and available_days.plan_date = due.plan_date
            and available_days.category_code = due.category_code
),

spread as (
    select
        shifted.*,
        case
            when shifted.left_minor <= 0 then 0
            -- A bill is due whole on its day, and until it is paid on the day that opens.
            when
                shifted.is_bill_due
                then
                    case
                        when
                            shifted.plan_date = greatest(shifted.due_date, shifted.opened_on)
                            then shifted.left_minor
                        else 0
                    end
            -- What a day leaves over or takes too much is the next day's.
            when shifted.day_rule = 'carry'
                then
                    {{ carried_until('plan_date - plan_start + 1') }}
                    - case
                        when
                            shifted.plan_date > shifted.opened_on
                            then {{ carried_until('plan_date - plan_start') }} else
                            0
                    end
            else {{ equal_share('left_minor', '(period_end - opened_on)', '(plan_date - opened_on)') }}
        end as flexible_planned_minor
    from shifted
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
        carry_minor,
        spent_before_minor,
        available_minor,
        moved_minor,
        greatest(-left_minor, 0) as uncovered_minor,
        due_minor + case when is_bill_due then flexible_planned_minor else 0 end as committed_minor,
        due_minor + flexible_planned_minor as planned_minor,
        spent_minor,
        {{ plan_status('(due_minor + flexible_planned_minor)', 'spent_minor') }} as status,
        currency
    from spread
)

select * from final
