select
    -- ids
    user_id,
    transaction_id,
    rule_id,

    -- strings
    category_code,
    category_origin,
    category_reason,
    suggested_code,
    merchant,
    model_name,
    model_version,

    -- numerics
    category_probability,

    -- timestamps
    decided_at
from {{ source('app', 'standing_categories') }}
