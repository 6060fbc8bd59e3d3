with period_income as (
    select * from {{ ref('int_period_income') }}
),

methods as (
    select * from {{ ref('int_budget_methods') }}
),

shares as (
    select
        period_income.user_id,
        period_income.period_start,
        period_income.income_minor,
        methods.group_code,
        methods.share
    from period_income
    inner join methods on period_income.method = methods.method
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
