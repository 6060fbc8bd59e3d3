"""Rules, what corrections taught, and recurring series, as JSON from Postgres."""

from __future__ import annotations

from api.documents import Document

RULES = Document("""
select coalesce(json_agg(json_build_object(
    'rule_id', rule.rule_id,
    'place', rule.place,
    'name', rule.name,
    'match', rule.match,
    'conditions', rule.conditions,
    'actions', rule.actions,
    'for_past', rule.since is null,
    'is_on', rule.is_on,
    'lines', (
        select count(*) from app.rule_matches as matched
        where matched.user_id = rule.user_id and matched.rule_id = rule.rule_id
    )
) order by rule.place, rule.rule_id), '[]') as document
from reader
inner join app.category_rules as rule on reader.user_id = rule.user_id
""")

MEMORY = Document("""
select coalesce(json_agg(json_build_object(
    'merchant', memory.merchant_key,
    'is_in', memory.is_in,
    'category_code', memory.category_code,
    'probability', round(memory.probability::numeric, 3),
    'reason', format(
        'you put %s of %s earlier lines of this merchant here', memory.times, memory.of_times
    ),
    'past_lines', (
        select count(*)
        from app.transactions as line
        inner join app.standing_categories as standing
            on line.user_id = standing.user_id and line.transaction_id = standing.transaction_id
        where line.user_id = memory.user_id and line.merchant_key = memory.merchant_key
            and memory.is_in = (line.amount_minor > 0) and line.deleted_at is null
            and standing.category_origin not in ('user', 'rule')
            and standing.category_code <> memory.category_code
    )
) order by memory.decided_at desc, memory.merchant_key), '[]') as document
from reader
inner join app.merchant_memory as memory on reader.user_id = memory.user_id
""")

SERIES = Document("""
select coalesce(json_agg(json_build_object(
    'series_id', series.series_id,
    'name', series.name,
    'category_code', series.category_code,
    'direction', series.direction,
    'cadence', series.cadence,
    'currency', series.currency,
    'amount', -series.expected_minor * coalesce(units.unit, 0.01),
    'amount_from', -series.high_minor * coalesce(units.unit, 0.01),
    'amount_to', -series.low_minor * coalesce(units.unit, 0.01),
    'yearly_amount', -series.yearly_minor * coalesce(units.unit, 0.01),
    'price_before', -series.price_before_minor * coalesce(units.unit, 0.01),
    'price_changed_on', series.price_changed_on,
    'last_date', series.last_date,
    'next_date', series.next_date,
    'status', series.status,
    'times', series.times,
    'missed', series.missed,
    'doubled', series.doubled,
    'is_subscription', series.is_subscription,
    'is_income', series.is_income,
    'probability', round(series.probability::numeric, 3),
    'word', said.word
) order by series.status = 'ended', series.next_date, series.name, series.series_id), '[]') as document
from reader
inner join ml.recurring_series as series on reader.user_id = series.user_id
left join app.recurring_words as said
    on series.user_id = said.user_id and series.series_id = said.series_id
left join units on series.currency = units.currency
""")
