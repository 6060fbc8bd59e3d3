select
    -- ids
    user_id,
    move_id,

    -- strings
    from_category,
    to_category,
    note,

    -- numerics
    amount_minor,

    -- dates
    moved_on,

    -- timestamps
    created_at
from {{ source('app', 'budget_moves') }}
