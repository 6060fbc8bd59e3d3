"""The main screen, as JSON from the marts."""

from __future__ import annotations

from api.documents import Document
from api.spendable import FORECAST, SAFE_MINOR
from api.transactions.queries import FACTS

#: Everything that the main screen shows, in one document. Goals and challenges are still to come.
DASHBOARD = Document(f"""
with today_plan as materialized (
    select plan.*, category.client_code, category.icon, category.color, category.priority
    from reader
    cross join lateral marts.served_daily_plan(reader.user_id, reader.today, reader.today) as plan
    inner join marts.dim_categories as category on plan.category_code = category.category_code
),
this_week as materialized (
    select day.*
    from reader
    cross join lateral marts.served_daily_totals(
        reader.user_id,
        date_trunc('week', reader.today::timestamp)::date,
        date_trunc('week', reader.today::timestamp)::date + 6
    ) as day
),
today_total as (
    select day.planned_minor, day.spent_minor, coalesce(units.unit, 0.01) as unit, day.currency,
        {SAFE_MINOR} as safe_minor, forecast.cap_minor, forecast.next_income_date, forecast.reaches_payday
    from reader
    inner join this_week as day on reader.today = day.plan_date
    left join units on day.currency = units.currency
    {FORECAST}
),
by_client_category as (
    select
        client_code as category,
        sum(planned_minor)::bigint as planned_minor,
        sum(spent_minor)::bigint as spent_minor,
        (array_agg(icon order by priority))[1] as icon,
        (array_agg(color order by priority))[1] as color,
        min(priority) as priority
    from today_plan
    where group_code <> 'saving' and (planned_minor <> 0 or spent_minor <> 0)
    group by client_code
),
daily_targets as (
    select json_agg(json_build_object(
        'category', part.category,
        'limit', part.planned_minor * today_total.unit,
        'spent', part.spent_minor * today_total.unit,
        'icon', part.icon,
        'color', part.color
    ) order by part.priority) as list
    from by_client_category as part
    cross join today_total
),
week as (
    select json_agg(json_build_object(
        'day', to_char(weekday.day, 'Dy'),
        'date', weekday.day::date,
        'status', case total.status when 'red' then 'over' when 'yellow' then 'warning' else 'good' end,
        'spent', coalesce(total.spent_minor, 0) * coalesce(units.unit, 0.01),
        'budget', coalesce(total.planned_minor, 0) * coalesce(units.unit, 0.01)
    ) order by weekday.day) as list
    from reader
    cross join lateral generate_series(
        date_trunc('week', reader.today::timestamp),
        date_trunc('week', reader.today::timestamp) + interval '6 days',
        interval '1 day'
    ) as weekday (day)
    left join this_week as total on weekday.day::date = total.plan_date
    left join units on coalesce(total.currency, reader.currency) = units.currency
),
latest as (
    select
        fact.*,
        to_char(
            coalesce(fact.spent_at, (fact.spent_date + time '12:00') at time zone fact.timezone)
            at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
        ) as told_at,
        coalesce(units.unit, 0.01) as unit
    from ({FACTS}) as fact
    left join units on fact.currency = units.currency
    where fact.is_spending
    order by fact.spent_date desc, fact.transaction_id desc
    limit 10
),
transactions as (
    select json_agg(json_build_object(
        'id', latest.transaction_id,
        'amount', -latest.amount_minor * latest.unit,
        'currency', latest.currency,
        'category', category.client_code,
        'action', coalesce(nullif(latest.merchant, ''), nullif(latest.description, ''), category.name_en),
        'date', latest.told_at,
        'icon', category.icon,
        'color', category.color
    ) order by latest.spent_date desc, latest.transaction_id desc) as list
    from latest
    inner join marts.dim_categories as category on latest.category_code = category.category_code
),
income as (
    select coalesce(sum(budget_minor), 0)::bigint as minor
    from today_plan
),
balance as (
    select coalesce(sum(account.balance_minor), 0) as minor
    from reader
    inner join marts.dim_accounts as account on reader.user_id = account.user_id
    where account.is_plan_currency and account.kind <> 'loan'
)
select json_build_object(
    'balance', balance.minor * reader.unit,
    'currency', reader.currency,
    'spent', coalesce((select spent_minor * unit from today_total), 0 * reader.unit),
    'safe_to_spend', (select json_build_object(
        'amount', safe_minor * unit, 'cap', cap_minor * unit,
        'next_income_date', next_income_date, 'reaches_payday', reaches_payday
    ) from today_total),
    'daily_targets', coalesce((select list from daily_targets), '[]'),
    'week', (select list from week),
    'transactions', coalesce((select list from transactions), '[]'),
    'insights_preview', coalesce(
        (
            select json_build_object('title', 'Left for today', 'text', format(
                '%s of %s %s',
                greatest(planned_minor - spent_minor, 0) * unit, planned_minor * unit, currency
            ))
            from today_total
            where income.minor > 0
        ),
        json_build_object(
            'title', 'No plan yet', 'text', 'Import a bank statement to get a budget for every day.'
        )
    ),
    'user_income', income.minor * reader.unit,
    'goals', '[]'::json,
    'goals_summary', json_build_object('total_active', 0, 'near_completion', 0, 'overdue', 0),
    'challenges', '[]'::json,
    'challenges_summary', json_build_object(
        'active_challenges', 0, 'completed_this_month', 0, 'current_streak', 0
    )
) as document
from reader
cross join income
cross join balance
""")  # noqa: S608 - parts of our own
