-- What one category gives another gets, to the minor unit, on every day that opens.
with moved as (
    select
        user_id,
        moved_on,
        sum(change_minor) as change_minor
    from {{ ref('int_plan_shifts') }}
    group by user_id, moved_on
)

select *
from moved
where change_minor <> 0
