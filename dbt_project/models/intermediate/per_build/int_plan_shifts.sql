{{ config(pre_hook=plan_by_hashing()) }}

-- Read twice as a view, rather than kept in between for everybody's every day.
with available_days as not materialized (
    select * from {{ ref('int_available_days') }}
    where plan_date = opened_on
),

short_days as (
    select
        user_id,
        plan_date
    from available_days
    where deficit_minor > 0 and moves_mode <> 'off'
    group by user_id, plan_date
),

on_short_days as (
    select
        available_days.user_id,
        available_days.period_start,
        available_days.plan_date,
        available_days.category_code,
        available_days.group_code,
        available_days.priority,
        available_days.moves_mode,
        available_days.available_minor,
        available_days.need_minor,
        available_days.deficit_minor,
        available_days.surplus_minor,
        available_days.reserve_minor,
        available_days.spent_before_minor,
        available_days.currency
    from short_days
    inner join available_days
        on short_days.user_id = available_days.user_id and short_days.plan_date = available_days.plan_date
),

-- Each category's place in line. Receivers are served by priority; givers are asked for what they do not
-- need, wants first and the lowest priority first, and then in the same order for what unprotected ones have
-- left. Who lacks something gives nothing.
lines as (
    select
        on_short_days.*,
        'receiver' as role,
        on_short_days.deficit_minor as asked_minor,
        on_short_days.priority as place
    from on_short_days
    where on_short_days.deficit_minor > 0
    union all
    select
        on_short_days.*,
        'surplus' as role,
        on_short_days.surplus_minor as asked_minor,
        case on_short_days.group_code when 'want' then 0 else 1000 end - on_short_days.priority as place
    from on_short_days
    where on_short_days.surplus_minor > 0 and on_short_days.deficit_minor = 0
    union all
    select
        on_short_days.*,
        'reserve' as role,
        on_short_days.reserve_minor as asked_minor,
        case on_short_days.group_code when 'want' then 2000 else 3000 end - on_short_days.priority as place
    from on_short_days
    where on_short_days.reserve_minor > 0 and on_short_days.deficit_minor = 0
),

-- On two running totals that start from nothing, money moves where a giver's stretch overlaps a receiver's.
placed as (
    select
        lines.*,
        (sum(lines.asked_minor) over in_line)::bigint as until_minor,
        coalesce(sum(lines.asked_minor) filter (where lines.role = 'receiver') over of_day, 0) as deficits_minor,
        coalesce(sum(lines.asked_minor) filter (where lines.role <> 'receiver') over of_day, 0) as supplies_minor
    from lines
    window
        in_line as (
            partition by user_id, plan_date, role = 'receiver' order by place, category_code
            rows between unbounded preceding and current row
        ),
        of_day as (partition by user_id, plan_date)
),

moved as (
    select
        user_id,
        period_start,
        plan_date as moved_on,
        category_code,
        role,
        until_minor - asked_minor as from_minor,
        until_minor,
        greatest(
            least(until_minor, case when role = 'receiver' then supplies_minor else deficits_minor end)
            - (until_minor - asked_minor),
            0
        )::bigint as moved_minor,
        moves_mode = 'auto' as is_applied,
        available_minor,
        need_minor,
        spent_before_minor,
        currency
    from placed
),

shifted as (
    select
        user_id,
        moved_on,
        category_code,
        sum(case role when 'receiver' then moved_minor else -moved_minor end)::bigint as moved_minor
    from moved
    where is_applied
    group by user_id, moved_on, category_code
),

-- Who saves what days leave over: of the money for days that have passed, what was not spent.
of_savers as (
    select
        available_days.*,
        available_days.available_minor + coalesce(shifted.moved_minor, 0) as left_minor,
        available_days.spent_before_minor - available_days.paid_before_minor as flexible_minor
    from available_days
    left join shifted
        on
            available_days.user_id = shifted.user_id
            and available_days.plan_date = shifted.moved_on
            and available_days.category_code = shifted.category_code
    where
        available_days.day_rule = 'save'
        and available_days.group_code in ('need', 'want')
        and not available_days.is_bill_due
),

left_over as (
    select
        of_savers.*,
        least(
            of_savers.left_minor,
            {{ even_until('(left_minor + flexible_minor)', '(period_end - plan_start)', '(plan_date - plan_start)') }}
            - of_savers.flexible_minor
        ) as saved_minor
    from of_savers
    where of_savers.left_minor > 0
),

saved as (
    select
        user_id,
        period_start,
        plan_date as moved_on,
        category_code,
        'saver' as role,
        saved_minor as moved_minor,
        available_minor,
        need_minor,
        spent_before_minor,
        currency
    from left_over
    where saved_minor > 0
    union all
    select
        user_id,
        period_start,
        plan_date as moved_on,
        'savings' as category_code,
        'saved' as role,
        sum(saved_minor)::bigint as moved_minor,
        null as available_minor,
        null as need_minor,
        null as spent_before_minor,
        currency
    from left_over
    where saved_minor > 0
    group by user_id, period_start, plan_date, currency
),

final as (
    select
        user_id,
        period_start,
        moved_on,
        category_code,
        role,
        from_minor,
        until_minor,
        moved_minor,
        case when role in ('receiver', 'saved') then moved_minor else -moved_minor end as change_minor,
        is_applied,
        available_minor,
        need_minor,
        spent_before_minor,
        currency
    from moved
    where moved_minor > 0
    union all
    select
        user_id,
        period_start,
        moved_on,
        category_code,
        role,
        null as from_minor,
        null as until_minor,
        moved_minor,
        case when role in ('receiver', 'saved') then moved_minor else -moved_minor end as change_minor,
        true as is_applied,
        available_minor,
        need_minor,
        spent_before_minor,
        currency
    from saved
)

select * from final
