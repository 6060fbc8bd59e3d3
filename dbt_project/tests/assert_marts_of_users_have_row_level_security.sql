-- depends_on: {{ ref('dim_accounts') }}
-- depends_on: {{ ref('fct_budget_moves') }}
-- depends_on: {{ ref('fct_category_periods') }}
-- depends_on: {{ ref('fct_daily_cash_flow') }}
-- depends_on: {{ ref('fct_daily_plan') }}
-- depends_on: {{ ref('fct_financial_health') }}
-- depends_on: {{ ref('fct_merchant_months') }}
-- depends_on: {{ ref('fct_daily_totals') }}
-- depends_on: {{ ref('fct_plan_gaps') }}
-- depends_on: {{ ref('fct_transactions') }}
-- depends_on: {{ ref('dim_users') }}
-- depends_on: {{ ref('fct_commitments') }}
-- depends_on: {{ ref('fct_monthly_cash_flow') }}
-- depends_on: {{ ref('fct_recurring_series') }}
-- depends_on: {{ ref('fct_spendable_days') }}
-- depends_on: {{ ref('fct_spending_spans') }}
-- A missing filter leaks nothing: every mart with a user_id shows a reader only that reader's rows. A view has no
-- rows of its own and asks with the reader's rights.
select relation.relname
from pg_class as relation
inner join pg_attribute as attribute on relation.oid = attribute.attrelid
where
    relation.relnamespace = 'marts'::regnamespace
    and relation.relkind in ('r', 'p', 'v', 'm')
    and relation.relname not like '%__dbt_%'
    and attribute.attname = 'user_id'
    and not relation.relrowsecurity
    and not coalesce('security_invoker=true' = any(relation.reloptions), false)
