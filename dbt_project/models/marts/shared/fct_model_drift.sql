{{ config(materialized='view') }}

with predictions as (
    select * from {{ ref('stg_ml__category_predictions') }}
),

transactions as (
    select * from {{ ref('stg_app__transactions') }}
),

decisions as (
    select * from {{ ref('stg_app__category_decisions') }}
),

scored as (
    select
        date_trunc('month', transactions.spent_date)::date as month_start,
        least(floor(predictions.probability * 10), 9) as bin,
        predictions.category_code <> 'uncategorised' as is_stored,
        decisions.category_code is not null as is_decided,
        coalesce(decisions.category_code = predictions.suggested_code, false) as is_agreed
    from predictions
    inner join transactions
        on
            predictions.user_id = transactions.user_id
            and predictions.transaction_id = transactions.transaction_id
    left join decisions
        on
            predictions.user_id = decisions.user_id
            and predictions.transaction_id = decisions.transaction_id
),

binned as (
    select
        month_start,
        bin,
        count(*) as line_count
    from scored
    group by month_start, bin
),

months as (
    select
        month_start,
        count(*) as line_count,
        avg(is_stored::int)::double precision as stored_share,
        count(*) filter (where is_decided) as decided,
        count(*) filter (where is_decided and is_agreed) as agreed,
        count(*) filter (where is_stored) as stored_count
    from scored
    group by month_start
),

-- Each month against the three months before it.
compared as (
    select
        months.month_start,
        sum(previous.line_count)::bigint as lines_before,
        sum(previous.stored_count)::double precision / nullif(sum(previous.line_count), 0) as stored_share_before,
        sum(previous.decided)::bigint as decided_before,
        sum(previous.agreed)::bigint as agreed_before
    from months
    inner join months as previous
        on
            months.month_start > previous.month_start
            and months.month_start - interval '3 months' <= previous.month_start
    group by months.month_start
),

-- Half a line more in every bin, so that an empty one is no infinity.
shares as (
    select
        months.month_start,
        bins.bin,
        (coalesce(own.line_count, 0) + 0.5) / (months.line_count + 5) as share_now,
        (coalesce(sum(earlier.line_count), 0) + 0.5) / (compared.lines_before + 5) as share_before
    from months
    inner join compared on months.month_start = compared.month_start
    cross join generate_series(0, 9) as bins (bin)
    left join binned as own on months.month_start = own.month_start and bins.bin = own.bin
    left join binned as earlier
        on
            bins.bin = earlier.bin
            and months.month_start > earlier.month_start
            and months.month_start - interval '3 months' <= earlier.month_start
    group by months.month_start, bins.bin, own.line_count, months.line_count, compared.lines_before
),

shifts as (
    select
        month_start,
        sum((share_now - share_before) * ln(share_now / share_before))::double precision as probability_shift
    from shares
    group by month_start
),

final as (
    select
        months.month_start,
        months.line_count,
        months.stored_share,
        months.decided,
        months.agreed,
        compared.lines_before,
        compared.stored_share_before,
        compared.decided_before,
        compared.agreed_before,
        shifts.probability_shift
    from months
    left join compared on months.month_start = compared.month_start
    left join shifts on months.month_start = shifts.month_start
)

select * from final
