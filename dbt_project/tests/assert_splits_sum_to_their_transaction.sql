-- The parts of a split are the whole, to the minor unit.
select
    split_lines.user_id,
    split_lines.transaction_id
from {{ ref('stg_app__split_lines') }} as split_lines
inner join {{ ref('stg_app__transactions') }} as transactions
    on
        split_lines.user_id = transactions.user_id
        and split_lines.transaction_id = transactions.transaction_id
group by split_lines.user_id, split_lines.transaction_id, transactions.amount_minor
having sum(split_lines.amount_minor) <> transactions.amount_minor
