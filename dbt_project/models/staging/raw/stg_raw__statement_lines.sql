select
    -- ids
    user_id,
    batch_id,
    line_number,

    -- strings
    account_ref,
    currency,
    status,

    -- numerics
    amount_minor,

    -- dates
    booked_date
from {{ source('raw', 'statement_lines') }}
