-- Named twice below, and still read by the index of the users at hand: hence not materialized.
with plan_users as not materialized (
    select * from {{ ref('int_plan_users') }}
),

links as not materialized (
    select * from {{ ref('stg_app__transaction_links') }}
),

transactions as not materialized (
    select * from {{ ref('stg_app__transactions') }}
),

accounts as not materialized (
    select * from {{ ref('stg_app__accounts') }}
),

standing as (
    select * from {{ ref('stg_app__standing_categories') }}
),

categories as (
    select * from {{ ref('categories') }}
),

split_lines as not materialized (
    select * from {{ ref('stg_app__split_lines') }}
),

-- Every link seen from each of its ends that it says something of: both of a transfer, the money that came back.
ends as (
    select
        links.user_id,
        links.source_transaction_id as transaction_id,
        links.target_transaction_id as linked_transaction_id,
        links.kind
    from plan_users
    inner join links on plan_users.user_id = links.user_id
    where links.band = 'paired'
    union all
    select
        links.user_id,
        links.target_transaction_id as transaction_id,
        links.source_transaction_id as linked_transaction_id,
        links.kind
    from plan_users
    inner join links on plan_users.user_id = links.user_id
    where links.band = 'paired' and links.kind = 'transfer' and links.target_transaction_id is not null
),

-- As int_own_categories has it. Were that named twice in a live plan, all of its columns would be computed.
own_categories as (
    select
        standing.user_id,
        standing.transaction_id,
        coalesce(categories.code, 'uncategorised') as category_code
    from plan_users
    inner join standing on plan_users.user_id = standing.user_id
    left join categories on standing.category_code = categories.code
),

final as (
    select
        ends.user_id,
        ends.transaction_id,
        ends.linked_transaction_id,
        ends.kind as link_kind,
        case
            when ends.kind <> 'transfer' then coalesce(largest_part.category_code, own_categories.category_code)
            when 'card' in (own_accounts.kind, linked_accounts.kind) then 'card_payment'
            when 'cash' in (own_accounts.kind, linked_accounts.kind) then 'cash_withdrawal'
            else 'internal_transfer'
        end as category_code
    from ends
    inner join transactions
        on ends.user_id = transactions.user_id and ends.transaction_id = transactions.transaction_id
    inner join accounts as own_accounts
        on transactions.user_id = own_accounts.user_id and transactions.account_id = own_accounts.account_id
    left join transactions as linked
        on ends.user_id = linked.user_id and ends.linked_transaction_id = linked.transaction_id
    left join accounts as linked_accounts
        on linked.user_id = linked_accounts.user_id and linked.account_id = linked_accounts.account_id
    left join own_categories
        on
            ends.user_id = own_categories.user_id
            and ends.linked_transaction_id = own_categories.transaction_id
            and ends.kind <> 'transfer'
    -- What came back from a split purchase goes where its largest part went.
    left join lateral (
        select split_lines.category_code
        from split_lines
        where
            split_lines.user_id = ends.user_id
            and split_lines.transaction_id = ends.linked_transaction_id
            and ends.kind <> 'transfer'
        order by abs(split_lines.amount_minor) desc, split_lines.line_number
        limit 1
    ) as largest_part on true
)

select * from final
