-- Each opened day's givers and receivers with their stretches on the two running totals, of the months whose
-- moves are kept.
with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

-- The bounds for everybody reach through all windows; a user's own follows.
redistribution as (
    select * from {{ ref('int_redistribution') }}
    where
        plan_date = opened_on
        and plan_date >= (select coalesce(min(plan_users.wanted_from), date '-infinity') from plan_users)
        and plan_date < (select coalesce(max(plan_users.wanted_until), date 'infinity') from plan_users)
        and period_start >= (
            select {{ add_months('min(plan_users.current_period_start)', -(var('plan_moves_periods') | int)) }}
            from plan_users
        )
),

kept as (
    select redistribution.*
    from redistribution
    inner join plan_users on redistribution.user_id = plan_users.user_id
    where
        redistribution.period_start
        >= {{ add_months('plan_users.current_period_start', -(var('plan_moves_periods') | int)) }}
),

final as (
    select
        kept.user_id,
        kept.period_start,
        kept.plan_date as moved_on,
        kept.category_code,
        stretch.role,
        stretch.until_minor - stretch.asked_minor as from_minor,
        stretch.until_minor,
        stretch.moved_minor,
        case when stretch.role in ('receiver', 'saved') then stretch.moved_minor else -stretch.moved_minor end
            as change_minor,
        kept.moves_mode = 'auto' or stretch.role in ('saver', 'saved') as is_applied,
        case when stretch.role <> 'saved' then kept.available_minor end as available_minor,
        case when stretch.role <> 'saved' then kept.need_minor end as need_minor,
        case when stretch.role <> 'saved' then kept.spent_before_minor end as spent_before_minor,
        kept.currency
    from kept
    cross join
        lateral (
            values
            ('receiver', kept.asked_minor, kept.asked_until_minor, kept.received_minor),
            ('surplus', kept.offered_minor, kept.offered_until_minor, kept.given_minor),
            ('reserve', kept.reserved_minor, kept.reserved_until_minor, kept.given_of_reserve_minor),
            ('saver', null, null, kept.saved_minor),
            ('saved', null, null, kept.put_aside_minor)
        ) as stretch (role, asked_minor, until_minor, moved_minor)
    where stretch.moved_minor > 0
)

select * from final
