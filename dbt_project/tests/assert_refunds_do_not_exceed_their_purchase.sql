-- What came back from a purchase, in one refund or several, is at most what it cost; what a user linked is theirs.
select
    links.user_id,
    links.target_transaction_id
from {{ ref('stg_app__transaction_links') }} as links
inner join {{ ref('stg_app__transactions') }} as backs
    on links.user_id = backs.user_id and links.source_transaction_id = backs.transaction_id
inner join {{ ref('stg_app__transactions') }} as purchases
    on links.user_id = purchases.user_id and links.target_transaction_id = purchases.transaction_id
where links.band = 'paired' and links.kind <> 'transfer'
group by links.user_id, links.target_transaction_id, purchases.amount_minor
having
    sum(backs.amount_minor) > -purchases.amount_minor
    and bool_and(links.origin = 'matcher')
