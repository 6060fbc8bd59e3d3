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
-- A tombstone keeps its line from coming back; it is no purchase.
where deleted_at is null
