select
    -- ids
    user_id,
    transaction_id,

    -- strings
    category_code,

    -- timestamps
    decided_at
from {{ source('app', 'decided_categories') }}
