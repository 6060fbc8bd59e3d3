select
    -- ids
    user_id,
    series_id,

    -- strings
    word,

    -- timestamps
    decided_at
from {{ source('app', 'recurring_words') }}
