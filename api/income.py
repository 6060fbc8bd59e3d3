"""What a month brings in, as a part of documents."""

from __future__ import annotations

from typing import LiteralString

#: A usual month's income: as stated, else the median of the last six whole months, else this month's.
INCOME_MINOR: LiteralString = """
coalesce(
    (select stated.monthly_income_minor from app.budget_settings as stated
        where stated.user_id = reader.user_id),
    (
        select percentile_disc(0.5) within group (order by usual.income_minor) from (
            select flow.income_minor from marts.fct_monthly_cash_flow as flow
            where flow.user_id = reader.user_id
                and flow.month_start < date_trunc('month', reader.today::timestamp)::date
                and flow.month_start > (
                    select min(first.cash_date) from marts.fct_daily_cash_flow as first
                    where first.user_id = reader.user_id
                ) - 3
            order by flow.month_start desc limit 6
        ) as usual
    ),
    (
        select sum(flow.income_minor)::bigint from marts.fct_daily_cash_flow as flow
        where flow.user_id = reader.user_id and flow.cash_date > reader.today - 31
    ),
    0
)
"""
