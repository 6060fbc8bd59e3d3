{%- set own = var('own_history_parts') | int -%}

with periods as (
    select * from {{ ref('int_plan_periods') }}
),

categories as (
    select * from {{ ref('categories') }}
),

seed_weights as (
    select * from {{ ref('int_seed_weights') }}
),

category_budgets as (
    select * from {{ ref('stg_app__category_budgets') }}
),

history as (
    select * from {{ ref('int_category_history') }}
),

period_income as (
    select * from {{ ref('int_period_income') }}
),

group_budgets as (
    select * from {{ ref('int_group_budgets') }}
),

planned as (
    select
        periods.user_id,
        periods.period_start,
        periods.method,
        period_income.income_minor
    from periods
    inner join period_income
        on periods.user_id = period_income.user_id and periods.period_start = period_income.period_start
    where periods.is_planned
),

-- Methods by category: what each should get, out of `whole_minor`; whole_minor is null where only the
-- proportions count.
wishes as (
    select
        planned.user_id,
        planned.period_start,
        category_budgets.category_code,
        case planned.method
            when 'zero-based' then category_budgets.allotted_minor
            else category_budgets.share_bp
        end::numeric as wish,
        case planned.method when 'zero-based' then planned.income_minor else 10000 end::numeric as whole
    from planned
    inner join category_budgets on planned.user_id = category_budgets.user_id
    where planned.method in ('zero-based', 'percentage')
    union all
    select
        planned.user_id,
        planned.period_start,
        history.category_code,
        case planned.method when 'last-period' then history.last_minor else history.median_minor end::numeric as wish,
        case planned.method when 'last-period' then planned.income_minor end::numeric as whole
    from planned
    inner join history
        on planned.user_id = history.user_id and planned.period_start = history.period_start
    where planned.method in ('last-period', 'learned')
),

-- What is left of the whole is put aside; who wishes for more than the whole gets it in proportion.
wished as (
    select
        wishes.user_id,
        wishes.period_start,
        wishes.category_code,
        wishes.wish
    from wishes
    union all
    select
        user_id,
        period_start,
        'savings' as category_code,
        greatest(max(whole) - sum(wish), 0) as wish
    from wishes
    where whole is not null
    group by user_id, period_start
    having sum(wish) > 0
),

by_category as (
    select
        wished.user_id,
        wished.period_start,
        categories.group_code,
        wished.category_code,
        sum(wished.wish) as weight
    from wished
    inner join categories on wished.category_code = categories.code
    where categories.group_code in ('need', 'want', 'saving') and wished.wish > 0
    group by wished.user_id, wished.period_start, categories.group_code, wished.category_code
),

by_group as (
    select
        planned.user_id,
        planned.period_start
    from planned
    left join by_category
        on planned.user_id = by_category.user_id and planned.period_start = by_category.period_start
    group by planned.user_id, planned.period_start
    having count(by_category.user_id) = 0
),

known as (
    select
        history.user_id,
        history.period_start,
        categories.group_code,
        history.category_code,
        history.recent_minor,
        categories.budget_weight,
        group_budgets.budget_minor as group_minor,
        -- What a bill usually is.
        case when history.due_day is not null then history.recent_minor / history.recent_count end as bill_minor,
        sum(history.recent_minor)
            over (partition by history.user_id, history.period_start, categories.group_code)
            as group_recent_minor,
        sum(categories.budget_weight)
            over (partition by history.user_id, history.period_start, categories.group_code)
            as group_budget_weight
    from by_group
    inner join history
        on by_group.user_id = history.user_id and by_group.period_start = history.period_start
    inner join categories on history.category_code = categories.code
    inner join group_budgets
        on
            by_group.user_id = group_budgets.user_id
            and by_group.period_start = group_budgets.period_start
            and categories.group_code = group_budgets.group_code
    where history.is_known
),

known_weights as (
    select
        *,
        case
            when group_budget_weight = 0 then recent_minor
            else
                {{ own }} * recent_minor * group_budget_weight
                + {{ 10 - own }} * budget_weight * group_recent_minor
        end::numeric as own_weight
    from known
    where group_recent_minor > 0
),

known_groups as (
    select
        *,
        sum(bill_minor) over of_group as group_bill_minor,
        coalesce(sum(own_weight) filter (where bill_minor is null) over of_group, 0) as group_other_weight
    from known_weights
    window of_group as (partition by user_id, period_start, group_code)
),

-- Bills are what they are, and the rest of the group is for what can grow and shrink.
from_history as (
    select
        user_id,
        period_start,
        group_code,
        category_code,
        case
            when
                group_bill_minor is null
                or group_other_weight = 0
                or group_minor = 0
                or group_bill_minor > group_minor
                then own_weight
            when bill_minor is not null then bill_minor * group_other_weight
            else (group_minor - group_bill_minor) * own_weight
        end as weight
    from known_groups
),

-- Without history: fixed expenses that the user told first, the rest of the group by what people of the
-- country spend, where that is known.
seeded as (
    select
        by_group.user_id,
        by_group.period_start,
        seed_weights.group_code,
        seed_weights.category_code,
        group_budgets.budget_minor as group_minor,
        coalesce(seed_weights.told_minor, 0)::numeric as fixed_minor,
        case when seed_weights.told_minor is null then seed_weights.household_weight else 0 end::numeric as seed_weight
    from by_group
    inner join group_budgets
        on by_group.user_id = group_budgets.user_id and by_group.period_start = group_budgets.period_start
    inner join seed_weights
        on by_group.user_id = seed_weights.user_id and group_budgets.group_code = seed_weights.group_code
    where not group_budgets.is_known
),

seeded_groups as (
    select
        seeded.*,
        sum(seeded.fixed_minor)
            over (partition by seeded.user_id, seeded.period_start, seeded.group_code)
            as group_fixed_minor,
        sum(seeded.seed_weight)
            over (partition by seeded.user_id, seeded.period_start, seeded.group_code)
            as group_seed_weight
    from seeded
),

from_seed as (
    select
        user_id,
        period_start,
        group_code,
        category_code,
        case
            when group_seed_weight = 0 or group_fixed_minor >= group_minor and group_fixed_minor > 0
                then fixed_minor
            when group_fixed_minor = 0 then seed_weight
            else fixed_minor * group_seed_weight + (group_minor - group_fixed_minor) * seed_weight
        end as weight
    from seeded_groups
),

final as (
    select
        user_id,
        period_start,
        group_code,
        category_code,
        weight,
        'category' as pot,
        'choice' as weight_origin
    from by_category
    union all
    select
        user_id,
        period_start,
        group_code,
        category_code,
        weight,
        group_code as pot,
        'history' as weight_origin
    from from_history
    union all
    select
        user_id,
        period_start,
        group_code,
        category_code,
        weight,
        group_code as pot,
        'seed' as weight_origin
    from from_seed
    where weight > 0
)

select * from final
