"""Forecasts, alerts, findings and comparisons as JSON, in the shapes that the client reads.

Where nothing was computed for a user, the row is the one that says so (``nothing``).
"""

# ruff: noqa: S608 - statements are put together of our own words alone

from __future__ import annotations

from typing import LiteralString

import orjson

from api.documents import Document
from api.income import INCOME_MINOR
from api.insights.to_come import said_of
from api.spendable import FORECAST as FORECAST_OF_DAY
from api.spendable import SAFE_MINOR

#: English or Bulgarian: what the user chose, else what their country speaks.
LANGUAGE: LiteralString = """
(select case when coalesce(
    (select chosen.settings ->> 'language' from app.preferences as chosen
        where chosen.user_id = reader.user_id),
    case when reader.country = 'BG' then 'bg' else 'en' end
) like 'bg%' then 'bg' else 'en' end)
"""
FINDINGS: LiteralString = f"""
findings as (
    select
        case when {LANGUAGE} = 'bg' then i.title_bg else i.title_en end as title,
        case when {LANGUAGE} = 'bg' then i.text_bg else i.text_en end as told,
        i.*, i.value_minor * reader.unit as value
    from reader
    inner join ml.insights as i on reader.user_id = i.user_id
    where i.rank > 0
        and not exists (
            select from app.insight_ratings as rated
            where rated.user_id = i.user_id and rated.insight_key = i.insight_key and not rated.is_useful
        )
    order by i.rank desc, i.insight_key
    limit 20
)
"""
FINDING: LiteralString = """
json_build_object(
    'key', f.insight_key, 'kind', f.kind, 'title', f.title, 'text', f.told, 'content', f.told, 'message',
        f.told,
    'value', f.value, 'currency', f.currency, 'confidence', f.confidence, 'sources', f.sources,
    'found_on', f.found_on
)
"""
_ALERTS: LiteralString = """
shown as (
    select a.*, a.amount_minor * reader.unit as amount, a.usual_minor * reader.unit as expected
    from reader
    inner join ml.alerts as a on reader.user_id = a.user_id
    where a.is_shown and a.raised_on > reader.today - coalesce(%(days)s::int, 90)
        and not exists (
            select from app.alert_decisions as decided
            where decided.user_id = a.user_id and decided.alert_key = a.alert_key and decided.is_dismissed
        )
    order by a.raised_on desc, a.usefulness desc
)
"""
_AHEAD: LiteralString = """
ahead as (
    select f.*, f.forecast_date - reader.today as days_ahead, reader.unit
    from reader inner join ml.forecast_days as f on reader.user_id = f.user_id
    where f.forecast_date >= reader.today
),
first_day as (
    select f.spent_until_p10_minor as p10, f.spent_until_p50_minor as p50, f.spent_until_p90_minor as p90
    from reader inner join ml.forecast_days as f on reader.user_id = f.user_id
    where f.forecast_date < reader.today order by f.forecast_date desc limit 1
)
"""


def or_nothing(method: str, path: str, answer: LiteralString, steps: LiteralString = "") -> Document:
    """The answer, or what the path says where there is none."""
    nothing = orjson.dumps(said_of(method, path)).decode().replace("'", "''")
    head = f"with {steps}" if steps else ""
    return Document(f"{head} select coalesce(({answer}), '{nothing}'::json) as document from reader")


FORECAST = or_nothing(
    "GET",
    "/api/budget/forecast",
    f"""
    select json_build_object(
        'enough_data', true, 'currency', max(ahead.currency), 'known_until', max(ahead.known_until),
        'model_version', max(ahead.model_version),
        'safe_to_spend', (
            select json_build_object(
                'amount', {SAFE_MINOR} * reader.unit, 'cap', forecast.cap_minor * reader.unit,
                'next_income_date', forecast.next_income_date, 'reaches_payday', forecast.reaches_payday
            )
            from marts.served_daily_totals(reader.user_id, reader.today, reader.today) as day
            {FORECAST_OF_DAY}
            where forecast.user_id is not null
        ),
        'days', json_agg(json_build_object(
            'date', ahead.forecast_date,
            'spent', json_build_object('p10', ahead.spent_p10_minor * ahead.unit,
                'p50', ahead.spent_p50_minor * ahead.unit, 'p90', ahead.spent_p90_minor * ahead.unit),
            'spent_until', json_build_object('p10', ahead.spent_until_p10_minor * ahead.unit,
                'p50', ahead.spent_until_p50_minor * ahead.unit, 'p90',
                    ahead.spent_until_p90_minor * ahead.unit),
            'balance', case when ahead.balance_p50_minor is not null then json_build_object(
                'p10', ahead.balance_p10_minor * ahead.unit, 'p50', ahead.balance_p50_minor * ahead.unit,
                'p90', ahead.balance_p90_minor * ahead.unit) end
        ) order by ahead.forecast_date)
    )
    from ahead having count(*) > 0
    """,
    _AHEAD,
)
PREDICTION = or_nothing(
    "GET",
    "/api/ai/spending-prediction",
    """
    select json_build_object(
        'enough_data', true, 'period_days', ahead.days_ahead + 1,
        'predicted_amount', greatest(ahead.spent_until_p50_minor - coalesce(first_day.p50, 0),
            0) * ahead.unit,
        'low', greatest(ahead.spent_until_p10_minor - coalesce(first_day.p10, 0), 0) * ahead.unit,
        'high', greatest(ahead.spent_until_p90_minor - coalesce(first_day.p90, 0), 0) * ahead.unit,
        'confidence', 0.8, 'factors', '[]'::json
    )
    from ahead left join first_day on true
    where ahead.days_ahead < least(coalesce(%(days_ahead)s::int, 30), 90)
    order by ahead.days_ahead desc limit 1
    """,
    _AHEAD,
)
PREDICTIONS = or_nothing(
    "GET",
    "/api/behavior/predictions",
    """
    select json_build_object(
        'enough_data', true, 'next_month_spending', ahead.spent_until_p50_minor * ahead.unit, 'confidence',
            0.8,
        'risk_factors', (
            select coalesce(json_agg(json_build_object('factor', f.title, 'impact', f.value)), '[]')
            from findings as f where f.kind in ('payday', 'over_budget') and f.value > 0
        ),
        'recommended_budget', ahead.spent_until_p50_minor * ahead.unit,
        'savings_potential', (
            select coalesce(sum(f.value), 0) from findings as f where f.kind in ('category_rise', 'fees')
        )
    )
    from ahead where ahead.days_ahead < 30 order by ahead.days_ahead desc limit 1
    """,
    f"{_AHEAD}, {FINDINGS}",
)
ANOMALIES = Document(f"""
with {_ALERTS}
select coalesce(json_agg(json_build_object(
    'key', shown.alert_key, 'kind', shown.kind, 'description', shown.merchant, 'merchant', shown.merchant,
    'date', shown.raised_on, 'category', shown.category_code, 'amount', shown.amount,
    'expected_amount', shown.expected, 'anomaly_score', round(shown.probability::numeric, 4),
    'severity', case when shown.probability >= 0.8 then 'high' when shown.probability >= 0.5 then 'medium'
        else 'low' end,
    'possible_causes', json_build_array(replace(shown.kind, '_', ' '))
)), '[]') as document
from shown
""")
WARNINGS = Document(f"""
with {_ALERTS}, {FINDINGS}
select json_build_object('enough_data', true, 'warnings', coalesce((
    select json_agg(json_build_object('kind', w.kind, 'title', w.title, 'message', w.told)) from (
        select f.kind, f.title, f.told from findings as f where f.kind in ('payday', 'over_budget')
        union all
        select s.kind, replace(s.kind, '_', ' '), s.merchant from shown as s where s.kind = 'pace'
    ) as w
), '[]')) as document
""")
BEST = Document(
    f"with {FINDINGS} select (select {FINDING} from findings as f limit 1) as document from reader"
)
ALL = Document(f"with {FINDINGS} select coalesce(json_agg({FINDING}), '[]') as document from findings as f")
TIPS = Document(f"with {FINDINGS} select coalesce(json_agg(f.told), '[]') as document from findings as f")
HISTORY = Document(f"""
select coalesce(json_agg(json_build_object(
    'week_start', told.week_start, 'date', told.week_start, 'title', told.week_start, 'text', told.text,
    'content', told.text, 'told_by', told.told_by
) order by told.week_start desc), '[]') as document
from reader inner join ml.advice_snapshots as told
    on reader.user_id = told.user_id and told.language = {LANGUAGE}
""")
_LATEST: LiteralString = f"""
latest as (
    select told.* from reader inner join ml.advice_snapshots as told
        on reader.user_id = told.user_id and told.language = {LANGUAGE}
    order by told.week_start desc limit 1
)
"""
_SNAPSHOT: LiteralString = """
json_build_object('rating', h.health_score, 'risk', case when h.health_score is null then null
    when h.health_score >= 80 then 'low' when h.health_score >= 40 then 'medium' else 'high' end,
    'summary', latest.text, 'week_start', latest.week_start, 'told_by', latest.told_by)
"""
SNAPSHOTS = Document(f"""
with {_LATEST}
select coalesce(json_agg({_SNAPSHOT}), '[]') as document
from latest left join marts.fct_financial_health as h on latest.user_id = h.user_id
""")
SNAPSHOT = or_nothing(
    "POST",
    "/api/ai/snapshot",
    f"select {_SNAPSHOT} from latest left join marts.fct_financial_health as h on latest.user_id = h.user_id",
    _LATEST,
)
#: The last seven days beside the average week of the eight before, without today.
_TREND: LiteralString = """
weeks as (
    select
        coalesce(sum(-fact.amount_plan_minor) filter (where fact.spent_date >= reader.today - 7), 0)
            as last_minor,
        sum(-fact.amount_plan_minor) filter (where fact.spent_date < reader.today - 7) / 8.0 as usual_minor
    from reader
    inner join marts.fct_transactions as fact on reader.user_id = fact.user_id
        and fact.spent_date >= reader.today - 63 and fact.spent_date < reader.today
    where fact.is_spending and fact.amount_plan_minor is not null
    having min(fact.spent_date) < min(reader.today) - 35
)
"""
WEEKLY = or_nothing(
    "GET",
    "/api/ai/weekly-insights",
    """select json_build_object(
        'enough_data', true,
        'insights', coalesce(
            (select to_json(string_to_array(latest.text, chr(10))) from latest),
            (select json_agg(f.told) from findings as f), '[]'
        ),
        'trend', (select case when weeks.last_minor > weeks.usual_minor * 1.1 then 'up'
            when weeks.last_minor < weeks.usual_minor * 0.9 then 'down' else 'stable' end from weeks),
        'last_week', (select weeks.last_minor::bigint * reader.unit from weeks),
        'usual_week', (select round(weeks.usual_minor)::bigint * reader.unit from weeks),
        'week_start', (select latest.week_start from latest), 'told_by', (select latest.told_by from latest)
    ) where exists (select from latest) or exists (select from findings)
        or exists (select from weeks where weeks.usual_minor is not null)""",
    f"{_LATEST}, {FINDINGS}, {_TREND}",
)
FEEDBACK = or_nothing(
    "GET",
    "/api/ai/personalized-feedback",
    """select json_build_object('enough_data', true, 'feedback', (select f.told from findings as f limit 1),
        'tips', json_agg(f.told)) from findings as f having count(*) > 0""",
    FINDINGS,
)
REPORT = or_nothing(
    "GET",
    "/api/ai/monthly-report",
    """select json_build_object('enough_data', true, 'summary', string_agg(f.told,
        ' ') filter (where f.rank >= (
            select min(top.rank) from (select rank from findings limit 3) as top)),
        'highlights', json_agg(f.title), 'recommendations', json_agg(f.told))
        from findings as f having count(*) > 0""",
    FINDINGS,
)
RECOMMENDATIONS = or_nothing(
    "GET",
    "/api/behavior/recommendations",
    f"""select json_build_object('enough_data', true, 'recommendations', json_agg({FINDING}))
    from findings as f having count(*) > 0""",
    FINDINGS,
)
ANSWER = or_nothing(
    "POST",
    "/api/ai/assistant",
    """select json_build_object('enough_data', true, 'answer', string_agg(f.told, ' ')) from (
        select * from findings limit 3) as f having count(*) > 0""",
    FINDINGS,
)
SAVINGS = or_nothing(
    "GET",
    "/api/ai/savings-optimization",
    f"""select json_build_object('enough_data', true, 'potential_savings', sum(f.value),
        'suggestions', json_agg({FINDING})) from findings as f
        where f.kind in ('category_rise', 'fees', 'subscriptions') having count(*) > 0""",
    FINDINGS,
)
#: Grades and risk go by the bounds of the FinHealth Score: healthy from 80, coping from 40, else vulnerable.
#: A part that is not known is null and counts nowhere (docs/health_score.md).
_HEALTH: LiteralString = """
select json_build_object(
    'enough_data', h.health_score is not null, 'score', coalesce(h.health_score, 0),
    'grade', case when h.health_score is null then 'not enough data' when h.health_score >= 80 then 'A'
        when h.health_score >= 65 then 'B' when h.health_score >= 50
            then 'C' when h.health_score >= 40 then 'D'
        else 'E' end,
    'parts', json_build_object('saving', h.saving_points, 'buffer', h.buffer_points, 'bills', h.bill_points,
        'debt', h.debt_points, 'plan', h.plan_points),
    'measures', json_build_object('saving_rate', h.saving_rate, 'buffer_months', h.buffer_months,
        'bill_coverage', h.bill_coverage, 'debt_share', h.debt_share, 'plan_kept', h.plan_kept),
    'improvements', (
        select coalesce(json_agg(part.name order by part.points, part.name), '[]') from (values
            ('saving', h.saving_points), ('buffer', h.buffer_points), ('bills', h.bill_points),
            ('debt', h.debt_points), ('plan', h.plan_points)
        ) as part (name, points) where part.points < 70
    ),
    'risk_score', 100 - h.health_score,
    'risk_level', case when h.health_score is null then null when h.health_score >= 80 then 'low'
        when h.health_score >= 40 then 'medium' else 'high' end,
    'recommendations', '[]'::json
)
from marts.fct_financial_health as h where h.user_id = reader.user_id
"""
HEALTH = or_nothing("GET", "/api/ai/financial-health-score", _HEALTH)
#: Moves within the running period: who lacks is given from wants that have more than they usually still need,
#: overlap by overlap of two running totals, so what one gives another gets and no giver falls below its need.
_MOVES: LiteralString = """
running as (
    select p.*, category.client_code, category.is_protected, category.priority,
        greatest(p.left_minor - greatest(
            coalesce(p.previous_spent_minor, 0) * (p.period_end - reader.today)
            / greatest(p.period_end - p.period_start, 1), 0), 0) as spare_minor,
        reader.unit
    from reader
    inner join marts.fct_category_periods as p on reader.user_id = p.user_id
        and p.period_start <= reader.today and p.period_end > reader.today and p.group_code in ('need',
            'want')
    inner join marts.dim_categories as category on p.category_code = category.category_code
),
receivers as (
    select r.*, -r.left_minor as lacks,
        sum(-r.left_minor) over (order by r.priority, r.category_code) as until_minor
    from running as r where r.left_minor < 0
),
givers as (
    select r.*, sum(r.spare_minor) over (order by r.priority desc, r.category_code) as until_minor
    from running as r where r.spare_minor > 0 and not r.is_protected
),
moves as (
    select giver.category_code as from_category, giver.client_code as from_client,
        receiver.category_code as to_category, receiver.client_code as to_client, giver.unit,
        least(giver.until_minor, receiver.until_minor)
        - greatest(giver.until_minor - giver.spare_minor,
            receiver.until_minor - receiver.lacks) as amount_minor,
        giver.left_minor as from_left, receiver.left_minor as to_left
    from givers as giver inner join receivers as receiver
        on giver.until_minor - giver.spare_minor < receiver.until_minor
        and receiver.until_minor - receiver.lacks < giver.until_minor
)
"""
OPTIMIZE = or_nothing(
    "POST",
    "/api/ai/optimize-budget",
    """
    select json_build_object(
        'enough_data', true,
        'overall_score', (select h.health_score from marts.fct_financial_health as h
            where h.user_id = reader.user_id),
        'suggestions', coalesce((select json_agg(json_build_object(
            'from', m.from_client, 'to', m.to_client, 'from_category', m.from_category,
            'to_category', m.to_category, 'amount', m.amount_minor * m.unit,
            'text', m.from_client || ' -> ' || m.to_client
        ) order by m.amount_minor desc, m.from_category, m.to_category) from moves as m), '[]'),
        'effect', json_agg(json_build_object(
            'category', running.category_code, 'budget', running.budget_minor * running.unit,
            'left_before', running.left_minor * running.unit,
            'left_after', (running.left_minor
                + coalesce((select sum(m.amount_minor) from moves as m
                    where m.to_category = running.category_code), 0)
                - coalesce((select sum(m.amount_minor) from moves as m
                    where m.from_category = running.category_code), 0)
            ) * running.unit
        ) order by running.category_code)
    )
    from running having count(*) > 0
    """,
    _MOVES,
)
_CLUSTER: LiteralString = f"""
member as (
    select m.*, named.name ->> {LANGUAGE} as cluster_name
    from reader
    inner join ml.cluster_members as m on reader.user_id = m.user_id
    inner join ml.fitted_parameters as p on p.name = 'clusters' and p.version = m.model_version
    cross join lateral (select p.document -> 'names' -> m.cluster as name) as named
    order by m.month desc limit 1
)
"""
CLUSTER = or_nothing(
    "GET",
    "/api/behavior/cluster",
    """select json_build_object('enough_data', true, 'cluster_name', member.cluster_name,
        'description', member.cluster_name, 'characteristics', string_to_array(member.cluster_name, ', '),
        'month', member.month, 'drift', round(member.drift::numeric, 3)) from member""",
    _CLUSTER,
)
ANALYSIS = or_nothing(
    "GET",
    "/api/behavior/analysis",
    """select json_build_object('enough_data', true, 'spending_personality', member.cluster_name,
        'key_traits', string_to_array(member.cluster_name, ', '),
        'recommendations', coalesce((select json_agg(f.told) from findings as f), '[]'),
        'strengths', '[]'::json, 'improvement_areas', '[]'::json, 'recommended_strategies', '[]'::json,
        'peak_spending_times', '[]'::json,
        'weekend_spending_ratio', round((member.features ->> 'weekend_share')::numeric, 4),
        'food_spending_ratio', round((member.features ->> 'share_groceries')::numeric
            + (member.features ->> 'share_eating_out')::numeric, 4)) from member""",
    f"{_CLUSTER}, {FINDINGS}",
)
PROFILE = or_nothing(
    "GET",
    "/api/ai/profile",
    """select json_build_object('enough_data', true, 'spending_personality', member.cluster_name,
        'key_traits', string_to_array(member.cluster_name, ', '),
        'improvement_areas', coalesce((select json_agg(f.title) from findings as f where f.value > 0), '[]'),
        'strengths', coalesce((select json_agg(f.title) from findings as f where f.value = 0), '[]'),
        'recommended_strategies', coalesce((select json_agg(f.told) from findings as f), '[]'))
            from member""",
    f"{_CLUSTER}, {FINDINGS}",
)
#: The most particular released group that the user is in; only who takes part is shown any.
_PEERS: LiteralString = """
peers as (
    select r.*, m.figures, (m.figures ->> r.measure)::float8 as own, told.place
    from reader
    inner join app.cohort_consents as agreed on reader.user_id = agreed.user_id and agreed.is_in
    inner join ml.cohort_members as m on reader.user_id = m.user_id
    cross join lateral jsonb_array_elements_text(m.cohorts) with ordinality as told (cohort, place)
    inner join ml.cohort_releases as r on r.cohort = told.cohort and r.month = m.month
    where m.month = (select max(last.month) from ml.cohort_members as last
        where last.user_id = reader.user_id)
        and told.place = (
            select min(other.place)
            from jsonb_array_elements_text(m.cohorts) with ordinality as other (cohort, place)
            inner join ml.cohort_releases as there on there.cohort = other.cohort and there.month = m.month
        )
),
placed as (
    select peers.*, case
        when own is null then null
        when own <= p25 then greatest(25 - 20 * (p25 - own) / greatest(p50 - p25, 1e-9), 5)
        when own <= p50 then 25 + 25 * (own - p25) / greatest(p50 - p25, 1e-9)
        when own <= p75 then 50 + 25 * (own - p50) / greatest(p75 - p50, 1e-9)
        else least(75 + 20 * (own - p75) / greatest(p75 - p50, 1e-9), 95)
    end::integer as percentile
    from peers
),
own_shares as (
    select t.category_code, -sum(t.amount_plan_minor)::numeric as spent_minor
    from reader inner join marts.fct_transactions as t on reader.user_id = t.user_id and t.is_spending
        and t.amount_plan_minor is not null and t.spent_date > reader.today - 91
    group by t.category_code
),
households as (
    select w.category_code, w.budget_weight::numeric / sum(w.budget_weight) over () as share
    from reader inner join seeds.regional_budget_weights as w on reader.country = w.country
),
reference as (
    select json_object_agg(h.category_code, json_build_object(
        'yours', round(coalesce(o.spent_minor, 0) / nullif((select sum(s.spent_minor)
            from own_shares as s), 0), 4),
        'households', round(h.share, 4)
    )) as shares
    from households as h left join own_shares as o on h.category_code = o.category_code
)
"""
PEERS = or_nothing(
    "GET",
    "/api/cohort/peer_comparison",
    """
    select case when count(*) > 0 then json_build_object(
        'enough_data', true, 'basis', 'users', 'month', max(placed.month), 'cohort', max(placed.cohort),
        'cohort_size', max(placed.people),
        'your_spending', round(max(placed.own)::numeric, 4), 'peer_average', null,
        'peer_median', max(placed.p50), 'percentile', max(placed.percentile),
        'unit', 'of the median spending in your currency', 'categories', '{}'::json, 'insights', '[]'::json
    ) else (
        select json_build_object(
            'enough_data', true, 'basis', 'public household statistics',
            'message', 'There are not enough people like you here yet; these are households of your country.',
            'your_spending', 0, 'peer_average', null, 'peer_median', null, 'percentile', null,
            'categories', reference.shares, 'insights', '[]'::json
        ) from reference where reference.shares is not null and exists (select from own_shares)
    ) end
    from placed where placed.measure = 'spent_to_median'
    """,
    _PEERS,
)
COHORT_INSIGHTS = or_nothing(
    "GET",
    "/api/cohort/insights",
    """
    select json_build_object(
        'enough_data', true, 'cohort', max(placed.cohort), 'cohort_size', max(placed.people), 'your_rank',
            null,
        'percentile', max(placed.percentile) filter (where placed.measure = 'saving_rate'),
        'top_insights', json_agg(json_build_object(
            'measure', placed.measure, 'yours', round(placed.own::numeric, 4), 'p25', placed.p25,
            'median', placed.p50, 'p75', placed.p75, 'percentile', placed.percentile
        ) order by placed.measure), 'recommendations', '[]'::json
    )
    from placed where placed.own is not null having count(*) > 0
    """,
    _PEERS,
)
COMPARISON = or_nothing(
    "GET",
    "/api/analytics/cohort-comparison",
    """
    select json_build_object('enough_data', true, 'cohort', max(placed.cohort),
        'cohort_size', max(placed.people), 'percentile', max(placed.percentile))
    from placed where placed.measure = 'spent_to_median' having count(*) > 0
    """,
    _PEERS,
)
#: The usual month by what statements say. A tier is relative to others, so only who takes part has one, and
#: only where so many are compared that nobody can be read off it (docs/cohorts.md).
_INCOME: LiteralString = f"""
earned as (
    select {INCOME_MINOR} as minor, exists (
        select from app.budget_settings as stated
        where stated.user_id = reader.user_id and stated.monthly_income_minor is not null
    ) as is_stated
    from reader
),
own_months as (
    select flow.income_minor from reader
    inner join marts.fct_monthly_cash_flow as flow on reader.user_id = flow.user_id
    where flow.month_start < date_trunc('month', reader.today::timestamp)::date
        and flow.month_start >= (date_trunc('month', reader.today::timestamp) - interval '12 months')::date
),
placed as (
    select split_part(told.cohort, '=', 2) as tier
    from reader
    inner join app.cohort_consents as agreed on reader.user_id = agreed.user_id and agreed.is_in
    inner join ml.cohort_members as m on reader.user_id = m.user_id
    cross join lateral jsonb_array_elements_text(m.cohorts) as told (cohort)
    where told.cohort in ('income_band=lower', 'income_band=middle', 'income_band=higher')
        and m.month = (select max(last.month) from ml.cohort_members as last
            where last.user_id = reader.user_id)
        and exists (select from ml.cohort_releases as r where r.cohort = told.cohort and r.month = m.month)
)
"""
INCOME = or_nothing(
    "GET",
    "/api/cohort/income_classification",
    """
    select json_build_object(
        'enough_data', true, 'monthly_income', earned.minor * reader.unit, 'currency', reader.currency,
        'basis', case when earned.is_stated then 'stated' else 'statements' end,
        'tier', (select placed.tier from placed),
        'tier_name', (select case placed.tier when 'lower' then 'below three quarters of the median'
            when 'middle' then 'three quarters to one and a half times the median'
            else 'above one and a half times the median' end from placed),
        'range', (
            select json_build_object(
                'low', percentile_disc(0.25) within group (order by o.income_minor) * reader.unit,
                'high', percentile_disc(0.75) within group (order by o.income_minor) * reader.unit,
                'months', count(*)
            ) from own_months as o having count(*) > 0
        ),
        'message', case when not exists (select from placed)
            then 'A tier is told to who takes part in comparisons, once there are enough people to compare.'
        end
    ) from earned where earned.minor > 0
    """,
    _INCOME,
)
CONSENT = Document("""
select json_build_object('takes_part', coalesce((
    select agreed.is_in from app.cohort_consents as agreed where agreed.user_id = reader.user_id
), false)) as document from reader
""")
