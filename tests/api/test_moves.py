"""The laws of proposed moves: nothing is lost, the protected give nothing, nobody falls short."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from api.insights.queries import _MOVES
from warehouse.engine import Warehouse

USER = UUID(int=1)
TODAY = date(2026, 3, 12)
START, END = date(2026, 3, 1), date(2026, 4, 1)
TABLES = """
create table if not exists marts.fct_category_periods (
    user_id uuid, category_code text, group_code text, period_start date, period_end date,
    budget_minor bigint, spent_minor bigint, left_minor bigint, previous_spent_minor bigint
);
create table if not exists marts.dim_categories (
    category_code text, client_code text, is_protected boolean, priority integer
);
delete from marts.fct_category_periods;
delete from marts.dim_categories;
"""
ASKED = f"""
with reader as (select cast(:user_id as uuid) as user_id, cast(:today as date) as today, 1 as unit),
{_MOVES}
select from_category, to_category, amount_minor from moves
"""  # noqa: S608 - the API's own text
Category = tuple[int, int, int | None, bool, int]
money = st.integers(0, 10**7)
plans = st.lists(
    st.tuples(money, money, st.one_of(st.none(), money), st.booleans(), st.integers(1, 9)), max_size=12
)


def proposed(connection: Connection, plan: list[Category]) -> list[tuple[str, str, int]]:
    connection.execute(text(TABLES))
    for place, (budget, spent, before, is_protected, priority) in enumerate(plan):
        told = {
            "user": USER, "code": f"c{place:02}", "start": START, "end": END, "budget": budget,
            "spent": spent,
            "left": budget - spent, "before": before, "protected": is_protected, "priority": priority,
        }  # fmt: skip
        connection.execute(
            text("""
                insert into marts.fct_category_periods
                values (:user, :code, 'want', :start, :end, :budget, :spent, :left, :before)
            """),
            told,
        )
        connection.execute(
            text("insert into marts.dim_categories values (:code, :code, :protected, :priority)"), told
        )
    return [tuple(row) for row in connection.execute(text(ASKED), {"user_id": USER, "today": TODAY})]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans)
def test_proposed_moves_keep_the_laws_of_the_plan(warehouse: Warehouse, plan: list[Category]) -> None:
    with warehouse.transaction() as connection:
        moves = proposed(connection, plan)
    gives, gets = Counter[str](), Counter[str]()
    for giver, receiver, amount in moves:
        assert amount > 0
        gives[giver] += amount
        gets[receiver] += amount
    spare_of = {}
    lacks = 0
    for place, (budget, spent, before, is_protected, _) in enumerate(plan):
        code, left = f"c{place:02}", budget - spent
        need = max((before or 0) * ((END - TODAY) // timedelta(days=1)) // ((END - START).days), 0)
        spare_of[code] = 0 if is_protected else max(left - need, 0)
        assert gives[code] <= spare_of[code]
        assert gets[code] <= max(-left, 0)
        assert not (gives[code] and gets[code])
        lacks += max(-left, 0)
    assert sum(gives.values()) == sum(gets.values()) == min(sum(spare_of.values()), lacks)
