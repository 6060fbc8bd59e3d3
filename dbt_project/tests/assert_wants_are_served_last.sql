-- Redistribution asks givers in the order of service from its other end: wants first, the last served first.
select
    wants.code,
    served_later.code as served_later_code
from {{ ref('categories') }} as wants
inner join {{ ref('categories') }} as served_later on wants.priority < served_later.priority
where wants.group_code = 'want' and served_later.group_code in ('need', 'saving')
