select
    -- ids
    user_id,
    commitment_id,
    transaction_id,

    -- strings
    category_code,
    kind,
    name,

    -- numerics
    amount_minor,

    -- dates
    due_date,

    -- timestamps
    created_at
from {{ source('app', 'due_commitments') }}
