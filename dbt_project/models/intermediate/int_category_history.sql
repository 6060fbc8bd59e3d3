with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

periods as (
    select * from {{ ref('int_plan_periods') }}
),

daily_spending as (
    select * from {{ ref('int_daily_spending') }}
),

categories as (
    select * from {{ ref('categories') }}
),

in_complete_months as (
    select daily_spending.*
    from daily_spending
    inner join plan_users on daily_spending.user_id = plan_users.user_id
    where daily_spending.spent_date >= plan_users.first_complete_month
),

monthly as (
    select
        user_id,
        category_code,
        period_start as month_start,
        sum(spent_minor) as spent_minor
    from in_complete_months
    group by user_id, category_code, period_start
),

basis_months as (
    select distinct
        user_id,
        basis_month
    from periods
),

used as (
    select distinct
        user_id,
        category_code
    from monthly
),

-- A row at every month that is looked back from, so that the windows below have one there.
timeline as (
    select
        user_id,
        category_code,
        month_start,
        spent_minor,
        false as is_basis
    from monthly
    union all
    select
        used.user_id,
        used.category_code,
        basis_months.basis_month,
        0 as spent_minor,
        true as is_basis
    from used
    inner join basis_months on used.user_id = basis_months.user_id
),

looked_back as (
    select
        user_id,
        category_code,
        month_start as basis_month,
        is_basis,
        sum(spent_minor) over (
            partition by user_id, category_code order by month_start
            range between interval '3 months' preceding and interval '1 month' preceding
        ) as recent_minor,
        max(spent_minor) over (
            partition by user_id, category_code order by month_start
            range between interval '12 months' preceding and interval '1 month' preceding
        ) as highest_minor
    from timeline
),

-- A payment tells the due day of the three months that follow it.
due_days as (
    select
        in_complete_months.user_id,
        in_complete_months.category_code,
        {{ add_months('in_complete_months.period_start', 'ahead.months') }} as basis_month,
        percentile_disc(0.5) within group (order by extract(day from in_complete_months.spent_date))::integer
            as due_day
    from in_complete_months
    inner join categories on in_complete_months.category_code = categories.code
    cross join generate_series(1, 3) as ahead (months)
    where categories.pattern = 'fixed' and in_complete_months.spent_minor > 0
    group by
        in_complete_months.user_id,
        in_complete_months.category_code,
        {{ add_months('in_complete_months.period_start', 'ahead.months') }}
),

final as (
    select
        periods.user_id,
        periods.period_start,
        looked_back.category_code,
        greatest(coalesce(looked_back.recent_minor, 0), 0)::bigint as recent_minor,
        coalesce(looked_back.highest_minor > 0, false) as is_known,
        due_days.due_day
    from periods
    inner join looked_back
        on
            periods.user_id = looked_back.user_id
            and periods.basis_month = looked_back.basis_month
            and looked_back.is_basis
    left join due_days
        on
            looked_back.user_id = due_days.user_id
            and looked_back.category_code = due_days.category_code
            and looked_back.basis_month = due_days.basis_month
)

select * from final
