select
    -- ids
    call_id,

    -- strings
    purpose,
    model,
    outcome,

    -- numerics
    input_tokens,
    output_tokens,
    cost_micro_usd,

    -- timestamps
    called_at
from {{ source('ops', 'llm_calls') }}
