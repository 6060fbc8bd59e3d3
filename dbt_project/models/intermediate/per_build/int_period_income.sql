{{ config(pre_hook=plan_by_hashing()) }}

with periods as (
    select * from {{ ref('int_plan_periods') }}
),

daily_amounts as (
    select * from {{ ref('int_daily_amounts') }}
),

by_period as (
    select
        user_id,
        period_start,
        sum(amount_minor)::bigint as income_minor
    from daily_amounts
    where group_code = 'income'
    group by user_id, period_start
),

earned as (
    select
        periods.user_id,
        periods.period_number,
        periods.is_complete,
        by_period.income_minor
    from periods
    left join by_period
        on periods.user_id = by_period.user_id and periods.period_start = by_period.period_start
),

-- The lower of two middle periods, so that the plan stands on income that there has been.
usual as (
    select
        periods.user_id,
        periods.period_start,
        percentile_disc(0.5) within group (order by coalesce(earned.income_minor, 0)) as income_minor
    from periods
    inner join earned
        on
            periods.user_id = earned.user_id
            and earned.period_number between periods.basis_number - periods.recent_periods
            and periods.basis_number - 1
    where periods.is_planned and earned.is_complete
    group by periods.user_id, periods.period_start
),

so_far as (
    select
        periods.user_id,
        periods.period_start,
        max(earned.income_minor) as income_minor
    from periods
    inner join earned
        on periods.user_id = earned.user_id and periods.period_number >= earned.period_number
    where periods.is_planned
    group by periods.user_id, periods.period_start
),

whole as (
    select
        periods.user_id,
        periods.period_start,
        periods.period_end,
        periods.plan_start,
        greatest(
            coalesce(
                div(
                    periods.monthly_income_minor::numeric * 12,
                    case periods.cycle
                        when 'weekly' then 52 when 'fortnightly' then 26 when 'semi-monthly' then 24 else 12
                    end
                )::bigint,
                usual.income_minor,
                so_far.income_minor,
                0
            ),
            0
        ) as income_minor,
        case
            when periods.monthly_income_minor is not null then 'set'
            when usual.user_id is not null then 'usual'
            when so_far.income_minor is not null then 'so_far'
            else 'none'
        end as income_origin
    from periods
    left join usual
        on periods.user_id = usual.user_id and periods.period_start = usual.period_start
    left join so_far
        on periods.user_id = so_far.user_id and periods.period_start = so_far.period_start
    where periods.is_planned
),

final as (
    select
        user_id,
        period_start,
        -- Of a period joined half-way, the part that is left.
        div(income_minor::numeric * (period_end - plan_start), (period_end - period_start))::bigint as income_minor,
        income_origin
    from whole
)

select * from final
