{{ config(indexes=[{'columns': ['user_id', 'series_id'], 'unique': True}]) }}

with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

series as (
    select * from {{ ref('stg_ml__recurring_series') }}
),

words as (
    select * from {{ ref('stg_app__recurring_words') }}
),

final as (
    select
        series.user_id,
        series.series_id,
        series.account_id,
        series.name,
        series.category_code,
        series.direction,
        series.cadence,
        series.currency,
        series.is_fixed,
        series.expected_minor,
        series.low_minor,
        series.high_minor,
        series.yearly_minor,
        series.price_before_minor,
        series.price_changed_on,
        series.first_date,
        series.last_date,
        series.next_date,
        series.spread_days,
        series.times,
        series.missed,
        series.doubled,
        case when words.word = 'rejected' then 'rejected' else series.status end as status,
        series.is_subscription,
        series.is_income,
        series.probability,
        coalesce(words.word = 'confirmed', false) as is_confirmed
    from plan_users
    inner join series on plan_users.user_id = series.user_id
    left join words on series.user_id = words.user_id and series.series_id = words.series_id
)

select * from final
