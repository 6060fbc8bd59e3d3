"""What was computed of somebody is served to them alone, in money, and dismissed for good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text

from tests.api.people import MARIA
from warehouse.repositories import freshness
from warehouse.tables.app import users
from warehouse.tables.meaning import alerts, forecast_days, insights

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse

KEY = "0123456789abcdef01234567"
TODAY = datetime.now(tz=UTC).date()


@pytest.fixture(scope="module", autouse=True)
def told(built: Warehouse) -> UUID:
    """Maria has forecasts, an alert and a finding."""
    warehouse = built
    with warehouse.transaction() as connection:
        maria = connection.execute(select(users.c.user_id).where(users.c.email == MARIA.email)).scalar_one()
        quantiles = {
            f"{what}_p{level}_minor": 100 * level * (1 + (what != "spent"))
            for what in ("spent", "spent_until", "balance")
            for level in (10, 50, 90)
        }
        connection.execute(
            insert(forecast_days),
            [
                {
                    "user_id": maria,
                    "forecast_date": TODAY + timedelta(days=ahead),
                    "known_until": TODAY - timedelta(days=1),
                    "currency": "EUR",
                    "model_version": "1",
                    **quantiles,
                }
                for ahead in range(40)
            ],
        )
        connection.execute(
            insert(alerts).values(
                user_id=maria, alert_key=KEY, kind="unusual_amount", raised_on=TODAY, category_code="coffee",
                merchant="Lidl", amount_minor=9_900, usual_minor=1_000, currency="EUR", probability=0.9,
                usefulness=0.2, is_shown=True,
            )
        )  # fmt: skip
        connection.execute(
            insert(insights).values(
                user_id=maria, insight_key=KEY, kind="fees", found_on=TODAY, last_seen_on=TODAY, rank=1.0,
                confidence=1.0, value_minor=1_234, currency="EUR", facts={"numbers": [12.34]},
                sources=["marts.fct_merchant_months"], title_en="Fees", text_en="12.34 EUR of fees",
                title_bg="Такси", text_bg="12,34 EUR такси",
            )
        )  # fmt: skip
    return UUID(str(maria))


def test_forecasts_alerts_and_findings_are_served_in_money_to_their_owner(
    client: TestClient, maria: dict[str, str], kenji: dict[str, str]
) -> None:
    days = client.get("/api/budget/forecast", headers=maria).json()["data"]["days"]
    assert days[0]["spent"] == {"p10": 10, "p50": 50, "p90": 90}
    assert days[0]["balance"]["p10"] == 20
    alert = client.get("/api/behavior/anomalies?days=30", headers=maria).json()["data"]
    assert [(each["amount"], each["expected_amount"], each["severity"]) for each in alert] == [
        (99, 10, "high")
    ]
    assert client.get("/api/insights/", headers=maria).json()["data"]["value"] == 12.34
    for path, nothing in (("/api/behavior/anomalies", []), ("/api/insights/", None)):
        assert client.get(path, headers=kenji).json()["data"] == nothing
    assert client.get("/api/budget/forecast", headers=kenji).json()["data"]["enough_data"] is False


def test_a_dismissed_alert_and_a_useless_finding_are_not_shown_again(
    client: TestClient, maria: dict[str, str], kenji: dict[str, str]
) -> None:
    no = {"useful": False}
    for path in (f"/api/behavior/anomalies/{KEY}/dismissal", f"/api/insights/{KEY}/rating"):
        assert client.post(path, json=no, headers=kenji).status_code == 404
        assert client.post(path, json=no, headers=maria).status_code == 200
    assert client.get("/api/ai/spending-anomalies", headers=maria).json()["data"] == []
    assert client.get("/api/ai/insights", headers=maria).json()["data"] == []


def test_who_does_not_take_part_is_compared_with_public_statistics_or_nobody(
    client: TestClient, maria: dict[str, str]
) -> None:
    assert client.get("/api/cohort/consent", headers=maria).json()["data"] == {"takes_part": False}
    peers = client.get("/api/cohort/peer_comparison", headers=maria).json()["data"]
    assert peers["percentile"] is None
    assert client.put("/api/cohort/consent", json={"takes_part": True}, headers=maria).status_code == 200
    assert client.get("/api/cohort/consent", headers=maria).json()["data"] == {"takes_part": True}


RUNNING = """
from marts.fct_category_periods inner join marts.dim_categories using (category_code)
where user_id = :user and period_start <= :today and period_end > :today
    and marts.fct_category_periods.group_code in ('need', 'want')
"""
SPARE = """
category_code, is_protected, greatest(left_minor - greatest(
    coalesce(previous_spent_minor, 0) * (period_end - :today) / (period_end - period_start), 0), 0) as spare
"""
CHANGED = """
update marts.fct_category_periods set left_minor = :left, previous_spent_minor = :previous
where user_id = :user and category_code = :category and period_start <= :today and period_end > :today
"""


@pytest.fixture
def running(built: Warehouse, told: UUID) -> Iterator[list[str]]:
    """Maria's categories of the running period, which are as they were afterwards."""
    whose = {"user": told, "today": MARIA.today}
    columns = 'category_code as category, left_minor as "left", previous_spent_minor as previous'
    with built.transaction() as connection:
        before = connection.execute(text(f"select {columns} {RUNNING} order by 1"), whose).mappings().all()
    yield [each["category"] for each in before]
    with built.transaction() as connection:
        connection.execute(text(CHANGED), [{**whose, **each} for each in before])


LEFT = st.integers(-50_000, 50_000) | st.sampled_from([0, -1, 1])
BEFORE = st.integers(-10_000, 90_000) | st.none()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_proposed_moves_keep_the_plans_laws(
    client: TestClient, maria: dict[str, str], built: Warehouse, told: UUID, running: list[str],
    data: st.DataObject,
) -> None:  # fmt: skip
    """Who is given lacked it, who gives keeps their need, protected ones give nothing, no cent is lost."""
    whose = {"user": told, "today": MARIA.today}
    drawn = {each: (data.draw(LEFT), data.draw(BEFORE)) for each in running}
    with built.transaction() as connection:
        connection.execute(
            text(CHANGED),
            [
                {**whose, "category": key, "left": left, "previous": before}
                for key, (left, before) in drawn.items()
            ],
        )
        spared = connection.execute(
            text(f"select {SPARE} {RUNNING}"),
            whose,
        ).all()
    spare = {row.category_code: 0 if row.is_protected else row.spare for row in spared}
    told_ = client.post("/api/ai/optimize-budget", headers=maria).json(parse_float=Decimal)["data"]
    moves = [(m["from_category"], m["to_category"], int(m["amount"] * 100)) for m in told_["suggestions"]]
    gave, got = Counter[str](), Counter[str]()
    for giver, receiver, amount in moves:
        assert amount > 0
        gave[giver] += amount
        got[receiver] += amount
    lacks = {key: max(-left, 0) for key, (left, _) in drawn.items()}
    assert all(gave[key] <= spare[key] and got[key] <= lacks[key] for key in running)
    # As much as there is to give, or as is lacked.
    assert sum(gave.values()) == min(sum(spare.values()), sum(lacks.values()))
    after = {each["category"]: int(each["left_after"] * 100) for each in told_["effect"]}
    assert after == {key: left + got[key] - gave[key] for key, (left, _) in drawn.items()}


def test_safe_to_spend_is_capped_by_the_forecast_and_by_what_was_spent_since(
    client: TestClient, maria: dict[str, str], built: Warehouse, told: UUID
) -> None:
    """Without a forecast of today there is no cap; all answers that show it say the same."""
    day_of, month_of = f"{MARIA.today}", f"{MARIA.today:%Y/%-m}"
    paths = ("/api/dashboard", f"/api/budget/daily/{day_of}", f"/api/calendar/saved/{month_of}")

    def shown() -> tuple[set[Decimal], object]:
        replies = [client.get(path, headers=maria).json(parse_float=Decimal) for path in paths]
        screen, day, month = (reply["data"] for reply in replies)
        today = next(each for each in month["calendar"] if each["date"] == str(MARIA.today))
        amounts = {screen["safe_to_spend"]["amount"], day["safe_to_spend"], today["safe_to_spend"]}
        return {Decimal(amount) for amount in amounts}, screen["safe_to_spend"]["cap"]

    uncapped, cap = shown()
    assert len(uncapped) == 1
    assert cap is None
    (planned,) = uncapped
    with built.transaction() as connection:
        connection.execute(text("delete from marts.fct_safe_to_spend where user_id = :user"), {"user": told})
        connection.execute(
            text("""
                insert into marts.fct_safe_to_spend (
                    user_id, as_of, next_income_date, is_income_expected, lowest_p10_minor, lowest_p50_minor,
                    cap_minor, planned_safe_minor, spent_then_minor, safe_to_spend_minor, reaches_payday,
                    currency
                )
                select :user, plan_date, plan_date + 5, true, 150, 300, 150, safe_to_spend_minor,
                    spent_minor - 100, least(safe_to_spend_minor, 150), 'yes', currency
                from marts.fct_daily_totals where user_id = :user and plan_date = :today
            """),
            {"user": told, "today": MARIA.today},
        )
        freshness.note_new_meaning(connection)
    capped, cap = shown()
    assert cap == Decimal("1.50")
    assert capped == {min(planned, Decimal("0.50"))}  # a euro was spent since the forecast


def test_no_points_are_given_for_what_is_not_known(client: TestClient, kenji: dict[str, str]) -> None:
    """Kenji has no statement with a balance and no bill that comes again."""
    score = client.get("/api/ai/financial-health-score", headers=kenji).json()["data"]
    assert set(score["parts"]) == {"saving", "buffer", "bills", "debt", "plan"}
    assert score["parts"]["bills"] is None
    assert (score["grade"] == "not enough data") == (not score["enough_data"])
    assert set(score["improvements"]) <= set(score["parts"])
