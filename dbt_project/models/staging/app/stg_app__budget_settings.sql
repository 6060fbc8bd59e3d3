select
    -- ids
    user_id,

    -- strings
    method,
    cycle,
    moves_mode,
    day_rule,

    -- numerics
    monthly_income_minor,
    pay_day,

    -- booleans
    is_forecast,

    -- dates
    cycle_anchor,

    -- timestamps
    updated_at
from {{ source('app', 'budget_settings') }}
