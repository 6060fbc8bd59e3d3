with plan_users as (
    select * from {{ ref('int_plan_users') }}
),

transactions as (
    select * from {{ ref('stg_app__transactions') }}
),

own_categories as (
    select * from {{ ref('int_own_categories') }}
),

linked_categories as (
    select * from {{ ref('int_linked_categories') }}
),

split_lines as (
    select * from {{ ref('stg_app__split_lines') }}
),

categories as (
    select * from {{ ref('categories') }}
),

currencies as (
    select * from {{ ref('currencies') }}
),

-- A part of a split stands on its own; a code that is not in the taxonomy counts as none.
lined as (
    select
        transactions.*,
        plan_users.currency as plan_currency,
        coalesce(split_lines.line_number, 0) as line_number,
        coalesce(split_lines.amount_minor, transactions.amount_minor) as line_amount_minor,
        split_lines.line_number is not null as is_split,
        part_categories.code as part_category_code
    from plan_users
    inner join transactions on plan_users.user_id = transactions.user_id
    left join split_lines
        on
            transactions.user_id = split_lines.user_id
            and transactions.transaction_id = split_lines.transaction_id
    left join categories as part_categories on split_lines.category_code = part_categories.code
    -- A build has all of them; of a live plan nobody sees what lies before its look-back.
    where plan_users.wanted_from is null or transactions.spent_date >= plan_users.reads_from
),

categorised as (
    select
        lined.*,
        linked_categories.link_kind,
        linked_categories.linked_transaction_id,
        coalesce(lined.counterparty, own_categories.merchant) as merchant,
        case
            when lined.is_split then coalesce(lined.part_category_code, 'uncategorised')
            when own_categories.category_origin in ('user', 'rule') then own_categories.category_code
            else coalesce(linked_categories.category_code, own_categories.category_code)
        end as category_code,
        case
            when lined.is_split then 'user'
            when own_categories.category_origin in ('user', 'rule') then own_categories.category_origin
            when linked_categories.category_code is not null then 'link'
            else own_categories.category_origin
        end as category_origin,
        case
            when not lined.is_split and linked_categories.category_code is null
                then own_categories.category_probability
        end as category_probability,
        case
            when lined.is_split then 'you split it'
            when own_categories.category_origin in ('user', 'rule') or linked_categories.category_code is null
                then own_categories.category_reason
            else 'it is a ' || linked_categories.link_kind
        end as category_reason,
        case
            when not lined.is_split and linked_categories.category_code is null then own_categories.model_version
        end as model_version
    from lined
    inner join own_categories
        on
            lined.user_id = own_categories.user_id
            and lined.transaction_id = own_categories.transaction_id
    left join linked_categories
        on
            lined.user_id = linked_categories.user_id
            and lined.transaction_id = linked_categories.transaction_id
),

-- Only money in another currency asks for a rate.
rated as (
    select
        categorised.*,
        case
            when categorised.currency <> categorised.plan_currency
                then {{ units_per_euro('categorised.currency', 'categorised.spent_date') }}
        end as from_rate,
        case
            when categorised.currency <> categorised.plan_currency
                then {{ units_per_euro('categorised.plan_currency', 'categorised.spent_date') }}
        end as to_rate
    from categorised
),

converted as (
    select
        rated.*,
        case
            when rated.currency = rated.plan_currency then rated.line_amount_minor
            else
                {{ converted_minor(
                    'rated.line_amount_minor', 'rated.from_rate', 'rated.to_rate',
                    'from_units.exponent', 'to_units.exponent'
                ) | indent(16) }}
        end as amount_plan_minor
    from rated
    left join currencies as from_units on rated.currency = from_units.code
    left join currencies as to_units on rated.plan_currency = to_units.code
),

final as (
    select
        converted.user_id,
        converted.transaction_id,
        converted.line_number,
        converted.account_id,
        converted.booked_date,
        converted.spent_date,
        converted.line_amount_minor as amount_minor,
        converted.currency,
        converted.amount_plan_minor,
        converted.status,
        converted.description,
        converted.merchant,
        converted.category_code,
        converted.category_origin,
        converted.category_probability,
        converted.category_reason,
        converted.model_version,
        categories.group_code,
        converted.link_kind,
        converted.linked_transaction_id,
        -- Money in of which is known what it came back from is explained, whatever that was.
        {{ is_spending('categories.group_code', 'converted.category_code', 'converted.line_amount_minor') }}
        or (
            categories.group_code in ('need', 'want')
            and coalesce(converted.link_kind in ('refund', 'reimbursement'), false)
        ) as is_spending,
        categories.group_code = 'transfer' as is_transfer,
        converted.created_at,
        converted.updated_at
    from converted
    inner join categories on converted.category_code = categories.code
)

select * from final
