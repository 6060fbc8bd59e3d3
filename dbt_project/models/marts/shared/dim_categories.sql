{{ config(indexes=[{'columns': ['category_code'], 'unique': True}]) }}

with categories as (
    select * from {{ ref('categories') }}
),

final as (
    select
        code as category_code,
        group_code,
        name_en,
        name_bg,
        priority,
        is_protected,
        pattern,
        primary_code,
        client_code,
        icon,
        color,
        budget_weight
    from categories
)

select * from final
