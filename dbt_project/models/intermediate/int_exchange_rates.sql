with published as (
    select * from {{ ref('stg_raw__exchange_rates') }}
),

fixed as (
    select * from {{ ref('fixed_rates') }}
),

final as (
    select
        currency,
        rate_date,
        units_per_euro,
        false as is_fixed,
        source
    from published
    union all
    select
        currency,
        fixed_since as rate_date,
        units_per_euro,
        true as is_fixed,
        source
    from fixed
)

select * from final
