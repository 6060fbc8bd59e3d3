select
    -- ids
    user_id,

    -- numerics
    version,

    -- timestamps
    changed_at
from {{ source('ops', 'user_versions') }}
