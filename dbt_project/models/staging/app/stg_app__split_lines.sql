select
    -- ids
    user_id,
    transaction_id,
    line_number,

    -- strings
    category_code,
    note,

    -- numerics
    amount_minor,

    -- timestamps
    decided_at
from {{ source('app', 'parts') }}
