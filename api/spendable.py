"""What is safe to spend today, as parts of documents: the plan, capped by the forecast where there is one."""

from __future__ import annotations

from typing import LiteralString

#: After ``day``, a row of the plan's totals. A forecast speaks of the day that it was made for.
FORECAST: LiteralString = """
left join marts.fct_safe_to_spend as forecast
    on day.user_id = forecast.user_id and day.plan_date = forecast.as_of
"""
#: Minor units. What was spent since the forecast was made has left its balance, too.
SAFE_MINOR: LiteralString = """
marts.capped_safe_to_spend(
    day.safe_to_spend_minor, day.spent_minor, forecast.cap_minor, forecast.spent_then_minor
)
"""
