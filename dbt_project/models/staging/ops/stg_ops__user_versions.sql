with source as (
    select * from {{ source('ops', 'user_versions') }}
),

final as (
    select
        -- ids
        user_id,

        -- numerics
        version,

        -- timestamps
        changed_at
    from source
)

select * from final
