select
    -- ids
    user_id,
    account_id,

    -- strings
    account_ref,
    currency,
    kind,
    institution,
    name,

    -- timestamps
    created_at
from {{ source('app', 'accounts') }}
