"""Budgets, as JSON from the marts of the plan."""

from __future__ import annotations

from api.documents import Document

#: The days of the current month.
DAILY = Document("""
select coalesce(json_agg(json_build_object(
    'date', day.plan_date,
    'limit', day.planned_minor * coalesce(units.unit, 0.01),
    'spent', day.spent_minor * coalesce(units.unit, 0.01),
    'status', day.status
) order by day.plan_date), '[]') as document
from reader
inner join marts.fct_daily_totals as day
    on reader.user_id = day.user_id
    and day.plan_date >= date_trunc('month', reader.today::timestamp)::date
    and day.plan_date < date_trunc('month', reader.today::timestamp) + interval '1 month'
left join units on day.currency = units.currency
""")

#: One day with its categories; no row for a day without a plan.
DAY = Document("""
select json_build_object(
    'date', day.plan_date,
    'limit', day.planned_minor * coalesce(units.unit, 0.01),
    'spent', day.spent_minor * coalesce(units.unit, 0.01),
    'status', day.status,
    'categories', (
        select coalesce(json_agg(json_build_object(
            'category', category.client_code,
            'category_code', plan.category_code,
            'group', plan.group_code,
            'planned', plan.planned_minor * coalesce(units.unit, 0.01),
            'spent', plan.spent_minor * coalesce(units.unit, 0.01),
            'status', plan.status
        ) order by category.priority), '[]')
        from marts.fct_daily_plan as plan
        inner join marts.dim_categories as category on plan.category_code = category.category_code
        where plan.user_id = day.user_id
            and plan.period_start = day.period_start
            and plan.plan_date = day.plan_date
            and (plan.planned_minor <> 0 or plan.spent_minor <> 0)
    )
) as document
from reader
inner join marts.fct_daily_totals as day on reader.user_id = day.user_id and day.plan_date = %(day)s::date
left join units on day.currency = units.currency
""")

#: A month by the client's categories: what was planned for it and what was spent.
_MONTH = """
    select
        category.client_code,
        sum(plan.planned_minor)::bigint as planned_minor,
        sum(plan.spent_minor)::bigint as spent_minor
    from reader
    inner join marts.fct_daily_plan as plan
        on reader.user_id = plan.user_id
        and plan.plan_date >= coalesce(
            %(first_day)s::date, date_trunc('month', reader.today::timestamp)::date
        )
        and plan.plan_date < coalesce(
            %(first_day)s::date, date_trunc('month', reader.today::timestamp)::date
        ) + interval '1 month'
    inner join marts.dim_categories as category on plan.category_code = category.category_code
    where plan.group_code <> 'saving'
    group by category.client_code
"""

SPENT = Document(f"""
select coalesce(
    json_object_agg(month.client_code, month.spent_minor * reader.unit), '{{}}'
) as document
from ({_MONTH}) as month
cross join reader
where month.spent_minor <> 0
""")  # noqa: S608 - parts of our own

REMAINING = Document(f"""
select json_build_object(
    'total_budget', coalesce(sum(month.planned_minor), 0) * max(reader.unit),
    'total_spent', coalesce(sum(month.spent_minor), 0) * max(reader.unit),
    'remaining', coalesce(sum(month.planned_minor - month.spent_minor), 0) * max(reader.unit),
    'categories', coalesce(json_object_agg(
        month.client_code, (month.planned_minor - month.spent_minor) * reader.unit
    ) filter (where month.client_code is not null), '{{}}')
) as document
from reader
left join ({_MONTH}) as month on true
""")  # noqa: S608

#: A month's plan by category.
MONTH = Document(f"""
select json_build_object(
    'categories', coalesce(json_object_agg(month.client_code, json_build_object(
        'planned', month.planned_minor * reader.unit,
        'spent', month.spent_minor * reader.unit,
        'remaining', (month.planned_minor - month.spent_minor) * reader.unit
    )) filter (where month.client_code is not null), '{{}}'),
    'total_planned', coalesce(sum(month.planned_minor), 0) * max(reader.unit),
    'total_spent', coalesce(sum(month.spent_minor), 0) * max(reader.unit),
    'currency', max(reader.currency)
) as document
from reader
left join ({_MONTH}) as month on true
""")  # noqa: S608

#: Categories that have more spent than planned, those furthest over first: facts, not advice.
SUGGESTIONS = Document(f"""
with over as (
    select
        month.client_code,
        (month.spent_minor - month.planned_minor) * reader.unit as amount,
        reader.currency
    from ({_MONTH}) as month
    cross join reader
    where month.spent_minor > month.planned_minor
)
select json_build_object(
    'suggestions', coalesce(json_agg(json_build_object(
        'category', over.client_code,
        'amount', over.amount,
        'message', format(
            '%s is %s %s over its plan for the month.', over.client_code, over.amount, over.currency
        )
    ) order by over.amount desc), '[]'),
    'confidence', case when count(*) > 0 then 1 else 0 end,
    'intelligent_insights', '[]'::json,
    'category_insights', '{{}}'::json,
    'total_count', count(*)
) as document
from over
""")  # noqa: S608

LIVE_STATUS = Document(f"""
with month as ({_MONTH}),
today as (
    select day.planned_minor, day.spent_minor, day.status
    from reader
    inner join marts.fct_daily_totals as day
        on reader.user_id = day.user_id and reader.today = day.plan_date
),
sums as (
    select
        coalesce((select sum(planned_minor) from month), 0) as planned_minor,
        coalesce((select sum(spent_minor) from month), 0) as spent_minor
)
select json_build_object(
    'monthly_budget', sums.planned_minor * reader.unit,
    'monthly_spent', sums.spent_minor * reader.unit,
    'total_budget', sums.planned_minor * reader.unit,
    'total_spent', sums.spent_minor * reader.unit,
    'daily_budget', coalesce(today.planned_minor, 0) * reader.unit,
    'spent_today', coalesce(today.spent_minor, 0) * reader.unit,
    'remaining_today', coalesce(today.planned_minor - today.spent_minor, 0) * reader.unit,
    'status', case today.status when 'red' then 'over' when 'yellow' then 'warning' else 'good' end,
    'on_track', sums.spent_minor <= sums.planned_minor
) as document
from reader
cross join sums
left join today on true
""")  # noqa: S608

#: Shares of spending by the client's categories: the user's own of three months, else everybody's.
WEIGHTS = Document("""
with own as (
    select category.client_code, greatest(sum(plan.spent_minor), 0)::bigint as weight
    from reader
    inner join marts.fct_daily_plan as plan
        on reader.user_id = plan.user_id and plan.plan_date > reader.today - 92
    inner join marts.dim_categories as category on plan.category_code = category.category_code
    where plan.group_code <> 'saving'
    group by category.client_code
    having sum(plan.spent_minor) > 0
),
usual as (
    select category.client_code, sum(category.budget_weight)::bigint as weight
    from marts.dim_categories as category
    where category.group_code in ('need', 'want')
    group by category.client_code
    having sum(category.budget_weight) > 0
)
select json_build_object(
    'currency', reader.currency,
    'is_own', exists (select from own),
    'weights', coalesce(
        (select json_object_agg(own.client_code, own.weight) from own),
        (select json_object_agg(usual.client_code, usual.weight) from usual)
    )
) as document
from reader
""")

MODE = Document("""
select json_build_object('mode', coalesce(chosen.budget_mode, 'default')) as document
from reader
left join app.preferences as chosen on reader.user_id = chosen.user_id
""")

AUTOMATION = Document("""
select json_build_object(
    'auto_redistribution', coalesce((chosen.automation ->> 'auto_redistribution')::bool, true),
    'realtime_alerts', coalesce((chosen.automation ->> 'realtime_alerts')::bool, true),
    'behavioral_learning', coalesce((chosen.automation ->> 'behavioral_learning')::bool, true),
    'smart_suggestions', coalesce((chosen.automation ->> 'smart_suggestions')::bool, true)
) as document
from reader
left join app.preferences as chosen on reader.user_id = chosen.user_id
""")
