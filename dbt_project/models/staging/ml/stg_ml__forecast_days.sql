select
    -- ids
    user_id,

    -- strings
    currency,
    model_version,

    -- numerics
    spent_p10_minor,
    spent_p50_minor,
    spent_p90_minor,
    spent_until_p10_minor,
    spent_until_p50_minor,
    spent_until_p90_minor,
    balance_p10_minor,
    balance_p50_minor,
    balance_p90_minor,

    -- dates
    forecast_date,
    known_until
from {{ source('ml', 'forecast_days') }}
