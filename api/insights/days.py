"""A day explained, a month of days, and what a purchase would mean; as JSON, from the plan and the marts."""

# ruff: noqa: S608 - statements are put together of our own words alone

from __future__ import annotations

from typing import LiteralString

from api.insights.queries import LANGUAGE, or_nothing

#: An amount as a person writes it.
_WRITTEN: LiteralString = f"""
written as (
    select case when {LANGUAGE} = 'bg' then ',' else '.' end as point from reader
)
"""
_DAY: LiteralString = f"""
{_WRITTEN},
asked as (
    select day.*, reader.unit, day.planned_minor - day.spent_minor as left_minor
    from reader
    cross join lateral marts.served_daily_totals(
        reader.user_id, coalesce(%(day)s::date, reader.today), coalesce(%(day)s::date, reader.today)
    ) as day
),
parts as (
    select plan.planned_minor, plan.spent_minor, category.client_code,
        case when {LANGUAGE} = 'bg' then category.name_bg else category.name_en end as name
    from reader
    cross join asked
    cross join lateral marts.served_daily_plan(reader.user_id, asked.plan_date, asked.plan_date) as plan
    inner join marts.dim_categories as category on plan.category_code = category.category_code
    where plan.period_start = asked.period_start and plan.group_code <> 'saving' and plan.spent_minor > 0
),
said as (
    select
        replace((asked.spent_minor * asked.unit)::text, '.', written.point) as spent,
        replace((asked.planned_minor * asked.unit)::text, '.', written.point) as planned,
        replace((abs(asked.left_minor) * asked.unit)::text, '.', written.point) as remains,
        (
            select string_agg(top.name || ' ' || replace(
                (top.spent_minor * reader.unit)::text, '.', written.point
            ), ', ' order by top.spent_minor desc, top.name)
            from (select * from parts order by parts.spent_minor desc, parts.name limit 3) as top
        ) as most,
        (
            select string_agg(over.name || ' ' || replace(
                ((over.spent_minor - over.planned_minor) * reader.unit)::text, '.', written.point
            ), ', ' order by over.spent_minor - over.planned_minor desc, over.name)
            from (
                select * from parts where parts.spent_minor > parts.planned_minor
                order by parts.spent_minor - parts.planned_minor desc, parts.name limit 3
            ) as over
        ) as beyond
    from asked cross join reader cross join written
)
"""
EXPLANATION = or_nothing(
    "POST",
    "/api/ai/day-status-explanation",
    f"""
    select json_build_object(
        'enough_data', true, 'date', asked.plan_date, 'status', asked.status, 'currency', asked.currency,
        'limit', asked.planned_minor * asked.unit, 'spent', asked.spent_minor * asked.unit,
        'remaining', asked.left_minor * asked.unit,
        'explanation', case when {LANGUAGE} = 'bg' then concat_ws(' ',
            format('Похарчени са %s от %s %s за деня:', said.spent, said.planned, asked.currency),
            format(case when asked.left_minor >= 0 then 'остават %s.' else '%s над плана.' end, said.remains),
            'Най-много за: ' || said.most || '.', 'Над плана си: ' || said.beyond || '.'
        ) else concat_ws(' ',
            format('%s of %s %s for the day were spent:', said.spent, said.planned, asked.currency),
            format(case when asked.left_minor >= 0 then '%s are left.' else '%s beyond the plan.' end,
                said.remains),
            'Most for: ' || said.most || '.', 'Beyond their own plan: ' || said.beyond || '.'
        ) end
    ) from asked cross join said
    """,
    _DAY,
)
#: Each day of a month: the plan, what was spent, and what the forecast expects of days to come.
BEHAVIOR_CALENDAR = or_nothing(
    "POST",
    "/api/behavior/calendar",
    """
    select json_build_object(
        'enough_data', true, 'currency', max(day.currency),
        'calendar', json_object_agg(day.plan_date, json_build_object(
            'limit', day.planned_minor * reader.unit, 'total', day.planned_minor * reader.unit,
            'spent', day.spent_minor * reader.unit, 'status', day.status,
            'expected', forecast.spent_p50_minor * reader.unit
        ) order by day.plan_date)
    )
    from (
        select coalesce(%(first_day)s::date, date_trunc('month', reader.today::timestamp)::date) as first_day
    ) as month
    cross join lateral marts.served_daily_totals(
        reader.user_id, month.first_day, (month.first_day + interval '1 month')::date - 1
    ) as day
    left join ml.forecast_days as forecast on day.user_id = forecast.user_id
        and day.plan_date = forecast.forecast_date and day.plan_date >= reader.today
    having count(*) > 0
    """,
)
#: Where a purchase lies among the category's of a year, and what it leaves of the period's budget.
_PURCHASE: LiteralString = f"""
{_WRITTEN},
alike as (
    select -fact.amount_plan_minor as minor
    from reader
    inner join marts.fct_transactions as fact
        on reader.user_id = fact.user_id and fact.spent_date > reader.today - 365
    inner join marts.dim_categories as category on fact.category_code = category.category_code
    where fact.is_spending and fact.amount_plan_minor < 0
        and %(category)s::text in (category.client_code, category.category_code)
),
usual as (
    select percentile_disc(0.5) within group (order by alike.minor) as minor, count(*) as purchases,
        avg((alike.minor <= round(%(amount)s::numeric / max_unit.unit))::integer) as place
    from alike cross join (select reader.unit from reader) as max_unit
    having count(*) >= 3
),
budget as (
    select sum(period.left_minor)::bigint as left_minor, max(period.period_end) as period_end
    from reader
    inner join marts.fct_category_periods as period on reader.user_id = period.user_id
        and period.period_start <= reader.today and period.period_end > reader.today
    inner join marts.dim_categories as category on period.category_code = category.category_code
    where %(category)s::text in (category.client_code, category.category_code)
    having count(*) > 0
)
"""
EXPENSE_SUGGESTIONS = or_nothing(
    "POST",
    "/api/behavior/expense_suggestions",
    f"""
    select json_build_object(
        'enough_data', true, 'category', %(category)s::text, 'currency', reader.currency,
        'usual_amount', (select u.minor * reader.unit from usual as u),
        'purchases', (select u.purchases from usual as u),
        'percentile', (select round(100 * u.place) from usual as u),
        'left_in_category', (select b.left_minor * reader.unit from budget as b),
        'suggestions', (
            select coalesce(json_agg(line.said order by line.place), '[]') from (
                select 1 as place, case when {LANGUAGE} = 'bg'
                    then format('Обичайно: %s %s.', replace((u.minor * reader.unit)::text, '.', w.point),
                        reader.currency)
                    else format('Usually %s %s.', u.minor * reader.unit, reader.currency) end as said
                from usual as u cross join written as w
                union all
                select 2, case when {LANGUAGE} = 'bg'
                    then format('Остават %s %s до %s.',
                        replace((b.left_minor * reader.unit)::text, '.', w.point), reader.currency,
                        b.period_end)
                    else format('%s %s are left until %s.', b.left_minor * reader.unit, reader.currency,
                        b.period_end) end
                from budget as b cross join written as w
            ) as line
        )
    ) where exists (select from usual) or exists (select from budget)
    """,
    _PURCHASE,
)
