{{ config(pre_hook=plan_by_hashing(), indexes=[{'columns': ['user_id'], 'unique': True}]) }}

-- Each part goes in a straight line from 0 to 100 points between what a public rule calls worrying and what it
-- calls sound; docs/health_score.md names the rules and shows the lines.
with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

periods as (
    select * from {{ ref('int_plan_periods') }}
),

daily_amounts as (
    select * from {{ ref('int_daily_amounts') }}
),

budgets as (
    select * from {{ ref('int_category_budgets') }}
),

accounts as (
    select * from {{ ref('stg_app__accounts') }}
),

balances as (
    select * from {{ ref('int_account_balances') }}
),

commitments as (
    select * from {{ ref('stg_app__commitments') }}
),

series as (
    select * from {{ ref('stg_ml__recurring_series') }}
),

words as (
    select * from {{ ref('stg_app__recurring_words') }}
),

-- The recent complete periods, as budgets take them.
recent as (
    select
        periods.user_id,
        periods.period_start,
        periods.period_end
    from periods
    inner join plan_users on periods.user_id = plan_users.user_id
    where
        periods.is_complete
        and periods.period_end <= plan_users.today
        and periods.period_end > plan_users.today - 122
),

amounts as (
    select
        recent.user_id,
        coalesce(sum(daily_amounts.amount_minor) filter (where daily_amounts.group_code = 'income'), 0)
            as income_minor,
        coalesce(
            -sum(daily_amounts.amount_minor) filter (where daily_amounts.group_code in ('need', 'want')), 0
        ) as spent_minor,
        coalesce(
            -sum(daily_amounts.amount_minor) filter (
                where daily_amounts.category_code in ('loan_payment', 'car_payment', 'mortgage')
            ),
            0
        ) as debt_minor
    from recent
    inner join daily_amounts
        on recent.user_id = daily_amounts.user_id and recent.period_start = daily_amounts.period_start
    group by recent.user_id
),

spans as (
    select
        user_id,
        sum(period_end - period_start) as days
    from recent
    group by user_id
),

spent as (
    select
        user_id,
        period_start,
        category_code,
        -sum(amount_minor) as spent_minor
    from daily_amounts
    where group_code in ('need', 'want')
    group by user_id, period_start, category_code
),

kept as (
    select
        budgets.user_id,
        sum(least(greatest(coalesce(spent.spent_minor, 0), 0), greatest(budgets.budget_minor, 0))) as within_minor,
        sum(greatest(coalesce(spent.spent_minor, 0), 0)) as spent_minor
    from recent
    inner join budgets
        on recent.user_id = budgets.user_id and recent.period_start = budgets.period_start
    left join spent
        on
            budgets.user_id = spent.user_id
            and budgets.period_start = spent.period_start
            and budgets.category_code = spent.category_code
    where budgets.group_code in ('need', 'want')
    group by budgets.user_id
),

-- A balance that is older than two months says nothing of today.
liquid as (
    select
        accounts.user_id,
        sum(balances.balance_minor) as balance_minor,
        sum(balances.balance_minor) filter (where accounts.kind not in ('savings', 'investment'))
            as spendable_minor
    from plan_users
    inner join accounts
        on plan_users.user_id = accounts.user_id and plan_users.currency = accounts.currency
    inner join balances
        on accounts.user_id = balances.user_id and accounts.account_id = balances.account_id
    where accounts.kind <> 'loan' and balances.balance_date > plan_users.today - 62
    group by accounts.user_id
),

-- What is due within thirty days and not paid.
bills as (
    select
        plan_users.user_id,
        sum(commitments.amount_minor) as due_minor
    from plan_users
    inner join commitments on plan_users.user_id = commitments.user_id
    where
        commitments.transaction_id is null
        and plan_users.today <= commitments.due_date
        and plan_users.today + 30 > commitments.due_date
    group by plan_users.user_id
),

-- What comes in by rhythm in these days, at the lower end of what is usual.
expected as (
    select
        plan_users.user_id,
        sum(greatest(least(series.expected_minor, series.low_minor), 0)) as income_minor
    from plan_users
    inner join series
        on plan_users.user_id = series.user_id and plan_users.currency = series.currency
    left join words on series.user_id = words.user_id and series.series_id = words.series_id
    where
        series.is_income
        and series.status = 'active'
        and words.word is distinct from 'rejected'
        and plan_users.today <= series.next_date
        and plan_users.today + 30 > series.next_date
    group by plan_users.user_id
),

ratios as (
    select
        plan_users.user_id,
        plan_users.today as as_of,
        case when amounts.income_minor > 0 then 1 - amounts.spent_minor / amounts.income_minor end as saving_rate,
        case when amounts.spent_minor > 0 then liquid.balance_minor * spans.days / (amounts.spent_minor * 30.4) end
            as buffer_months,
        -- Income to come covers three quarters of the bills at most.
        case
            when bills.due_minor > 0 and liquid.spendable_minor is not null
                then
                    greatest(liquid.spendable_minor, 0)
                    / (bills.due_minor - least(coalesce(expected.income_minor, 0), bills.due_minor * 0.75))
        end as bill_coverage,
        case when amounts.income_minor > 0 then amounts.debt_minor / amounts.income_minor end as debt_share,
        case when kept.spent_minor > 0 then kept.within_minor / kept.spent_minor end as plan_kept
    from plan_users
    left join amounts on plan_users.user_id = amounts.user_id
    left join spans on plan_users.user_id = spans.user_id
    left join liquid on plan_users.user_id = liquid.user_id
    left join kept on plan_users.user_id = kept.user_id
    left join bills on plan_users.user_id = bills.user_id
    left join expected on plan_users.user_id = expected.user_id
),

parts as (
    select
        user_id,
        as_of,
        round(saving_rate, 4) as saving_rate,
        round(buffer_months, 2) as buffer_months,
        round(bill_coverage, 4) as bill_coverage,
        round(debt_share, 4) as debt_share,
        round(plan_kept, 4) as plan_kept,
        {{ health_points('saving_rate / 0.20') }} as saving_points,
        {{ health_points('buffer_months / 3') }} as buffer_points,
        {{ health_points('bill_coverage') }} as bill_points,
        {{ health_points('1 - debt_share / 0.36') }} as debt_points,
        {{ health_points('plan_kept') }} as plan_points
    from ratios
),

-- The mean of the parts that are known, if at least three of the five are.
final as (
    select
        parts.user_id,
        parts.as_of,
        parts.saving_rate,
        parts.buffer_months,
        parts.bill_coverage,
        parts.debt_share,
        parts.plan_kept,
        parts.saving_points,
        parts.buffer_points,
        parts.bill_points,
        parts.debt_points,
        parts.plan_points,
        known.count::integer as known_parts,
        case when known.count >= 3 then round(known.points / known.count)::integer end as health_score,
        case when known.count >= 3 then 'scored' else 'not enough data' end as health_status
    from parts
    cross join lateral (
        select
            count(part.points) as count,
            sum(part.points)::numeric as points
        from (
            values
            (parts.saving_points),
            (parts.buffer_points),
            (parts.bill_points),
            (parts.debt_points),
            (parts.plan_points)
        ) as part (points)
    ) as known
)

select * from final
