select
    -- ids
    user_id,

    -- strings
    category_code,
    carry,

    -- numerics
    allotted_minor,
    share_bp,

    -- timestamps
    updated_at
from {{ source('app', 'category_budgets') }}
