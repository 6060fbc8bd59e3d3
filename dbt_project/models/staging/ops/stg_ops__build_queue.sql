with source as (
    select * from {{ source('ops', 'build_queue') }}
),

final as (
    select
        -- ids
        user_id,

        -- numerics
        version,

        -- dates
        today
    from source
)

select * from final
