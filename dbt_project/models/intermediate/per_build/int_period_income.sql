{{ config(pre_hook=plan_by_hashing()) }}

with periods as (
    select * from {{ ref('int_plan_periods') }}
),

monthly_income as (
    select * from {{ ref('int_monthly_income') }}
),

complete_months as (
    select
        periods.user_id,
        periods.period_start,
        {{ add_months('periods.basis_month', '-back.months') }} as month_start
    from periods
    cross join generate_series(1, 3) as back (months)
    where {{ add_months('periods.basis_month', '-back.months') }} >= periods.first_complete_month
),

-- The lower of two middle months, so that the plan stands on income that there has been.
usual as (
    select
        complete_months.user_id,
        complete_months.period_start,
        percentile_disc(0.5) within group (order by coalesce(monthly_income.income_minor, 0))
            as income_minor
    from complete_months
    left join monthly_income
        on
            complete_months.user_id = monthly_income.user_id
            and complete_months.month_start = monthly_income.month_start
    group by complete_months.user_id, complete_months.period_start
),

so_far as (
    select
        periods.user_id,
        periods.period_start,
        max(monthly_income.income_minor) as income_minor
    from periods
    inner join monthly_income
        on periods.user_id = monthly_income.user_id and periods.period_start >= monthly_income.month_start
    where periods.basis_month <= periods.first_complete_month
    group by periods.user_id, periods.period_start
),

final as (
    select
        periods.user_id,
        periods.period_start,
        periods.method,
        greatest(
            coalesce(periods.monthly_income_minor, usual.income_minor, so_far.income_minor, 0), 0
        ) as income_minor,
        case
            when periods.monthly_income_minor is not null then 'set'
            when usual.user_id is not null then 'usual'
            when so_far.user_id is not null then 'so_far'
            else 'none'
        end as income_origin
    from periods
    left join usual
        on periods.user_id = usual.user_id and periods.period_start = usual.period_start
    left join so_far
        on periods.user_id = so_far.user_id and periods.period_start = so_far.period_start
)

select * from final
