with periods as (
    select * from {{ ref('int_plan_periods') }}
),

period_income as (
    select * from {{ ref('int_period_income') }}
),

methods as (
    select * from {{ ref('int_budget_methods') }}
),

shares as (
    select
        periods.user_id,
        periods.period_start,
        period_income.income_minor,
        methods.group_code,
        methods.share
    from periods
    inner join period_income
        on periods.user_id = period_income.user_id and periods.period_start = period_income.period_start
    inner join methods
        on
            case when periods.method = '60/20/20' then '60/20/20' else '50/30/20' end
            = methods.method
    where periods.is_planned
),

final as (
    {{ largest_remainder(
        relation='shares',
        columns=['user_id', 'period_start', 'group_code'],
        total='income_minor',
        weight='share',
        partition_by=['user_id', 'period_start'],
        tie_break='group_code',
        part='budget_minor',
    ) | indent(4) }}
)

select * from final
