"""How the lines and users' agreement with the model changed, from the mart that says it month by month."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Drift:
    """The last month with lines against the three before it."""

    lines: int
    lines_before: int
    shift: float  # population stability index of the model's probabilities
    stored_share: float
    stored_share_before: float
    decided: int
    agreed: int
    decided_before: int
    agreed_before: int


_LATEST = """
select
    line_count, coalesce(lines_before, 0)::bigint, coalesce(probability_shift, 0), stored_share,
    coalesce(stored_share_before, 0), decided, agreed, coalesce(decided_before, 0)::bigint,
    coalesce(agreed_before, 0)::bigint
from marts.fct_model_drift
order by month_start desc
limit 1
"""


def latest_drift(connection: Connection) -> Drift | None:
    """The last month, or None before the marts are built or any line was scored."""
    if connection.execute(text("select to_regclass('marts.fct_model_drift') is null")).scalar_one():
        return None
    row = connection.execute(text(_LATEST)).one_or_none()
    return Drift(*row) if row else None
