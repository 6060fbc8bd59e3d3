select
    -- ids
    user_id,

    -- numerics
    version,

    -- dates
    today,
    -- A build renews every period; the live twins ask for those that overlap [wanted_from, wanted_until).
    null::date as wanted_from,
    null::date as wanted_until
from {{ source('ops', 'build_queue') }}
