with source as (
    select * from {{ source('app', 'budget_settings') }}
),

final as (
    select
        -- ids
        user_id,

        -- strings
        method,

        -- numerics
        monthly_income_minor,

        -- timestamps
        updated_at
    from source
)

select * from final
