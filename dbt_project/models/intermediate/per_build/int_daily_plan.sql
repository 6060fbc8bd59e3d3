{{ config(pre_hook=plan_by_hashing(), unlogged=true) }}

with redistribution as (
    select * from {{ ref('int_redistribution') }}
),

commitments as (
    select * from {{ ref('int_commitments') }}
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
        redistribution.*,
        redistribution.available_minor + redistribution.moved_minor as left_minor,
        coalesce(due.due_minor, 0) as due_minor,
        redistribution.period_end - redistribution.plan_start as days_in_plan
    from redistribution
    left join due
        on
            redistribution.user_id = due.user_id
            and redistribution.plan_date = due.plan_date
            and redistribution.category_code = due.category_code
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
                    {{ carried_until('plan_date - plan_start + 1', 'weight_after_day') }}
                    - case
                        when
                            shifted.plan_date > shifted.opened_on
                            then {{ carried_until('plan_date - plan_start', 'weight_at_day') }} else
                            0
                    end
            when shifted.weight_at_end is null
                then {{ equal_share('left_minor', '(period_end - opened_on)', '(plan_date - opened_on)') }}
            else
                {{ weighted_until('left_minor', 'weight_at_opening', 'weight_after_day', 'weight_at_end') }}
                - {{ weighted_until('left_minor', 'weight_at_opening', 'weight_at_day', 'weight_at_end') }}
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
    -- A closed day on which nothing was planned, spent or missing says nothing.
    where not is_closed or due_minor + flexible_planned_minor > 0 or spent_minor <> 0 or left_minor < 0
)

select * from final
