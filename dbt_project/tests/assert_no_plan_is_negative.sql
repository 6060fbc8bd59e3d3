-- Nobody is told to spend less than nothing.
select
    user_id,
    plan_date,
    category_code,
    planned_minor
from {{ ref('fct_daily_plan') }}
where planned_minor < 0
