"""Budgets, as JSON from the marts of the plan."""

from __future__ import annotations

from typing import LiteralString

from api.documents import Document
from api.spendable import FORECAST, SAFE_MINOR

#: The days of the current month.
DAILY = Document("""
select coalesce(json_agg(json_build_object(
    'date', day.plan_date,
    'limit', day.planned_minor * coalesce(units.unit, 0.01),
    'spent', day.spent_minor * coalesce(units.unit, 0.01),
    'status', day.status
) order by day.plan_date), '[]') as document
from reader
cross join lateral marts.served_daily_totals(
    reader.user_id,
    date_trunc('month', reader.today::timestamp)::date,
    (date_trunc('month', reader.today::timestamp) + interval '1 month')::date - 1
) as day
left join units on day.currency = units.currency
""")

#: One day with its categories; no row for a day without a plan.
DAY = Document(f"""
select json_build_object(
    'date', day.plan_date,
    'limit', day.planned_minor * coalesce(units.unit, 0.01),
    'spent', day.spent_minor * coalesce(units.unit, 0.01),
    'status', day.status,
    'safe_to_spend',
        case when day.plan_date = reader.today then {SAFE_MINOR} end * coalesce(units.unit, 0.01),
    'categories', (
        select coalesce(json_agg(json_build_object(
            'category', category.client_code,
            'category_code', plan.category_code,
            'group', plan.group_code,
            'planned', plan.planned_minor * coalesce(units.unit, 0.01),
            'spent', plan.spent_minor * coalesce(units.unit, 0.01),
            'status', plan.status
        ) order by category.priority), '[]')
        from marts.served_daily_plan(day.user_id, day.plan_date, day.plan_date) as plan
        inner join marts.dim_categories as category on plan.category_code = category.category_code
        where plan.period_start = day.period_start
            and (plan.planned_minor <> 0 or plan.spent_minor <> 0)
    )
) as document
from reader
cross join lateral marts.served_daily_totals(reader.user_id, %(day)s::date, %(day)s::date) as day
left join units on day.currency = units.currency
{FORECAST}
""")  # noqa: S608 - parts of our own

#: A month by the client's categories: what it may take and what was spent. A day's plan repeats what the days
#: before left over, so a month is no sum of its days: it has the budgets, with what was carried into them,
#: of the periods that it lies in, by the share of their days.
MONTH_BY_CATEGORY: LiteralString = """
    select
        category.client_code,
        sum(round(period.budget_minor::numeric * (
            least(period.period_end, (asked.first_day + interval '1 month')::date)
            - greatest(period.period_start, asked.first_day)
        ) / (period.period_end - period.period_start)))::bigint as planned_minor,
        sum(period.spent_minor)::bigint as spent_minor
    from reader
    cross join lateral (
        select coalesce(
            %(first_day)s::date, date_trunc('month', reader.today::timestamp)::date
        ) as first_day
    ) as asked
    cross join lateral (
        select
            plan.category_code, plan.period_start, plan.period_end,
            max(plan.budget_minor + plan.carry_minor) as budget_minor,
            sum(plan.spent_minor) as spent_minor
        from marts.served_daily_plan(
            reader.user_id, asked.first_day, (asked.first_day + interval '1 month')::date - 1
        ) as plan
        where plan.group_code <> 'saving'
        group by plan.category_code, plan.period_start, plan.period_end
    ) as period
    inner join marts.dim_categories as category on period.category_code = category.category_code
    group by category.client_code
"""

SPENT = Document(f"""
select coalesce(
    json_object_agg(month.client_code, month.spent_minor * reader.unit), '{{}}'
) as document
from ({MONTH_BY_CATEGORY}) as month
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
left join ({MONTH_BY_CATEGORY}) as month on true
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
left join ({MONTH_BY_CATEGORY}) as month on true
""")  # noqa: S608

#: Categories that have more spent than planned, those furthest over first: facts, not advice.
SUGGESTIONS = Document(f"""
with over as (
    select
        month.client_code,
        (month.spent_minor - month.planned_minor) * reader.unit as amount,
        reader.currency
    from ({MONTH_BY_CATEGORY}) as month
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
with month as ({MONTH_BY_CATEGORY}),
today as (
    select day.planned_minor, day.spent_minor, day.status
    from reader
    cross join lateral marts.served_daily_totals(reader.user_id, reader.today, reader.today) as day
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
    'auto_redistribution', coalesce(settings.moves_mode, 'auto') = 'auto',
    'realtime_alerts', coalesce((chosen.automation ->> 'realtime_alerts')::bool, true),
    'behavioral_learning', coalesce((chosen.automation ->> 'behavioral_learning')::bool, true),
    'smart_suggestions', coalesce((chosen.automation ->> 'smart_suggestions')::bool, true)
) as document
from reader
left join app.preferences as chosen on reader.user_id = chosen.user_id
left join app.budget_settings as settings on reader.user_id = settings.user_id
""")

#: How the plan comes about; the defaults of the plan where nothing was decided.
SETTINGS = Document("""
select json_build_object(
    'method', coalesce(settings.method, '50/30/20'),
    'monthly_income', settings.monthly_income_minor * reader.unit,
    'cycle', coalesce(settings.cycle, 'monthly'),
    'pay_day', coalesce(settings.pay_day, 1),
    'cycle_anchor', coalesce(settings.cycle_anchor, date '2024-01-01'),
    'moves_mode', coalesce(settings.moves_mode, 'auto'),
    'day_rule', coalesce(settings.day_rule, 'spread'),
    'is_forecast', coalesce(settings.is_forecast, false)
) as document
from reader
left join app.budget_settings as settings on reader.user_id = settings.user_id
""")

CATEGORY_BUDGETS = Document("""
select coalesce(json_agg(json_build_object(
    'category_code', budget.category_code,
    'amount', budget.allotted_minor * reader.unit,
    'share', (budget.share_bp / 10000.0)::float,
    'carry', budget.carry
) order by budget.category_code) filter (where budget.user_id is not null), '[]') as document
from reader
left join app.category_budgets as budget on reader.user_id = budget.user_id
""")

COMMITMENTS = Document("""
select coalesce(json_agg(json_build_object(
    'commitment_id', own.commitment_id,
    'category_code', own.category_code,
    'due_date', own.due_date,
    'amount', own.amount_minor * reader.unit,
    'kind', own.kind,
    'name', own.name,
    'transaction_id', own.transaction_id
) order by own.due_date, own.commitment_id) filter (where own.user_id is not null), '[]') as document
from reader
left join app.commitments as own on reader.user_id = own.user_id
""")

#: What moved between categories, in the client's names: the automatic moves in force on the last day of each
#: period of three months (today, in the current one), and the user's own.
MOVES_OF_LATE = Document("""
with automatic as (
    select move.*, max(move.moved_on) over (partition by move.period_start) as last_day
    from reader
    cross join lateral marts.served_budget_moves(
        reader.user_id, reader.today - 92, reader.today
    ) as move
    where move.is_applied
),
moves as (
    select moved_on, from_category, to_category, amount_minor, reason, source
    from automatic where moved_on = last_day
    union all
    select own.moved_on, own.from_category, own.to_category, own.amount_minor, 'user', 'user'
    from reader
    inner join app.budget_moves as own on reader.user_id = own.user_id and own.moved_on > reader.today - 93
)
select coalesce(json_agg(json_build_object(
    'from', giver.client_code,
    'to', receiver.client_code,
    'amount', moves.amount_minor * reader.unit,
    'date', moves.moved_on,
    'reason', moves.reason,
    'from_code', moves.from_category,
    'to_code', moves.to_category
) order by moves.moved_on desc, moves.amount_minor desc, moves.to_category, moves.from_category), '[]')
as document
from moves
cross join reader
inner join marts.dim_categories as giver on moves.from_category = giver.category_code
inner join marts.dim_categories as receiver on moves.to_category = receiver.category_code
""")

#: The moves that today's plan opened with, suggested ones too.
MOVES_OF_TODAY = Document("""
select coalesce(json_agg(json_build_object(
    'from', giver.client_code,
    'to', receiver.client_code,
    'amount', move.amount_minor * reader.unit,
    'date', move.moved_on,
    'reason', move.reason,
    'from_code', move.from_category,
    'to_code', move.to_category
) order by move.amount_minor desc, move.to_category, move.from_category), '[]') as document
from reader
cross join lateral marts.served_budget_moves(reader.user_id, reader.today, reader.today) as move
inner join marts.dim_categories as giver on move.from_category = giver.category_code
inner join marts.dim_categories as receiver on move.to_category = receiver.category_code
""")
