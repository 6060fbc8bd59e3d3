with source as (
    select * from {{ source('app', 'users') }}
),

final as (
    select
        -- ids
        user_id,

        -- strings
        country,
        currency,
        timezone,

        -- timestamps
        created_at
    from source
)

select * from final
