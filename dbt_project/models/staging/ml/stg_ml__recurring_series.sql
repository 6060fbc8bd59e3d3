select
    -- ids
    user_id,
    series_id,
    account_id,

    -- strings
    payee,
    name,
    category_code,
    direction,
    cadence,
    currency,
    status,

    -- numerics
    period_days,
    expected_minor,
    low_minor,
    high_minor,
    yearly_minor,
    price_before_minor,
    spread_days,
    times,
    missed,
    doubled,
    probability,

    -- booleans
    is_fixed,
    is_subscription,
    is_income,

    -- dates
    first_date,
    last_date,
    next_date,
    due_dates,
    price_changed_on
from {{ source('ml', 'recurring_series') }}
