{{
    config(
        pre_hook=plan_by_hashing(),
        indexes=[
            {'columns': ['user_id', 'period_start', 'moved_on', 'to_category', 'from_category', 'source'], 'unique': True},
        ]
    )
}}

with shifts as (
    select * from {{ ref('int_plan_shifts') }}
),

-- Who gives what to whom: the overlap of a giver's stretch with a receiver's.
redistributed as (
    select
        receivers.user_id,
        receivers.period_start,
        receivers.moved_on,
        givers.category_code as from_category,
        receivers.category_code as to_category,
        least(givers.until_minor, receivers.until_minor) - greatest(givers.from_minor, receivers.from_minor)
            as amount_minor,
        case when receivers.available_minor < 0 then 'overspent' else 'needed_ahead' end as reason,
        givers.role as source,
        receivers.is_applied,
        givers.available_minor as from_available_minor,
        givers.need_minor as from_need_minor,
        receivers.available_minor as to_available_minor,
        receivers.need_minor as to_need_minor,
        receivers.spent_before_minor as to_spent_minor,
        receivers.currency
    from shifts as receivers
    inner join shifts as givers
        on
            receivers.user_id = givers.user_id
            and receivers.moved_on = givers.moved_on
            and receivers.from_minor < givers.until_minor
            and receivers.until_minor > givers.from_minor
    where receivers.role = 'receiver' and givers.role in ('surplus', 'reserve')
),

saved as (
    select
        user_id,
        period_start,
        moved_on,
        category_code as from_category,
        'savings' as to_category,
        moved_minor as amount_minor,
        'underspent' as reason,
        'day' as source,
        is_applied,
        available_minor as from_available_minor,
        need_minor as from_need_minor,
        null::bigint as to_available_minor,
        null::bigint as to_need_minor,
        null::bigint as to_spent_minor,
        currency
    from shifts
    where role = 'saver'
),

final as (
    select * from redistributed
    union all
    select * from saved
)

select * from final
