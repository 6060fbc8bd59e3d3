"""Analytics, as JSON from the marts."""

from __future__ import annotations

from api.budget.queries import MONTH_BY_CATEGORY
from api.documents import Document
from api.transactions.queries import FACTS

#: Spending of a month by the client's categories, in the user's currency: what has no rate to it stays out.
MONTHLY = Document(f"""
with asked as (
    select coalesce(%(first_day)s::date, date_trunc('month', reader.today::timestamp)::date) as first_day
    from reader
),
spending as (
    select category.client_code, sum(plan.spent_minor)::bigint as spent_minor
    from reader
    cross join asked
    cross join lateral marts.served_daily_plan(
        reader.user_id, asked.first_day, (asked.first_day + interval '1 month')::date - 1
    ) as plan
    inner join marts.dim_categories as category on plan.category_code = category.category_code
    where plan.group_code <> 'saving'
    group by category.client_code
    having sum(plan.spent_minor) <> 0
),
purchases as (
    select fact.client_code, count(*) as made
    from ({FACTS}) as fact
    cross join asked
    where fact.is_spending
        and fact.spent_date >= asked.first_day and fact.spent_date < asked.first_day + interval '1 month'
    group by fact.client_code
)
select json_build_object(
    'total', coalesce(sum(spending.spent_minor), 0) * max(reader.unit),
    'currency', max(reader.currency),
    'categories', coalesce(json_agg(json_build_object(
        'category', spending.client_code,
        'total', spending.spent_minor * reader.unit,
        'purchases', coalesce(purchases.made, 0),
        'share', round(
            spending.spent_minor::numeric / nullif((select sum(s.spent_minor) from spending as s), 0), 4
        )
    ) order by spending.spent_minor desc) filter (where spending.client_code is not null), '[]')
) as document
from reader
left join spending on true
left join purchases on spending.client_code = purchases.client_code
""")  # noqa: S608 - parts of our own

#: Income and spending of the last twelve months.
TRENDS = Document("""
select json_build_object('currency', max(reader.currency), 'months', coalesce(json_agg(json_build_object(
    'month', to_char(month.first_day, 'YYYY-MM'),
    'spent', month.spent_minor * reader.unit,
    'income', month.income_minor * reader.unit
) order by month.first_day) filter (where month.first_day is not null), '[]')) as document
from reader
left join lateral (
    select
        date_trunc('month', made.spent_date::timestamp)::date as first_day,
        coalesce(-sum(made.amount_plan_minor) filter (where made.is_spending), 0)::bigint as spent_minor,
        coalesce(sum(made.amount_plan_minor) filter (where made.group_code = 'income'), 0)::bigint
            as income_minor
    from marts.fct_transactions as made
    where made.user_id = reader.user_id and made.amount_plan_minor is not null
        and made.spent_date >= date_trunc('month', reader.today::timestamp) - interval '11 months'
    group by 1
) as month on true
""")

#: A month's plan against what was spent, by category.
PERFORMANCE = Document(f"""
with month as ({MONTH_BY_CATEGORY})
select json_build_object('currency', max(reader.currency), 'categories', coalesce(json_agg(json_build_object(
    'category', month.client_code,
    'planned', month.planned_minor * reader.unit,
    'spent', month.spent_minor * reader.unit,
    'ratio', round(month.spent_minor::numeric / nullif(month.planned_minor, 0), 4)
) order by month.spent_minor desc) filter (where month.client_code is not null), '[]')) as document
from reader
left join month on true
""")  # noqa: S608

#: That somebody may read, and nothing else.
SIGNED_IN = Document("select 'null'::json as document from reader")
