with daily_cash_flow as (
    select * from {{ ref('fct_daily_cash_flow') }}
),

months as (
    select
        user_id,
        {{ month_of('cash_date') }} as month_start,
        currency,
        sum(income_minor)::bigint as income_minor,
        sum(spent_minor)::bigint as spent_minor,
        sum(refunded_minor)::bigint as refunded_minor,
        sum(saved_minor)::bigint as saved_minor,
        sum(transferred_minor)::bigint as transferred_minor,
        (array_agg(net_worth_minor order by cash_date desc))[1] as net_worth_minor
    from daily_cash_flow
    group by user_id, {{ month_of('cash_date') }}, currency
),

final as (
    select
        user_id,
        month_start,
        income_minor,
        spent_minor,
        refunded_minor,
        saved_minor,
        transferred_minor,
        (income_minor - spent_minor)::bigint as cash_flow_minor,
        case when income_minor > 0 then round(1 - spent_minor::numeric / income_minor, 4) end as saving_rate,
        net_worth_minor,
        (net_worth_minor - lag(net_worth_minor) over in_order)::bigint as net_worth_change_minor,
        lag(spent_minor) over in_order as previous_spent_minor,
        currency
    from months
    window in_order as (partition by user_id order by month_start)
)

select * from final
