"""What a year of purchases tells of its maker: habits, triggers, seasons, progress; as JSON, from the marts.

A habit is told only where days of a kind differ from all others by more than chance: means that lie more
than ``DEVIATIONS`` standard errors (Welch) and a fifth apart, each of at least six days.
"""

# ruff: noqa: S608 - statements are put together of our own words alone

from __future__ import annotations

from typing import LiteralString

from api.insights.queries import FINDING, FINDINGS, LANGUAGE, or_nothing

#: Eleven kinds of days are tried, so twice the standard error would tell of something in every other chaos.
DEVIATIONS: LiteralString = "2.5"
#: Days and purchases from which a year says anything.
ENOUGH: LiteralString = "(select count(*) from days) >= 28 and (select count(*) from spending) >= 20"

#: The year that ends with the asked month, or yesterday.
_SPENDING: LiteralString = """
asked as (
    select
        coalesce(%(first_day)s::date, date_trunc('month', reader.today::timestamp)::date) as month_start,
        least(reader.today, (coalesce(%(first_day)s::date, reader.today) + interval '1 month')::date) as until
    from reader
),
spending as materialized (
    select
        fact.spent_date, coalesce(nullif(fact.merchant, ''), nullif(fact.description, '')) as merchant,
        -fact.amount_plan_minor as spent_minor, fact.is_refund, fact.category_code,
        category.client_code, category.pattern = 'fixed' as is_fixed,
        fact.spent_date >= asked.month_start as is_of_month
    from reader
    cross join asked
    inner join marts.fct_transactions as fact
        on reader.user_id = fact.user_id
            and fact.spent_date >= asked.until - 365 and fact.spent_date < asked.until
    inner join marts.dim_categories as category on fact.category_code = category.category_code
    where fact.is_spending and fact.amount_plan_minor is not null
)
"""
#: Every day of the year with what was spent on it; bills come by themselves, and are no habit.
_DAYS: LiteralString = """
paydays as (
    select flow.cash_date as day
    from reader
    cross join asked
    inner join marts.fct_daily_cash_flow as flow on reader.user_id = flow.user_id
        and flow.cash_date >= asked.until - 370 and flow.cash_date < asked.until
    where flow.income_minor > 0 and flow.income_minor * 20 >= (
        select sum(year.income_minor) from marts.fct_daily_cash_flow as year
        where year.user_id = reader.user_id
            and year.cash_date >= asked.until - 365 and year.cash_date < asked.until
    )
),
by_day as (
    select spending.spent_date, sum(spending.spent_minor) as minor
    from spending where not spending.is_fixed group by spending.spent_date
),
days as materialized (
    select
        span.day::date as day,
        extract(isodow from span.day)::integer as weekday,
        coalesce(by_day.minor, 0)::float8 as minor,
        exists (
            select from paydays where span.day::date between paydays.day and paydays.day + 4
        ) as is_payday,
        extract(day from span.day) <= 10 as is_start,
        span.day + interval '7 days' >= date_trunc('month', span.day) + interval '1 month' as is_end,
        coalesce(before.status = 'red', false) as follows_red
    from asked
    cross join lateral (
        select generate_series(
            min(spending.spent_date)::timestamp, asked.until - interval '1 day', interval '1 day'
        ) as day
        from spending
    ) as span
    cross join reader
    left join by_day on span.day::date = by_day.spent_date
    left join marts.fct_daily_totals as before
        on reader.user_id = before.user_id and span.day::date - 1 = before.plan_date
),
kinds (kind, name_en, name_bg, when_en, when_bg) as (values
    ('weekday_1', 'Mondays', 'Понеделници', 'On Mondays', 'В понеделник'),
    ('weekday_2', 'Tuesdays', 'Вторници', 'On Tuesdays', 'Във вторник'),
    ('weekday_3', 'Wednesdays', 'Среди', 'On Wednesdays', 'В сряда'),
    ('weekday_4', 'Thursdays', 'Четвъртъци', 'On Thursdays', 'В четвъртък'),
    ('weekday_5', 'Fridays', 'Петъци', 'On Fridays', 'В петък'),
    ('weekday_6', 'Saturdays', 'Съботи', 'On Saturdays', 'В събота'),
    ('weekday_7', 'Sundays', 'Недели', 'On Sundays', 'В неделя'),
    ('weekend', 'Weekends', 'Почивни дни', 'At weekends', 'В събота и неделя'),
    ('payday', 'After pay', 'След заплата', 'In the five days from pay on',
        'В петте дни от заплатата нататък'),
    ('month_start', 'First ten days', 'Първите десет дни', 'In the first ten days of a month',
        'В първите десет дни на месеца'),
    ('month_end', 'Last week of a month', 'Последната седмица на месеца', 'In the last seven days of a month',
        'В последните седем дни на месеца'),
    ('after_overspending', 'After an expensive day', 'След скъп ден', 'On the day after one beyond its plan',
        'В деня след преразход')
),
compared as (
    select
        kinds.*,
        count(*) filter (where days.holds) as days_with,
        avg(days.minor) filter (where days.holds) as mean_with,
        avg(days.minor) filter (where not days.holds) as mean_without,
        (avg(days.minor) filter (where days.holds) - avg(days.minor) filter (where not days.holds))
        / nullif(sqrt(
            var_samp(days.minor) filter (where days.holds) / count(*) filter (where days.holds)
            + var_samp(days.minor) filter (where not days.holds)
            / nullif(count(*) filter (where not days.holds), 0)
        ), 0) as deviations
    from kinds
    cross join lateral (
        select days.minor, case kinds.kind
            when 'weekend' then days.weekday > 5
            when 'payday' then days.is_payday
            when 'month_start' then days.is_start
            when 'month_end' then days.is_end
            when 'after_overspending' then days.follows_red
            else kinds.kind = 'weekday_' || days.weekday
        end as holds
        from days
    ) as days
    group by kinds.kind, kinds.name_en, kinds.name_bg, kinds.when_en, kinds.when_bg
    having count(*) filter (where days.holds) >= 6 and count(*) filter (where not days.holds) >= 6
),
"""
_HABITS: LiteralString = f"""
habits as (
    select
        compared.*,
        compared.mean_with / nullif(compared.mean_without, 0) as ratio,
        round(compared.mean_with)::bigint * reader.unit as average,
        round(compared.mean_without)::bigint * reader.unit as usual,
        reader.currency,
        case when {LANGUAGE} = 'bg' then compared.name_bg else compared.name_en end as title,
        case when {LANGUAGE} = 'bg' then format(
            '%s харчите %s %s на ден: с %s %% %s от другите дни.', compared.when_bg,
            replace((round(compared.mean_with)::bigint * reader.unit)::text, '.', ','), reader.currency,
            abs(round(100 * (compared.mean_with / nullif(compared.mean_without, 0) - 1))),
            case when compared.mean_with > compared.mean_without then 'повече' else 'по-малко' end
        ) else format(
            '%s you spend %s %s a day: %s %% %s than on other days.', compared.when_en,
            round(compared.mean_with)::bigint * reader.unit, reader.currency,
            abs(round(100 * (compared.mean_with / nullif(compared.mean_without, 0) - 1))),
            case when compared.mean_with > compared.mean_without then 'more' else 'less' end
        ) end as told
    from compared cross join reader
    where abs(compared.deviations) >= {DEVIATIONS} and compared.mean_without > 0
        and abs(compared.mean_with / compared.mean_without - 1) >= 0.2
),
shops as (
    select
        spending.merchant,
        count(*) as visits,
        sum(spending.spent_minor)::bigint as spent_minor,
        count(distinct date_trunc('month', spending.spent_date::timestamp)) as months,
        mode() within group (order by spending.client_code) as category
    from spending
    where not spending.is_fixed and not spending.is_refund and spending.merchant is not null
    group by spending.merchant
    having count(*) >= 12
        and count(*) * 14 >= (select count(*) from days)  -- every other week at least
    order by count(*) desc, spending.merchant limit 3
),
known_shops as (
    select
        shops.*,
        round(shops.visits * 30.44 / (select count(*) from days), 1) as monthly,
        case when {LANGUAGE} = 'bg' then format(
            '%s покупки от %s, средно по %s %s.', shops.visits, shops.merchant,
            replace(((shops.spent_minor / shops.visits) * reader.unit)::text, '.', ','), reader.currency
        ) else format(
            '%s purchases at %s, %s %s each on average.', shops.visits, shops.merchant,
            (shops.spent_minor / shops.visits) * reader.unit, reader.currency
        ) end as told
    from shops cross join reader
)
"""
_STEPS: LiteralString = f"{_SPENDING}, {_DAYS} {_HABITS}"
_PATTERN: LiteralString = """
json_build_object(
    'kind', h.kind, 'name', h.title, 'title', h.title, 'pattern', h.title, 'description', h.told,
    'message', h.told, 'average', h.average, 'usual', h.usual, 'ratio', round(h.ratio::numeric, 2),
    'deviations', round(h.deviations::numeric, 1), 'days', h.days_with, 'currency', h.currency
)
"""
_SHOP: LiteralString = """
json_build_object(
    'kind', 'merchant', 'name', s.merchant, 'title', s.merchant, 'pattern', s.merchant, 'description', s.told,
    'message', s.told, 'category', s.category, 'visits', s.visits, 'monthly', s.monthly
)
"""
_PATTERNS: LiteralString = f"""
coalesce((
    select json_agg(told.pattern order by told.place, told.weight desc) from (
        select {_PATTERN} as pattern, 1 as place, abs(h.deviations) as weight from habits as h
        union all
        select {_SHOP}, 2, s.visits from known_shops as s
    ) as told
), '[]')
"""
#: The asked month, and what its numbers are beside those of the year.
_ANALYSIS: LiteralString = """
json_build_object(
    'month', to_char(asked.month_start, 'YYYY-MM'),
    'currency', reader.currency,
    'total', (select coalesce(sum(s.spent_minor), 0)::bigint from spending as s where s.is_of_month)
        * reader.unit,
    'usual_month', (
        select percentile_disc(0.5) within group (order by month.minor) from (
            select sum(s.spent_minor)::bigint as minor from spending as s
            where not s.is_of_month group by date_trunc('month', s.spent_date::timestamp)
        ) as month
    ) * reader.unit,
    'purchases', (select count(*) from spending as s where s.is_of_month and not s.is_refund),
    'average_purchase', (
        select round(avg(s.spent_minor))::bigint from spending as s where s.is_of_month and not s.is_refund
    ) * reader.unit,
    'weekend_spending_ratio', (
        select round((sum(d.minor) filter (where d.weekday > 5) / nullif(sum(d.minor), 0))::numeric, 4)
        from days as d
    ),
    'fixed_spending_ratio', (
        select round(
            sum(s.spent_minor) filter (where s.is_fixed)::numeric / nullif(sum(s.spent_minor), 0), 4
        ) from spending as s
    ),
    'categories', coalesce((
        select json_object_agg(part.client_code, part.minor * reader.unit) from (
            select s.client_code, sum(s.spent_minor)::bigint as minor from spending as s
            where s.is_of_month group by s.client_code
        ) as part where part.minor <> 0
    ), '{}'),
    'weekdays', (
        select json_agg(json_build_object('weekday', w.weekday, 'average', w.minor * reader.unit)
            order by w.weekday)
        from (
            select d.weekday, round(avg(d.minor))::bigint as minor from days as d group by d.weekday
        ) as w
    )
)
"""
PATTERNS = or_nothing(
    "GET",
    "/api/ai/spending-patterns",
    f"""select json_build_object('enough_data', true, 'patterns', {_PATTERNS}, 'analysis', {_ANALYSIS})
    from asked where {ENOUGH}""",
    _STEPS,
)
BEHAVIOR_PATTERNS = or_nothing(
    "GET",
    "/api/behavior/patterns",
    f"""select json_build_object('enough_data', true, 'patterns', {_PATTERNS}, 'analysis', {_ANALYSIS})
    from asked where {ENOUGH}""",
    _STEPS,
)
#: What goes with spending more: a day of some kind, or a shop that is gone to every other week.
TRIGGERS = or_nothing(
    "GET",
    "/api/behavior/triggers",
    f"""
    select json_build_object('enough_data', true, 'triggers', coalesce((
        select json_agg(told.trigger order by told.place, told.weight desc) from (
            select json_build_object(
                'trigger_name', h.title, 'description', h.told, 'kind', h.kind,
                'frequency', round(h.days_with * 30.44 / (select count(*) from days), 1),
                'ratio', round(h.ratio::numeric, 2), 'extra_amount', h.average - h.usual
            ) as trigger, 1 as place, h.ratio as weight
            from habits as h where h.ratio > 1
            union all
            select json_build_object(
                'trigger_name', s.merchant, 'description', s.told, 'kind', 'merchant',
                'frequency', s.monthly, 'ratio', null,
                'extra_amount', (s.spent_minor / s.visits) * reader.unit
            ), 2, s.visits
            from known_shops as s
        ) as told
    ), '[]'))
    from asked where {ENOUGH}
    """,
    _STEPS,
)
#: One category of the client, or one leaf of ours, over the year.
CATEGORY = or_nothing(
    "GET",
    "/api/behavior/category/{category}",
    f"""
    select json_build_object(
        'enough_data', true, 'category', %(category)s::text, 'currency', reader.currency,
        'total', sum(part.spent_minor)::bigint * reader.unit,
        'purchases', count(*) filter (where not part.is_refund),
        'usual_purchase', percentile_disc(0.5) within group (order by part.spent_minor)
            filter (where not part.is_refund) * reader.unit,
        'months', (
            select json_agg(json_build_object(
                'month', to_char(month.first_day, 'YYYY-MM'), 'spent', month.minor * reader.unit,
                'purchases', month.purchases
            ) order by month.first_day) from (
                select date_trunc('month', p.spent_date::timestamp) as first_day,
                    sum(p.spent_minor)::bigint as minor, count(*) filter (where not p.is_refund) as purchases
                from part as p group by 1
            ) as month
        ),
        'merchants', (
            select json_agg(json_build_object(
                'merchant', shop.merchant, 'visits', shop.visits, 'spent', shop.minor * reader.unit
            ) order by shop.minor desc, shop.merchant) from (
                select p.merchant, count(*) as visits, sum(p.spent_minor)::bigint as minor
                from part as p where p.merchant is not null group by p.merchant
                order by sum(p.spent_minor) desc, p.merchant limit 5
            ) as shop
        ),
        'patterns', coalesce((
            select json_agg({_SHOP}) from known_shops as s where s.category = %(category)s::text
        ), '[]')
    )
    from part having count(*) filter (where not part.is_refund) >= 3
    """,
    f"""{_STEPS},
    part as (
        select s.* from spending as s
        where s.client_code = %(category)s::text or s.category_code = %(category)s::text
    )
    """,
)

#: Whole months of three years, by the client's categories.
_SEASONS: LiteralString = f"""
bills as materialized (
    select date_trunc('month', fact.spent_date::timestamp)::date as first_day, category.client_code,
        -sum(fact.amount_plan_minor) as minor
    from reader
    inner join marts.fct_transactions as fact on reader.user_id = fact.user_id
        and fact.spent_date >= (date_trunc('month', reader.today::timestamp) - interval '36 months')::date
        and fact.spent_date < date_trunc('month', reader.today::timestamp)::date
    inner join marts.dim_categories as category on fact.category_code = category.category_code
    where fact.is_spending and fact.amount_plan_minor is not null
    group by 1, category.client_code
),
months as materialized (
    select whole.first_day::date as first_day, extract(month from whole.first_day)::integer as month
    from reader
    cross join lateral (
        select generate_series(
            date_trunc('month', min(fact.spent_date) + interval '1 month' - interval '1 day'),
            date_trunc('month', reader.today::timestamp) - interval '1 month', interval '1 month'
        ) as first_day
        from marts.fct_transactions as fact where fact.user_id = reader.user_id
    ) as whole
    where whole.first_day >= date_trunc('month', reader.today::timestamp) - interval '36 months'
),
sums as (
    select months.first_day, months.month, parts.client_code, coalesce(sum(bills.minor), 0) as minor
    from months
    cross join (select distinct b.client_code from bills as b union all select null) as parts
    left join bills on months.first_day = bills.first_day
        and (parts.client_code is null or bills.client_code = parts.client_code)
    group by months.first_day, months.month, parts.client_code
),
usual as (
    select sums.client_code, avg(sums.minor) as minor from sums group by sums.client_code
),
seasons as (
    select
        sums.month, sums.client_code, count(*) as years, avg(sums.minor) as average_minor,
        usual.minor as usual_minor,
        avg(sums.minor) / nullif(usual.minor, 0) as index,
        -- Each year by itself on the same side, or it is no season.
        bool_and(sums.minor > usual.minor * 1.2) or bool_and(sums.minor < usual.minor * 0.8) as is_same
    from sums
    inner join usual on sums.client_code is not distinct from usual.client_code
    group by sums.month, sums.client_code, usual.minor
),
named as (
    select seasons.*, case when {LANGUAGE} = 'bg' then (array[
        'януари', 'февруари', 'март', 'април', 'май', 'юни', 'юли', 'август', 'септември', 'октомври',
        'ноември', 'декември'
    ])[seasons.month] else (array[
        'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October',
        'November', 'December'
    ])[seasons.month] end as month_name
    from seasons cross join reader
)
"""
SEASONS = or_nothing(
    "GET",
    "/api/analytics/seasonal-patterns",
    f"""
    select json_build_object(
        'enough_data', true, 'currency', reader.currency,
        'months_seen', (select count(*) from months),
        'months', (
            select json_agg(json_build_object(
                'month', n.month, 'name', n.month_name,
                'average', round(n.average_minor)::bigint * reader.unit,
                'index', round(n.index::numeric, 2), 'years', n.years
            ) order by n.month) from named as n where n.client_code is null
        ),
        'patterns', coalesce((
            select json_agg(json_build_object(
                'month', n.month, 'name', n.month_name, 'category', n.client_code,
                'average', round(n.average_minor)::bigint * reader.unit,
                'usual', round(n.usual_minor)::bigint * reader.unit,
                'index', round(n.index::numeric, 2), 'years', n.years, 'is_repeated', n.years > 1,
                'description', case when {LANGUAGE} = 'bg' then format(
                    '%s: през %s %s %s вместо обичайните %s.', n.client_code, n.month_name,
                    replace((round(n.average_minor)::bigint * reader.unit)::text, '.', ','), reader.currency,
                    replace((round(n.usual_minor)::bigint * reader.unit)::text, '.', ',')
                ) else format(
                    '%s: %s %s in %s, usually %s a month.', n.client_code,
                    round(n.average_minor)::bigint * reader.unit, reader.currency, n.month_name,
                    round(n.usual_minor)::bigint * reader.unit
                ) end
            ) order by n.years desc, abs(n.average_minor - n.usual_minor) desc) from (
                select each.* from named as each
                cross join (select u.minor from usual as u where u.client_code is null) as whole
                where each.client_code is not null and each.is_same and each.index >= 1.3
                    -- A month's worth of coffee is no season of a household.
                    and each.average_minor - each.usual_minor >= whole.minor * 0.03
                order by each.years desc, abs(each.average_minor - each.usual_minor) desc limit 20
            ) as n
        ), '[]')
    )
    where (select count(*) from months) >= 12 and exists (select from bills)
    """,
    _SEASONS,
)

#: Of the last ninety days that were planned, and of what was to be saved in half a year of whole periods.
_KEPT: LiteralString = """
kept as (
    select
        (
            select round(avg((day.status <> 'red')::integer), 4)
            from marts.fct_daily_totals as day
            where day.user_id = reader.user_id and day.plan_date < reader.today
                and day.plan_date >= reader.today - 90
            having count(*) >= 28
        ) as adherence,
        (
            select round(
                sum(least(greatest(period.spent_minor, 0), period.budget_minor))
                / nullif(sum(period.budget_minor), 0), 4
            )
            from marts.fct_category_periods as period
            where period.user_id = reader.user_id and period.group_code = 'saving'
                and period.period_end <= reader.today and period.period_end > reader.today - 190
        ) as discipline
    from reader
)
"""
BEHAVIORAL = or_nothing(
    "GET",
    "/api/analytics/behavioral-insights",
    f"""
    select json_build_object(
        'enough_data', true,
        'budget_adherence', kept.adherence, 'saving_discipline', kept.discipline,
        'insights', coalesce((select json_agg({FINDING}) from findings as f), '[]'),
        'patterns', {_PATTERNS}
    )
    from kept where ({ENOUGH}) or exists (select from findings)
    """,
    f"{_STEPS}, {FINDINGS}, {_KEPT}",
)
#: Whole months: the asked number of them, the later half beside the earlier.
_PROGRESS: LiteralString = f"""
flows as (
    select flow.*, row_number() over (order by flow.month_start desc) as age, count(*) over () as seen
    from reader
    inner join marts.fct_monthly_cash_flow as flow on reader.user_id = flow.user_id
    where flow.month_start < date_trunc('month', reader.today::timestamp)::date
        and flow.month_start >= (
            date_trunc('month', reader.today::timestamp)
            - make_interval(months => coalesce(%(months)s::int, 6))
        )::date
        -- The first month is rarely a whole one.
        and flow.month_start > (
            select min(fact.spent_date) from marts.fct_transactions as fact
            where fact.user_id = reader.user_id
        ) - 3
),
halves as (
    select
        percentile_cont(0.5) within group (order by f.spent_minor) filter (where f.age * 2 <= f.seen)
            as spent_now,
        percentile_cont(0.5) within group (order by f.spent_minor) filter (where f.age * 2 > f.seen)
            as spent_then,
        1 - sum(f.spent_minor) filter (where f.age * 2 <= f.seen)::float8
            / nullif(sum(f.income_minor) filter (where f.age * 2 <= f.seen), 0) as saved_now,
        1 - sum(f.spent_minor) filter (where f.age * 2 > f.seen)::float8
            / nullif(sum(f.income_minor) filter (where f.age * 2 > f.seen), 0) as saved_then,
        (select avg((day.status <> 'red')::integer)::float8 from marts.fct_daily_totals as day
            where day.user_id = reader.user_id and day.plan_date < reader.today
                and day.plan_date >= (select min(n.month_start) from flows as n where n.age * 2 <= n.seen)
        ) as kept_now,
        (select avg((day.status <> 'red')::integer)::float8 from marts.fct_daily_totals as day
            where day.user_id = reader.user_id
                and day.plan_date < (select min(n.month_start) from flows as n where n.age * 2 <= n.seen)
                and day.plan_date >= (select min(n.month_start) from flows as n)
        ) as kept_then
    from flows as f cross join reader
    group by reader.user_id, reader.today
    having count(*) >= 2
),
metrics as (
    select metric.*, case
        when metric.change is null then 'unknown'
        when abs(metric.change) < metric.least then 'stable'
        when metric.change > 0 then 'up' else 'down'
    end as trend,
    abs(metric.change) >= metric.least and (metric.change > 0) = metric.up_is_good as is_better
    from halves cross join reader cross join lateral (values
        (1, 'monthly_spending', 'Monthly spending', 'Месечни разходи',
            round(halves.spent_now::numeric)::bigint * reader.unit,
            round(halves.spent_then::numeric)::bigint * reader.unit,
            (halves.spent_now / nullif(halves.spent_then, 0) - 1)::numeric, 0.05, false),
        (2, 'saving_rate', 'Saving rate', 'Дял на спестеното', round(halves.saved_now::numeric, 4),
            round(halves.saved_then::numeric, 4), (halves.saved_now - halves.saved_then)::numeric, 0.03,
            true),
        (3, 'days_within_plan', 'Days within plan', 'Дни в рамките на плана',
            round(halves.kept_now::numeric, 4), round(halves.kept_then::numeric, 4),
            (halves.kept_now - halves.kept_then)::numeric, 0.03, true)
    ) as metric (place, code, name_en, name_bg, value, before, change, least, up_is_good)
    where metric.value is not null
),
told as (
    select metrics.*, case when {LANGUAGE} = 'bg' then metrics.name_bg else metrics.name_en end as name
    from metrics cross join reader
)
"""
PROGRESS = or_nothing(
    "GET",
    "/api/behavior/progress",
    f"""
    select json_build_object(
        'enough_data', true,
        'overall_score', (select h.health_score from marts.fct_financial_health as h
            where h.user_id = reader.user_id),
        'progress_message', case when {LANGUAGE} = 'bg' then format(
            '%s от %s показателя са по-добри от преди, %s по-лоши.',
            count(*) filter (where told.is_better), count(*),
            count(*) filter (where told.trend in ('up', 'down') and not told.is_better)
        ) else format(
            '%s of %s figures are better than before, %s worse.',
            count(*) filter (where told.is_better), count(*),
            count(*) filter (where told.trend in ('up', 'down') and not told.is_better)
        ) end,
        'metrics', json_agg(json_build_object(
            'name', told.name, 'code', told.code, 'value', told.value, 'before', told.before,
            'trend', told.trend
        ) order by told.place),
        'improvements', coalesce(json_agg(told.name order by told.place) filter (where told.is_better), '[]'),
        'months', (select count(*) from flows)
    )
    from told having count(*) > 0
    """,
    _PROGRESS,
)

#: How the plan changed by itself: budgets of the running period beside those of the one before.
_ADAPTED: LiteralString = f"""
running as (
    select period.*, category.client_code, before.budget_minor as before_minor,
        before.spent_minor as spent_before_minor, before.period_start as before_start,
        case when {LANGUAGE} = 'bg' then category.name_bg else category.name_en end as name
    from reader
    inner join marts.fct_category_periods as period on reader.user_id = period.user_id
        and period.period_start <= reader.today and period.period_end > reader.today
    inner join marts.dim_categories as category on period.category_code = category.category_code
    left join marts.fct_category_periods as before on period.user_id = before.user_id
        and period.category_code = before.category_code and period.period_start = before.period_end
),
moved as (
    select move.*, giver.client_code as giver, receiver.client_code as receiver
    from reader
    cross join lateral marts.served_budget_moves(reader.user_id, reader.today, reader.today) as move
    inner join marts.dim_categories as giver on move.from_category = giver.category_code
    inner join marts.dim_categories as receiver on move.to_category = receiver.category_code
)
"""
_ADAPTATIONS: LiteralString = f"""
    select json_build_object(
        'enough_data', true, 'currency', reader.currency, 'period_start', max(r.period_start),
        'previous_period_start', max(r.before_start), 'applied', true,
        'adaptations', coalesce(json_agg(json_build_object(
            'category', r.client_code, 'category_code', r.category_code, 'name', r.name,
            'before', r.before_minor * reader.unit, 'after', r.budget_minor * reader.unit,
            'change', (r.budget_minor - r.before_minor) * reader.unit,
            'spent_before', r.spent_before_minor * reader.unit,
            'message', case when {LANGUAGE} = 'bg' then format(
                '%s: %s %s вместо %s, след като бяха похарчени %s.', r.name,
                replace((r.budget_minor * reader.unit)::text, '.', ','), reader.currency,
                replace((r.before_minor * reader.unit)::text, '.', ','),
                replace((r.spent_before_minor * reader.unit)::text, '.', ',')
            ) else format(
                '%s: %s %s instead of %s, after %s were spent.', r.name, r.budget_minor * reader.unit,
                reader.currency, r.before_minor * reader.unit, r.spent_before_minor * reader.unit
            ) end
        ) order by abs(r.budget_minor - r.before_minor) desc, r.category_code)
        filter (where abs(r.budget_minor - r.before_minor) * 100 > r.before_minor), '[]'),
        'moves', coalesce((
            select json_agg(json_build_object(
                'from', m.giver, 'to', m.receiver, 'amount', m.amount_minor * reader.unit, 'date', m.moved_on,
                'reason', m.reason, 'is_applied', m.is_applied
            ) order by m.amount_minor desc, m.to_category, m.from_category) from moved as m
        ), '[]')
    )
    from running as r having count(r.before_minor) > 0
"""
ADAPTATIONS = or_nothing("GET", "/api/budget/adaptations", _ADAPTATIONS, _ADAPTED)
ADAPTED = or_nothing("POST", "/api/budget/auto_adapt", _ADAPTATIONS, _ADAPTED)
