select
    -- ids
    user_id,
    link_id,
    source_transaction_id,
    target_transaction_id,

    -- strings
    kind,
    band,
    origin,

    -- numerics
    probability,

    -- timestamps
    decided_at
from {{ source('app', 'transaction_links') }}
