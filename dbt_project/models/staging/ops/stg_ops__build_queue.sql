select
    -- ids
    user_id,

    -- numerics
    version,

    -- dates
    today
from {{ source('ops', 'build_queue') }}
