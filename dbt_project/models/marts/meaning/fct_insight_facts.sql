{{ config(indexes=[{'columns': ['user_id']}]) }}

-- What is worth a word, as figures alone; models_ml.insights says it. Each branch is one kind of finding.
with periods as (
    select * from {{ ref('fct_category_periods') }}
),

users as (
    select
        user_id,
        currency,
        (now() at time zone timezone)::date as today
    from {{ ref('stg_app__users') }}
),

health as (
    select * from {{ ref('fct_financial_health') }}
),

merchant_months as (
    select * from {{ ref('fct_merchant_months') }}
),

categories as (
    select * from {{ ref('dim_categories') }}
),

safe as (
    select * from {{ ref('fct_safe_to_spend') }}
),

forecast_days as (
    select * from {{ ref('fct_forecast_days') }}
),

complete as (
    select
        periods.*,
        row_number() over (
            partition by periods.user_id, periods.category_code order by periods.period_start desc
        ) as age
    from periods
    inner join users on periods.user_id = users.user_id
    where periods.period_end <= users.today and periods.group_code in ('need', 'want')
),

usual as (
    select
        user_id,
        category_code,
        round(percentile_cont(0.5) within group (order by spent_minor))::bigint as usual_minor,
        count(*) as periods_seen
    from complete
    where age between 2 and 7
    group by user_id, category_code
),

budgets as (
    select
        user_id,
        period_start,
        sum(budget_minor) as budget_minor
    from periods
    where group_code in ('need', 'want')
    group by user_id, period_start
),

-- A category that took more in the last complete period than it usually does.
category_rises as (
    select
        complete.user_id,
        'category_rise' as kind,
        complete.category_code as subject,
        complete.spent_minor as current_minor,
        usual.usual_minor,
        complete.spent_minor - usual.usual_minor as value_minor,
        round(100.0 * (complete.spent_minor - usual.usual_minor) / usual.usual_minor)::integer as percent,
        usual.periods_seen::integer as seen,
        complete.period_start as about
    from complete
    inner join usual
        on complete.user_id = usual.user_id and complete.category_code = usual.category_code
    where
        complete.age = 1 and usual.usual_minor > 0 and usual.periods_seen >= 2
        and complete.spent_minor * 4 > usual.usual_minor * 5
        -- What was next to nothing before is a new habit rather than a rise.
        and complete.spent_minor < usual.usual_minor * 5
),

-- The running period has used up more of a category's budget than there is.
over_budget as (
    select
        periods.user_id,
        'over_budget' as kind,
        periods.category_code as subject,
        periods.spent_minor as current_minor,
        periods.budget_minor as usual_minor,
        periods.spent_minor - periods.budget_minor as value_minor,
        round(100.0 * (periods.spent_minor - periods.budget_minor) / periods.budget_minor)::integer as percent,
        (users.today - periods.period_start)::integer as seen,
        periods.period_start as about
    from periods
    inner join users on periods.user_id = users.user_id
    inner join budgets
        on periods.user_id = budgets.user_id and periods.period_start = budgets.period_start
    where
        periods.period_start <= users.today and periods.period_end > users.today
        and periods.group_code in ('need', 'want')
        -- A budget of next to nothing is easily exceeded, and nothing is gained by saying so.
        and periods.budget_minor * 50 > budgets.budget_minor and periods.spent_minor > periods.budget_minor
),

-- What bills of a leaf cost in a year, by the last three complete periods.
subscriptions as (
    select
        complete.user_id,
        'subscriptions' as kind,
        complete.category_code as subject,
        round(avg(complete.spent_minor))::bigint as current_minor,
        null::bigint as usual_minor,
        round(avg(complete.spent_minor) * 365.25 / avg(complete.period_end - complete.period_start))::bigint
            as value_minor,
        null::integer as percent,
        count(*)::integer as seen,
        max(complete.period_start) as about
    from complete
    where complete.age <= 3 and complete.category_code in ('streaming', 'software_subscriptions', 'sports_fitness')
    group by complete.user_id, complete.category_code
    having count(*) = 3 and min(complete.spent_minor) > 0
),

-- Fees of the last year.
fees as (
    select
        merchant_months.user_id,
        'fees' as kind,
        'bank_fees' as subject,
        sum(merchant_months.spent_minor)::bigint as current_minor,
        null::bigint as usual_minor,
        sum(merchant_months.spent_minor)::bigint as value_minor,
        null::integer as percent,
        count(distinct merchant_months.month_start)::integer as seen,
        max(merchant_months.month_start) as about
    from merchant_months
    inner join users on merchant_months.user_id = users.user_id
    where merchant_months.category_code = 'bank_fees' and merchant_months.month_start > users.today - 365
    group by merchant_months.user_id
    having sum(merchant_months.spent_minor) > 0
),

-- Less is saved than a fifth of the income, the rule 50/30/20.
saving as (
    select
        health.user_id,
        'saving_rate' as kind,
        'savings' as subject,
        null::bigint as current_minor,
        null::bigint as usual_minor,
        0::bigint as value_minor,
        round(100 * health.saving_rate)::integer as percent,
        20 as seen,
        date_trunc('month', health.as_of)::date as about
    from health
    where health.saving_rate is not null
),

payday as (
    select
        safe.user_id,
        'payday' as kind,
        safe.reaches_payday as subject,
        safe.lowest_p50_minor as current_minor,
        safe.lowest_p10_minor as usual_minor,
        greatest(-safe.lowest_p10_minor, 0) as value_minor,
        null::integer as percent,
        (safe.next_income_date - safe.as_of)::integer as seen,
        safe.next_income_date as about
    from safe
    where safe.is_income_expected
),

-- What the next thirty days are likely to take.
outlook as (
    select
        forecast_days.user_id,
        'outlook' as kind,
        'spending' as subject,
        forecast_days.spent_until_p50_minor as current_minor,
        forecast_days.spent_until_p90_minor as usual_minor,
        forecast_days.spent_until_p90_minor - forecast_days.spent_until_p50_minor as value_minor,
        null::integer as percent,
        forecast_days.days_ahead as seen,
        date_trunc('month', forecast_days.known_until)::date as about
    from forecast_days
    where forecast_days.days_ahead = 30 and forecast_days.spent_until_p50_minor > 0
),

together as (
    select * from category_rises
    union all
    select * from over_budget
    union all
    select * from subscriptions
    union all
    select * from fees
    union all
    select * from saving
    union all
    select * from payday
    union all
    select * from outlook
),

final as (
    select
        together.*,
        categories.name_en as subject_en,
        categories.name_bg as subject_bg,
        users.currency,
        users.today as as_of
    from together
    inner join users on together.user_id = users.user_id
    left join categories on together.subject = categories.category_code
)

select * from final
