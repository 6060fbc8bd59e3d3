"""Transactions, as JSON from the marts."""

from __future__ import annotations

from api.documents import Document

#: A page of transactions, the latest first. A bank knows the day only: they stand at noon of the user's
#: zone, which is the same day in nearly every other.
PAGE = Document("""
select coalesce(json_agg(json_build_object(
    'id', listed.transaction_id,
    'category', listed.client_code,
    'category_code', listed.category_code,
    'group', listed.group_code,
    'amount', -listed.amount_minor * coalesce(units.unit, 0.01),
    'currency', listed.currency,
    'description', listed.description,
    'merchant', listed.merchant,
    'location', null,
    'tags', '[]'::json,
    'is_recurring', false,
    'is_pending', listed.status = 'pending',
    'confidence_score', round(listed.category_probability::numeric, 3),
    'receipt_url', null,
    'notes', null,
    'spent_at', to_char(
        (listed.spent_date + time '12:00') at time zone listed.timezone at time zone 'UTC',
        'YYYY-MM-DD"T"HH24:MI:SS"Z"'
    ),
    'created_at', to_char(listed.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'updated_at', to_char(listed.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
) order by listed.spent_date desc, listed.transaction_id desc), '[]') as document
from (
    select made.*, category.client_code, reader.timezone
    from reader
    inner join marts.fct_transactions as made on reader.user_id = made.user_id
    inner join marts.dim_categories as category on made.category_code = category.category_code
    where (made.is_spending or %(everything)s::bool)
        and made.spent_date >= coalesce(
            %(start_day)s::date, (%(start_at)s::timestamptz at time zone reader.timezone)::date, '-infinity'
        )
        and made.spent_date <= coalesce(
            %(end_day)s::date, (%(end_at)s::timestamptz at time zone reader.timezone)::date, 'infinity'
        )
        and (%(category)s::text is null or %(category)s::text in (category.client_code, made.category_code))
    order by made.spent_date desc, made.transaction_id desc
    limit %(limit)s::int offset %(skip)s::int
) as listed
left join units on listed.currency = units.currency
""")
