{{ config(pre_hook=create_capped_safe_to_spend(), indexes=[{'columns': ['user_id'], 'unique': True}]) }}

-- The balance that is left with nine chances in ten, at its lowest before money comes in again: nobody who
-- spends that much today runs dry before payday.
with forecast_days as (
    select * from {{ ref('stg_ml__forecast_days') }}
),

users as (
    select * from {{ ref('stg_app__users') }}
),

spendable_days as (
    select * from {{ ref('fct_spendable_days') }}
),

daily_totals as (
    select * from {{ ref('fct_daily_totals') }}
),

series as (
    select * from {{ ref('stg_ml__recurring_series') }}
),

words as (
    select * from {{ ref('stg_app__recurring_words') }}
),

today as (
    select
        users.user_id,
        (now() at time zone users.timezone)::date as as_of
    from users
),

half_years as (
    select
        today.user_id,
        sum(spendable_days.income_minor) as income_minor
    from today
    inner join spendable_days
        on
            today.user_id = spendable_days.user_id
            and today.as_of >= spendable_days.cash_date
            and today.as_of - 183 < spendable_days.cash_date
    group by today.user_id
),

-- Days on which income of the usual size came, of half a year: small interest is no payday.
incomes as (
    select
        today.user_id,
        today.as_of,
        spendable_days.cash_date,
        spendable_days.cash_date - lag(spendable_days.cash_date) over (
            partition by today.user_id order by spendable_days.cash_date
        ) as gap
    from today
    inner join spendable_days
        on
            today.user_id = spendable_days.user_id
            and today.as_of >= spendable_days.cash_date
            and today.as_of - 183 < spendable_days.cash_date
    inner join half_years on today.user_id = half_years.user_id
    where spendable_days.income_minor * 20 >= half_years.income_minor
),

rhythms as (
    select
        user_id,
        max(cash_date) as last_income_date,
        round(percentile_cont(0.5) within group (order by gap))::integer as usual_gap
    from incomes
    group by user_id
),

-- Pay that was found to come again knows its days better.
known as (
    select
        today.user_id,
        min(due.due_date) as next_date
    from today
    inner join half_years on today.user_id = half_years.user_id
    inner join series on today.user_id = series.user_id
    left join words on series.user_id = words.user_id and series.series_id = words.series_id
    cross join lateral unnest(series.due_dates) as due (due_date)
    where
        series.is_income and series.status <> 'ended' and words.word is distinct from 'rejected'
        and series.expected_minor * 20 >= half_years.income_minor
        and due.due_date > today.as_of
    group by today.user_id
),

-- Of somebody whose income shows no rhythm the next four weeks are looked at.
paydays as (
    select
        today.user_id,
        today.as_of,
        coalesce(
            known.next_date,
            greatest(rhythms.last_income_date + rhythms.usual_gap, today.as_of + 1),
            today.as_of + 28
        ) as next_income_date,
        coalesce(known.next_date is not null or rhythms.usual_gap is not null, false) as is_income_expected
    from today
    left join rhythms on today.user_id = rhythms.user_id
    left join known on today.user_id = known.user_id
),

lowest as (
    select
        paydays.user_id,
        paydays.as_of,
        paydays.next_income_date,
        paydays.is_income_expected,
        min(forecast_days.balance_p10_minor) as lowest_p10_minor,
        min(forecast_days.balance_p50_minor) as lowest_p50_minor,
        max(forecast_days.currency) as currency
    from paydays
    inner join forecast_days
        on
            paydays.user_id = forecast_days.user_id
            and paydays.as_of <= forecast_days.forecast_date
            and paydays.next_income_date > forecast_days.forecast_date
    where forecast_days.balance_p10_minor is not null
    group by paydays.user_id, paydays.as_of, paydays.next_income_date, paydays.is_income_expected
),

final as (
    select
        lowest.user_id,
        lowest.as_of,
        lowest.next_income_date,
        lowest.is_income_expected,
        lowest.lowest_p10_minor,
        lowest.lowest_p50_minor,
        greatest(lowest.lowest_p10_minor, 0) as cap_minor,
        daily_totals.safe_to_spend_minor as planned_safe_minor,
        daily_totals.spent_minor as spent_then_minor,
        -- Somebody without a plan may spend what the forecast bears.
        coalesce(
            {{ capped_safe_to_spend(
                'daily_totals.safe_to_spend_minor',
                'daily_totals.spent_minor',
                'greatest(lowest.lowest_p10_minor, 0)',
                'daily_totals.spent_minor',
            ) }},
            greatest(lowest.lowest_p10_minor, 0)
        )::bigint as safe_to_spend_minor,
        case
            when lowest.lowest_p10_minor >= 0 then 'yes'
            when lowest.lowest_p50_minor >= 0 then 'probably'
            else 'unlikely'
        end as reaches_payday,
        lowest.currency
    from lowest
    left join daily_totals
        on lowest.user_id = daily_totals.user_id and lowest.as_of = daily_totals.plan_date
)

select * from final
