"""The calendar, as JSON from the marts."""

from __future__ import annotations

from api.documents import Document
from api.spendable import FORECAST, SAFE_MINOR

#: One entry per day of the month of ``first_day`` that has a plan; savings are no limit to spend. A
#: category of the client may stand for several of ours: its light is that of their sums.
#: Today's day says what is safe to spend; of other days nobody knows.
SAVED_MONTH = Document(f"""
with totals as materialized (
    select day.*, coalesce(units.unit, 0.01) as unit,
        case when day.plan_date = reader.today then {SAFE_MINOR} end as capped_minor
    from reader
    cross join lateral marts.served_daily_totals(
        reader.user_id, %(first_day)s::date, (%(first_day)s::date + interval '1 month')::date - 1
    ) as day
    left join units on day.currency = units.currency
    {FORECAST}
),
by_client_category as (
    select
        plan.plan_date,
        category.client_code,
        coalesce(units.unit, 0.01) as unit,
        sum(plan.planned_minor)::bigint as planned_minor,
        sum(plan.spent_minor)::bigint as spent_minor
    from reader
    cross join lateral marts.served_daily_plan(
        reader.user_id, %(first_day)s::date, (%(first_day)s::date + interval '1 month')::date - 1
    ) as plan
    left join units on plan.currency = units.currency
    inner join marts.dim_categories as category on plan.category_code = category.category_code
    where plan.group_code <> 'saving' and (plan.planned_minor <> 0 or plan.spent_minor <> 0)
    group by plan.plan_date, category.client_code, units.unit
),
budgets as (
    select
        part.plan_date,
        json_object_agg(part.client_code, json_build_object(
            'planned', part.planned_minor * part.unit,
            'spent', part.spent_minor * part.unit,
            'status', marts.plan_status(part.planned_minor, part.spent_minor)
        )) as planned_budget
    from by_client_category as part
    group by part.plan_date
),
days as (
    select
        totals.plan_date as "date",
        extract(day from totals.plan_date)::int as "day",
        totals.planned_minor * totals.unit as "limit",
        totals.spent_minor * totals.unit as spent,
        totals.planned_minor * totals.unit as total,
        case when totals.plan_date <= reader.today then 'active' else 'pending' end as status,
        coalesce(budgets.planned_budget, '{{}}') as planned_budget,
        totals.capped_minor * totals.unit as safe_to_spend
    from reader
    cross join totals
    -- Somebody without income or spending has a plan of nothing, which is none.
    inner join (select bool_or(planned_minor <> 0 or spent_minor <> 0) as is_some from totals) as plan
        on plan.is_some
    left join budgets on totals.plan_date = budgets.plan_date
)
select json_build_object(
    'calendar', coalesce(json_agg(days order by days."date"), '[]'),
    'currency', (select currency from reader)
) as document
from days
""")  # noqa: S608 - parts of our own
