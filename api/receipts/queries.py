"""What is known of receipts, as the client reads it."""

from __future__ import annotations

from api.documents import Document

# Braces and names below are our own words; nothing of a request is written into them.
_FIELDS = """
json_build_object(
    'job_id', job.job_id,
    'receipt_id', job.image_id,
    'status', job.status,
    'progress', case job.status when 'pending' then 0 when 'processing' then 50 else 100 end,
    'error', job.failure,
    'created_at', job.created_at,
    'merchant', read.merchant,
    'total', round(read.total_minor::numeric / coalesce(units.unit, 100), {places}),
    'currency', read.currency,
    'date', read.spent_date,
    'category', coalesce(
        (select leaf.client_code from seeds.categories as leaf where leaf.code = read.category_code),
        'uncategorised'
    ),
    'category_code', read.category_code,
    'tax', round(read.tax_minor::numeric / coalesce(units.unit, 100), {places}),
    'items', coalesce((
        select json_agg(json_build_object(
            'name', item.name,
            'price', round(item.amount_minor::numeric / coalesce(units.unit, 100), {places}),
            'quantity', trim_scale(item.quantity),
            'unit', item.unit,
            'unit_price', round(item.unit_minor::numeric / coalesce(units.unit, 100), {places}),
            'category', item.category_code
        ) order by item.line_number)
        from app.receipt_items as item
        where item.user_id = reader.user_id and item.receipt_id = job.image_id
    ), '[]'),
    'confidence', coalesce(least(
        (read.confidence ->> 'merchant')::float8,
        (read.confidence ->> 'total')::float8,
        (read.confidence ->> 'date')::float8
    ), 0),
    'merchant_confidence', (read.confidence ->> 'merchant')::float8,
    'total_confidence', (read.confidence ->> 'total')::float8,
    'date_confidence', (read.confidence ->> 'date')::float8,
    'category_confidence', null,
    'raw_text', null,
    'receipt_image_path', case when image.storage_key is not null and image.deleted_at is null
        then concat('/api/transactions/receipt/', job.image_id, '/photo') end,
    'is_premium_processing', false,
    'metadata', json_build_object(
        'receipt_id', job.image_id,
        'needs_review', read.status = 'needs_review',
        'reasons', coalesce(read.reasons, '{{}}'),
        'duplicate_of', read.duplicate_of,
        'boxes', coalesce(read.boxes, '{{}}'),
        'transaction_id', coalesce(paid.entry_id, case when read.status = 'completed' then job.image_id end),
        'match', coalesce(paid.band, 'none')
    )
)
""".format(places="case coalesce(units.unit, 100) when 1 then 0 when 1000 then 3 else 2 end")  # noqa: S608
_JOBS = """
from ops.receipt_jobs as job
inner join raw.receipt_images as image on job.user_id = image.user_id and job.image_id = image.image_id
left join app.receipts as read on job.user_id = read.user_id and job.image_id = read.receipt_id
left join units on read.currency = units.currency
left join lateral (
    select match.entry_id, match.band
    from app.receipt_matches as match
    where match.user_id = job.user_id and match.receipt_id = job.image_id and match.band <> 'no'
    order by match.probability desc
    limit 1
) as paid on true
where job.user_id = reader.user_id
"""
JOB = Document(f"select {_FIELDS} as document {_JOBS} and job.job_id = %(job_id)s::uuid")
LATEST_JOB = Document(
    f"select {_FIELDS} as document {_JOBS} and job.image_id = %(image_id)s::uuid "
    "order by job.created_at desc limit 1"
)
#: The bank lines that paid a receipt or may have, the likeliest first; null for nobody's receipt.
MATCHES = Document("""
select case when exists (
    select from app.receipts as read
    where read.user_id = reader.user_id and read.receipt_id = %(receipt_id)s::uuid
) then coalesce((
    select json_agg(json_build_object(
        'transaction_id', line.transaction_id,
        'match', match.band,
        'probability', round(match.probability::numeric, 4),
        'told_by', match.origin,
        'date', line.spent_date,
        'amount', round(
            line.amount_minor::numeric / coalesce(units.unit, 100),
            case coalesce(units.unit, 100) when 1 then 0 when 1000 then 3 else 2 end
        ),
        'currency', line.currency,
        'description', line.description
    ) order by match.band = 'paired' desc, match.probability desc, line.transaction_id)
    from app.receipt_matches as match
    left join app.merged_entries as joined
        on match.user_id = joined.user_id and match.entry_id = joined.entry_id
    inner join app.transactions as line
        on match.user_id = line.user_id and line.deleted_at is null
        and line.transaction_id = coalesce(joined.transaction_id, match.entry_id)
    left join units on line.currency = units.currency
    where match.user_id = reader.user_id and match.receipt_id = %(receipt_id)s::uuid
), '[]') end as document
from reader
""")
HISTORY = Document(
    f"""
    select coalesce(json_agg(listed.document order by listed.created_at desc), '[]') as document
    from (
        select {_FIELDS} as document, job.created_at {_JOBS} and job.kind = 'read'
        order by job.created_at desc
        limit %(limit)s::int offset %(skip)s::int
    ) as listed
    """  # noqa: S608
)
