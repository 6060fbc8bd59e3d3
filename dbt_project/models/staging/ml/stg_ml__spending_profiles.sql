select
    -- ids
    user_id,

    -- strings
    category_code,

    -- numerics
    weekday_weights,
    day_weights,
    season_weights,

    -- dates
    learned_on
from {{ source('ml', 'spending_profiles') }}
