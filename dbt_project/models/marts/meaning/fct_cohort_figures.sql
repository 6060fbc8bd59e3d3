{{ config(indexes=[{'columns': ['month', 'cohort', 'measure'], 'unique': True}]) }}

with releases as (
    select * from {{ ref('stg_ml__cohort_releases') }}
)

select * from releases
