select
    -- ids
    user_id,
    transaction_id,
    account_id,

    -- strings
    currency,
    status,
    description,
    counterparty,
    bank_kind,
    mcc,

    -- numerics
    amount_minor,

    -- dates
    booked_date,
    spent_date,

    -- timestamps
    created_at,
    updated_at
from {{ source('app', 'transactions') }}
-- A pending line that was never posted is money that did not move; what the user deleted is no purchase.
where status <> 'expired' and deleted_at is null
