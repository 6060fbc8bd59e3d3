with periods as (
    select * from {{ ref('int_plan_periods') }}
),

period_income as (
    select * from {{ ref('int_period_income') }}
),

methods as (
    select * from {{ ref('int_budget_methods') }}
),

history as (
    select * from {{ ref('int_category_history') }}
),

categories as (
    select * from {{ ref('categories') }}
),

seed_weights as (
    select * from {{ ref('int_seed_weights') }}
),

known_groups as (
    select
        history.user_id,
        history.period_start,
        categories.group_code,
        sum(history.recent_minor / history.recent_count) filter (where history.due_day is not null) as bill_minor,
        div(sum(history.recent_minor) filter (where history.due_day is null), 2 * max(history.recent_count))
            as half_of_others_minor
    from history
    inner join categories on history.category_code = categories.code
    where history.is_known and history.recent_count > 0
    group by history.user_id, history.period_start, categories.group_code
    having sum(history.recent_minor) > 0
),

told_groups as (
    select
        user_id,
        group_code,
        sum(told_minor) as told_minor,
        coalesce(sum(household_weight) filter (where told_minor is null), 0)::numeric as untold_weight,
        sum(household_weight)::numeric as household_weight
    from seed_weights
    group by user_id, group_code
    having sum(told_minor) > 0
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

by_method as (
    {{ largest_remainder(
        relation='shares',
        columns=['user_id', 'period_start', 'group_code', 'income_minor', 'share'],
        total='income_minor',
        weight='share',
        partition_by=['user_id', 'period_start'],
        tie_break='group_code',
        part='share_minor',
    ) | indent(4) }}
),

-- A group has at least its bills, and needs half of what their others usually take; a group without history what
-- the user told of it, and for the rest of it half of what households would spend on that.
required as (
    select
        by_method.*,
        known_groups.user_id is not null as is_known,
        case
            when known_groups.bill_minor > 0
                then
                    known_groups.bill_minor
                    + case
                        when by_method.group_code = 'need' then coalesce(known_groups.half_of_others_minor, 0)
                        else 0
                    end
            when known_groups.user_id is null and told_groups.user_id is not null
                then
                    told_groups.told_minor
                    + case
                        when told_groups.untold_weight > 0
                            then div(
                                by_method.share_minor * told_groups.untold_weight, 2 * told_groups.household_weight
                            )
                        else 0
                    end
            else 0
        end as required_minor
    from by_method
    left join known_groups
        on
            by_method.user_id = known_groups.user_id
            and by_method.period_start = known_groups.period_start
            and by_method.group_code = known_groups.group_code
    left join told_groups
        on by_method.user_id = told_groups.user_id and by_method.group_code = told_groups.group_code
),

summed as (
    select
        *,
        greatest(share_minor - required_minor, 0) as free_minor,
        sum(greatest(share_minor - required_minor, 0)) over (partition by user_id, period_start) as whole_free_minor,
        sum(required_minor) over (partition by user_id, period_start) as whole_required_minor
    from required
),

-- What a group needs beyond its share the others give, in proportion to what they have free; who needs more
-- than there is gets it in proportion.
weighed as (
    select
        *,
        case
            when income_minor > whole_required_minor
                then required_minor * whole_free_minor + (income_minor - whole_required_minor) * free_minor
            when income_minor > 0 then required_minor
            else share
        end as weight
    from summed
),

final as (
    {{ largest_remainder(
        relation='weighed',
        columns=['user_id', 'period_start', 'group_code', 'is_known'],
        total='income_minor',
        weight='weight',
        partition_by=['user_id', 'period_start'],
        tie_break='group_code',
        part='budget_minor',
    ) | indent(4) }}
)

select * from final
