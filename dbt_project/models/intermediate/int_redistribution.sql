with available_days as (
    select * from {{ ref('int_available_days') }}
),

-- Who may give or get on a day. Who lacks something gives nothing.
able as (
    select
        available_days.*,
        case when available_days.moves_mode = 'off' then 0 else available_days.deficit_minor end as asked_minor,
        case
            when available_days.moves_mode = 'off' or available_days.deficit_minor > 0 then 0
            else available_days.surplus_minor
        end as offered_minor,
        case
            when available_days.moves_mode = 'off' or available_days.deficit_minor > 0 then 0
            else available_days.reserve_minor
        end as reserved_minor,
        available_days.spent_before_minor - available_days.paid_before_minor as flexible_minor
    from available_days
),

summed as (
    select
        able.*,
        (sum(able.asked_minor) over in_line)::bigint as asked_until_minor,
        (sum(able.offered_minor) over in_line)::bigint as offered_before_minor,
        (sum(able.reserved_minor) over in_line)::bigint as reserved_before_minor,
        (sum(able.asked_minor) over of_day)::bigint as asked_of_day_minor,
        (sum(able.offered_minor) over of_day)::bigint as offered_of_day_minor,
        (sum(able.reserved_minor) over of_day)::bigint as reserved_of_day_minor
    from able
    window
        of_day as (partition by able.user_id, able.period_start, able.plan_date),
        in_line as (
            partition by able.user_id, able.period_start, able.plan_date order by able.priority
            rows between unbounded preceding and current row
        )
),

-- Each category's place in line. Receivers are served by priority. Givers are asked from the other end, where
-- the wants are: for what they do not need, and then again for what unprotected ones have left.
placed as (
    select
        summed.*,
        summed.offered_of_day_minor - summed.offered_before_minor + summed.offered_minor as offered_until_minor,
        summed.offered_of_day_minor
        + summed.reserved_of_day_minor
        - summed.reserved_before_minor
        + summed.reserved_minor as reserved_until_minor
    from summed
),

-- On two running totals that start from nothing, what is asked for and what is offered, money moves where
-- stretches overlap: each gets or gives what of its stretch the other total reaches.
served as (
    select
        placed.*,
        greatest(
            least(placed.asked_until_minor, placed.offered_of_day_minor + placed.reserved_of_day_minor)
            - placed.asked_until_minor
            + placed.asked_minor,
            0
        ) as received_minor,
        greatest(
            least(placed.offered_until_minor, placed.asked_of_day_minor)
            - placed.offered_until_minor
            + placed.offered_minor,
            0
        ) as given_minor,
        greatest(
            least(placed.reserved_until_minor, placed.asked_of_day_minor)
            - placed.reserved_until_minor
            + placed.reserved_minor,
            0
        ) as given_of_reserve_minor
    from placed
),

shifted as (
    select
        served.*,
        case
            when
                served.moves_mode = 'auto'
                then served.received_minor - served.given_minor - served.given_of_reserve_minor
            else 0
        end
            as shifted_minor
    from served
),

-- Who saves what days leave over: of the money for days that have passed, what was not spent.
left_over as (
    select
        shifted.*,
        case
            when
                shifted.day_rule = 'save'
                and shifted.group_code in ('need', 'want')
                and not shifted.is_bill_due
                and shifted.available_minor + shifted.shifted_minor > 0
                then greatest(
                    least(
                        shifted.available_minor + shifted.shifted_minor,
                        {{ planned_until(
                            '(available_minor + shifted_minor + flexible_minor)',
                            '(period_end - plan_start)',
                            '(opened_on - plan_start)',
                            'weight_at_opening'
                        ) }}
                        - shifted.flexible_minor
                    ),
                    0
                )
            else 0
        end as saved_minor
    from shifted
),

saved as (
    select
        left_over.*,
        case
            when left_over.day_rule = 'save' and left_over.category_code = 'savings'
                then
                    (
                        sum(left_over.saved_minor)
                            over (partition by left_over.user_id, left_over.period_start, left_over.plan_date)
                    )::bigint
            else 0
        end as put_aside_minor
    from left_over
),

final as (
    select
        saved.*,
        saved.shifted_minor - saved.saved_minor + saved.put_aside_minor as moved_minor
    from saved
)

select * from final
