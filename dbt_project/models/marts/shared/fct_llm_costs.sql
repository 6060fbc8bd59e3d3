{{ config(materialized='view') }}

with calls as (
    select * from {{ ref('stg_ops__llm_calls') }}
),

final as (
    select
        date_trunc('month', calls.called_at at time zone 'UTC')::date as month_start,
        calls.purpose,
        calls.model,
        count(*) as calls,
        count(*) filter (where calls.outcome = 'answered') as answered,
        sum(calls.input_tokens)::bigint as input_tokens,
        sum(calls.output_tokens)::bigint as output_tokens,
        sum(calls.cost_micro_usd)::bigint as cost_micro_usd
    from calls
    group by month_start, calls.purpose, calls.model
)

select * from final
