select
    -- ids
    user_id,

    -- strings
    country,
    currency,
    timezone,

    -- timestamps
    created_at
from {{ source('app', 'users') }}
