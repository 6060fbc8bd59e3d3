{{ config(indexes=[{'columns': ['user_id', 'forecast_date'], 'unique': True}]) }}

with forecast_days as (
    select * from {{ ref('stg_ml__forecast_days') }}
),

final as (
    select
        forecast_days.*,
        forecast_days.forecast_date - forecast_days.known_until as days_ahead
    from forecast_days
)

select * from final
