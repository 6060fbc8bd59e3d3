select
    -- ids
    user_id,
    account_id,

    -- strings
    account_ref,
    currency,
    kind,
    institution,
    coalesce(given_name, name) as name,  -- noqa: RF04

    -- timestamps
    created_at
from {{ source('app', 'accounts') }}
-- Its files and purchases are told under the account that it was merged into.
where merged_into is null
