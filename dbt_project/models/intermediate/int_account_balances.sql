with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

statement_accounts as (
    select * from {{ ref('stg_app__described_accounts') }}
),

statement_lines as (
    select * from {{ ref('stg_raw__statement_lines') }}
),

last_days as (
    select
        statement_lines.user_id,
        statement_lines.batch_id,
        statement_lines.account_ref,
        statement_lines.currency,
        max(statement_lines.booked_date) as balance_date
    from plan_users
    inner join statement_lines on plan_users.user_id = statement_lines.user_id
    where statement_lines.status = 'posted'
    group by
        statement_lines.user_id,
        statement_lines.batch_id,
        statement_lines.account_ref,
        statement_lines.currency
),

-- Batch ids are ordered by time: of two statements that end on one day the later import counts.
final as (
    select distinct on (statement_accounts.user_id, statement_accounts.account_id)
        statement_accounts.user_id,
        statement_accounts.account_id,
        statement_accounts.closing_balance_minor as balance_minor,
        last_days.balance_date
    from last_days
    inner join statement_accounts
        on
            last_days.user_id = statement_accounts.user_id
            and last_days.batch_id = statement_accounts.batch_id
            and last_days.account_ref = statement_accounts.account_ref
            and last_days.currency = statement_accounts.currency
    where statement_accounts.closing_balance_minor is not null
    order by
        statement_accounts.user_id asc,
        statement_accounts.account_id asc,
        last_days.balance_date desc,
        statement_accounts.batch_id desc
)

select * from final
