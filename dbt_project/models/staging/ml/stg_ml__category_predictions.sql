select
    -- ids
    user_id,
    transaction_id,

    -- strings
    category_code,
    suggested_code,
    model_name,
    model_version,

    -- numerics
    probability,

    -- timestamps
    predicted_at
from {{ source('ml', 'category_predictions') }}
