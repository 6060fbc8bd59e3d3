{{ config(indexes=[{'columns': ['calendar_date'], 'unique': True}]) }}

with days as (
    select days.calendar_date::date as calendar_date
    from generate_series(date '2000-01-01', date '2049-12-31', interval '1 day') as days (calendar_date)
),

final as (
    select
        calendar_date,
        date_trunc('week', calendar_date)::date as week_start,
        date_trunc('month', calendar_date)::date as month_start,
        date_trunc('quarter', calendar_date)::date as quarter_start,
        date_trunc('year', calendar_date)::date as year_start,
        extract(isodow from calendar_date)::integer as iso_weekday,
        extract(isodow from calendar_date) > 5 as is_weekend
    from days
)

select * from final
