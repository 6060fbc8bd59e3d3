select
    -- ids
    user_id,

    -- strings
    method,

    -- numerics
    monthly_income_minor,

    -- timestamps
    updated_at
from {{ source('app', 'budget_settings') }}
