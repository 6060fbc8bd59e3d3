with periods as (
    select * from {{ ref('int_plan_periods') }}
),

daily_spending as (
    select * from {{ ref('int_daily_spending') }}
),

categories as (
    select * from {{ ref('categories') }}
),

by_period as (
    select
        daily_spending.user_id,
        daily_spending.category_code,
        daily_spending.period_start,
        periods.period_number,
        sum(daily_spending.spent_minor)::bigint as spent_minor,
        array_agg(extract(day from daily_spending.spent_date)::integer) filter (where daily_spending.spent_minor > 0)
            as paid_days
    from daily_spending
    inner join periods
        on daily_spending.user_id = periods.user_id and daily_spending.period_start = periods.period_start
    where periods.is_complete
    group by
        daily_spending.user_id,
        daily_spending.category_code,
        daily_spending.period_start,
        periods.period_number
),

-- How many complete periods each period can look back on.
seen as (
    select
        periods.user_id,
        periods.period_start,
        count(*)::integer as long_count,
        (count(*) filter (where earlier.period_number >= periods.basis_number - periods.recent_periods))::integer
            as recent_count
    from periods
    inner join periods as earlier
        on
            periods.user_id = earlier.user_id
            and earlier.period_number between periods.basis_number - periods.long_periods
            and periods.basis_number - 1
    where periods.is_planned and earlier.is_complete
    group by periods.user_id, periods.period_start
),

looked_back as (
    select
        periods.user_id,
        periods.period_start,
        periods.method,
        by_period.category_code,
        coalesce(
            sum(by_period.spent_minor)
            filter (where by_period.period_number >= periods.basis_number - periods.recent_periods),
            0
        )::bigint as recent_minor,
        coalesce(
            sum(by_period.spent_minor) filter (where by_period.period_number = periods.basis_number - 1), 0
        )::bigint as last_minor,
        max(by_period.spent_minor) > 0 as is_known,
        array_agg(by_period.spent_minor order by by_period.spent_minor) as spent_minors,
        string_agg(array_to_string(by_period.paid_days, ','), ',')
        filter (
            where by_period.period_number >= periods.basis_number - periods.recent_periods
            and by_period.paid_days is not null
        )
            as recent_paid_days
    from periods
    inner join by_period
        on
            periods.user_id = by_period.user_id
            and by_period.period_number between periods.basis_number - periods.long_periods
            and periods.basis_number - 1
    where periods.is_planned
    group by periods.user_id, periods.period_start, periods.method, by_period.category_code
),

final as (
    select
        looked_back.user_id,
        looked_back.period_start,
        looked_back.category_code,
        greatest(looked_back.recent_minor, 0) as recent_minor,
        greatest(looked_back.last_minor, 0) as last_minor,
        looked_back.is_known,
        seen.recent_count,
        -- The lower median over all complete periods of the long look-back, those without spending being 0;
        -- only the learned method asks for it.
        greatest(median.spent_minor, 0) as median_minor,
        due.due_day
    from looked_back
    inner join seen
        on looked_back.user_id = seen.user_id and looked_back.period_start = seen.period_start
    inner join categories on looked_back.category_code = categories.code
    cross join
        lateral (
            select percentile_disc(0.5) within group (order by whole.spent_minor)::bigint as spent_minor
            from (
                select unnest(looked_back.spent_minors) as spent_minor
                union all
                select 0 from generate_series(1, seen.long_count - cardinality(looked_back.spent_minors))
            ) as whole
            where looked_back.method = 'learned'
        ) as median
    cross join lateral (
        select percentile_disc(0.5) within group (order by paid.paid_day)::integer as due_day
        from unnest(string_to_array(looked_back.recent_paid_days, ',')::integer[]) as paid (paid_day)
        where categories.pattern = 'fixed'
    ) as due
)

select * from final
