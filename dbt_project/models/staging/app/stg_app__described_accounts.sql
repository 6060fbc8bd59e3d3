select
    -- ids
    user_id,
    batch_id,
    account_id,

    -- strings
    account_ref,
    currency,

    -- numerics
    opening_balance_minor,
    closing_balance_minor
from {{ source('app', 'described_accounts') }}
