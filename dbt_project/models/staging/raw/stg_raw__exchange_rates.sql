select
    -- strings
    currency,
    source,

    -- numerics
    units_per_euro,

    -- dates
    rate_date,

    -- timestamps
    loaded_at
from {{ source('raw', 'exchange_rates') }}
