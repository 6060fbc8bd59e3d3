select
    -- strings
    cohort,
    measure,

    -- numerics
    people,
    p25,
    p50,
    p75,

    -- dates
    month
from {{ source('ml', 'cohort_releases') }}
