with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

months as (
    select
        plan_users.user_id,
        month_starts.month_start::date as month_start
    from plan_users
    cross join
        lateral generate_series(
            {{ month_of('plan_users.reads_from') }}::timestamp,
            plan_users.today + interval '70 days',
            interval '1 month'
        ) as month_starts (month_start)
    where plan_users.cycle not in ('weekly', 'fortnightly')
),

starts as (
    select
        plan_users.user_id,
        {{ start_in_month('plan_users', 'months.month_start') }} as period_start
    from plan_users
    inner join months on plan_users.user_id = months.user_id
    union all
    select
        plan_users.user_id,
        {{ clamped_day('months.month_start', 'plan_users.pay_day + 15') }} as period_start
    from plan_users
    inner join months on plan_users.user_id = months.user_id
    where plan_users.cycle = 'semi-monthly'
    union all
    select
        plan_users.user_id,
        {{ period_start_of('plan_users', 'plan_users.reads_from') }} + days.elapsed as period_start
    from plan_users
    cross join
        lateral generate_series(
            0, plan_users.today - plan_users.reads_from + 42, {{ cycle_days('plan_users') }}
        ) as days (elapsed)
    where plan_users.cycle in ('weekly', 'fortnightly')
),

numbered as (
    select
        user_id,
        period_start,
        lead(period_start) over in_order as period_end,
        lag(period_start) over in_order as previous_start,
        row_number() over in_order as period_number
    from starts
    window in_order as (partition by user_id order by period_start)
),

of_users as (
    select
        plan_users.*,
        numbered.period_start,
        numbered.period_end,
        numbered.period_number,
        max(numbered.period_number) filter (where numbered.period_start = plan_users.current_period_start)
            over (partition by plan_users.user_id) as current_number,
        case plan_users.cycle when 'weekly' then 13 when 'monthly' then 3 when 'last-working-day' then 3 else 6 end
            as recent_periods
    from plan_users
    inner join numbered on plan_users.user_id = numbered.user_id
    where
        numbered.period_start = plan_users.current_period_start
        or numbered.period_start < plan_users.current_period_start
        or numbered.previous_start = plan_users.current_period_start
),

final as (
    select
        user_id,
        period_start,
        period_end,
        -- Who joins in mid-period gets a plan for what is left of it.
        case
            when seen_from - 6 > period_start and seen_from < period_end then seen_from else period_start
        end as plan_start,
        period_number,
        -- A coming period is planned from the periods that are complete today.
        least(period_number, current_number) as basis_number,
        recent_periods,
        4 * recent_periods as long_periods,
        coalesce(period_start >= complete_from, false) as is_complete,
        period_end > reckoned_from
        and (wanted_until is null or (period_start < wanted_until and (has_carry or period_end > wanted_from)))
            as is_planned,
        period_end <= today as is_closed,
        today,
        currency,
        method,
        monthly_income_minor,
        cycle,
        moves_mode,
        day_rule,
        is_forecast
    from of_users
)

select * from final
