with periods as (
    select * from {{ ref('int_plan_periods') }}
),

profiles as (
    select * from {{ ref('stg_ml__spending_profiles') }}
),

-- A day weighs by its weekday, its day of the month and its month; no day weighs nothing.
days as (
    select
        periods.user_id,
        periods.period_start,
        profiles.category_code,
        later.days,
        greatest(profiles.weekday_weights[extract(isodow from periods.period_start + later.days)::integer], 1)::bigint
        * greatest(profiles.day_weights[extract(day from periods.period_start + later.days)::integer], 1)
        * greatest(profiles.season_weights[extract(month from periods.period_start + later.days)::integer], 1)
            as weight
    from periods
    inner join profiles on periods.user_id = profiles.user_id
    cross join lateral generate_series(0, periods.period_end - periods.period_start - 1) as later (days)
    where periods.is_planned
),

running as (
    select
        days.*,
        sum(days.weight) over (partition by days.user_id, days.period_start, days.category_code order by days)::bigint
            as weight_until
    from days
),

-- The n-th is what the days before the period's n-th weigh together, the last one what all do.
final as (
    select
        user_id,
        period_start,
        category_code,
        array_prepend(0::bigint, array_agg(weight_until order by days)) as weights_until
    from running
    group by user_id, period_start, category_code
)

select * from final
