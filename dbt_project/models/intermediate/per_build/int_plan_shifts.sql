{{ config(pre_hook=plan_by_hashing()) }}

-- Read twice as a view, rather than kept in between for everybody's every day.
with available_days as not materialized (
    select * from {{ ref('int_available_days') }}
    where plan_date = opened_on
),

-- Who may give or get on a day. Who lacks something gives nothing.
able as (
    select
        user_id,
        period_start,
        plan_date,
        category_code,
        priority,
        -- Givers are asked wants first, and the lowest priority first.
        case group_code when 'want' then 0 else 1000 end - priority as giving_place,
        moves_mode,
        available_minor,
        need_minor,
        spent_before_minor,
        currency,
        deficit_minor,
        case when deficit_minor > 0 then 0 else surplus_minor end as surplus_minor,
        case when deficit_minor > 0 then 0 else reserve_minor end as reserve_minor
    from available_days
    where moves_mode <> 'off' and (deficit_minor > 0 or surplus_minor > 0 or reserve_minor > 0)
),

-- Each category's place in line. Receivers are served by priority; givers are asked for what they do not
-- need, and then in the same order for what unprotected ones have left.
lines as (
    select
        able.*,
        (sum(able.deficit_minor) over in_line_to_get)::bigint as deficit_until_minor,
        (sum(able.surplus_minor) over in_line_to_give)::bigint as surplus_until_minor,
        (sum(able.reserve_minor) over in_line_to_give)::bigint as reserve_until_minor,
        (sum(able.deficit_minor) over of_day)::bigint as deficits_minor,
        (sum(able.surplus_minor) over of_day)::bigint as surpluses_minor,
        (sum(able.reserve_minor) over of_day)::bigint as reserves_minor
    from able
    window
        of_day as (partition by user_id, plan_date),
        in_line_to_get as (
            partition by user_id, plan_date order by priority, category_code
            rows between unbounded preceding and current row
        ),
        in_line_to_give as (
            partition by user_id, plan_date order by giving_place, category_code
            rows between unbounded preceding and current row
        )
),

-- On two running totals that start from nothing, money moves where a giver's stretch overlaps a receiver's.
moved as (
    select
        lines.user_id,
        lines.period_start,
        lines.plan_date as moved_on,
        lines.category_code,
        placed.role,
        placed.until_minor - placed.asked_minor as from_minor,
        placed.until_minor,
        least(placed.until_minor, placed.others_minor) - (placed.until_minor - placed.asked_minor) as moved_minor,
        lines.moves_mode = 'auto' as is_applied,
        lines.available_minor,
        lines.need_minor,
        lines.spent_before_minor,
        lines.currency
    from lines
    cross join
        lateral (
            values
            (
                'receiver',
                lines.deficit_minor,
                lines.deficit_until_minor,
                lines.surpluses_minor + lines.reserves_minor
            ),
            ('surplus', lines.surplus_minor, lines.surplus_until_minor, lines.deficits_minor),
            (
                'reserve',
                lines.reserve_minor,
                lines.surpluses_minor + lines.reserve_until_minor,
                lines.deficits_minor
            )
        ) as placed (role, asked_minor, until_minor, others_minor)
    where
        lines.deficits_minor > 0
        and placed.asked_minor > 0
        and placed.others_minor > placed.until_minor - placed.asked_minor
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
