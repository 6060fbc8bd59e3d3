with periods as (
    select * from {{ ref('int_plan_periods') }}
),

commitments as (
    select * from {{ ref('stg_app__commitments') }}
),

transactions as (
    select * from {{ ref('stg_app__transactions') }}
),

categories as (
    select * from {{ ref('categories') }}
),

final as (
    select
        periods.user_id,
        periods.period_start,
        periods.period_end,
        periods.plan_start,
        -- The day whose opening the days ahead show.
        least(greatest(periods.today, periods.plan_start), periods.period_end - 1) as last_opening,
        commitments.commitment_id,
        commitments.category_code,
        commitments.name,
        commitments.kind,
        commitments.amount_minor,
        greatest(commitments.due_date, periods.plan_start) as due_date,
        -- Paid by a purchase of today or earlier; money to come is still owed.
        case when transactions.spent_date < periods.today then transactions.spent_date end as paid_on
    from periods
    inner join commitments
        on
            periods.user_id = commitments.user_id
            and periods.period_start <= commitments.due_date
            and periods.period_end > commitments.due_date
    inner join categories
        on
            commitments.category_code = categories.code
            and categories.group_code in ('need', 'want', 'saving')
    left join transactions
        on
            commitments.user_id = transactions.user_id
            and commitments.transaction_id = transactions.transaction_id
    where
        periods.is_planned
        -- Paid before the period: nothing of it is still owed here.
        and coalesce(transactions.spent_date >= periods.plan_start, true)
)

select * from final
