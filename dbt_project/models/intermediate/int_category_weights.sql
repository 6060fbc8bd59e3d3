{%- set own = var('own_history_parts') | int -%}

with periods as (
    select * from {{ ref('int_plan_periods') }}
),

categories as (
    select * from {{ ref('categories') }}
),

history as (
    select * from {{ ref('int_category_history') }}
),

known as (
    select
        history.user_id,
        history.period_start,
        categories.group_code,
        history.category_code,
        history.recent_minor,
        categories.budget_weight,
        sum(history.recent_minor)
            over (partition by history.user_id, history.period_start, categories.group_code)
            as group_recent_minor,
        sum(categories.budget_weight)
            over (partition by history.user_id, history.period_start, categories.group_code)
            as group_budget_weight
    from history
    inner join categories on history.category_code = categories.code
    where history.is_known
),

from_history as (
    select
        user_id,
        period_start,
        group_code,
        category_code,
        case
            when group_budget_weight = 0 then recent_minor
            else
                {{ own }} * recent_minor * group_budget_weight
                + {{ 10 - own }} * budget_weight * group_recent_minor
        end as weight
    from known
    where group_recent_minor > 0
),

from_seed as (
    select
        periods.user_id,
        periods.period_start,
        categories.group_code,
        categories.code as category_code,
        categories.budget_weight::numeric as weight
    from periods
    cross join categories
    where
        categories.budget_weight > 0
        and not exists (
            select 1
            from from_history
            where
                from_history.user_id = periods.user_id
                and from_history.period_start = periods.period_start
                and from_history.group_code = categories.group_code
        )
),

final as (
    select
        user_id,
        period_start,
        group_code,
        category_code,
        weight,
        'history' as weight_origin
    from from_history
    union all
    select
        user_id,
        period_start,
        group_code,
        category_code,
        weight,
        'seed' as weight_origin
    from from_seed
)

select * from final
