"""Cohorts through their flow: nineteen are told nothing of, and asking on two days tells nothing more."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import PostgresDsn
from sqlalchemy import text

from flows.cohorts import release_month
from tests.factories import make_user

if TYPE_CHECKING:
    from uuid import UUID

    from warehouse.engine import Warehouse
    from warehouse.settings import Settings

MONTH = date(2026, 2, 1)
#: As much of the marts as the release reads.
MARTS = """
create table marts.fct_spendable_days (user_id uuid);
create table marts.fct_financial_health (user_id uuid, plan_kept double precision);
create table marts.fct_transactions (
    user_id uuid, transaction_id uuid, spent_date date, amount_plan_minor bigint, is_spending boolean,
    group_code text
);
"""
MONEY = """
insert into marts.fct_transactions values
(:user, gen_random_uuid(), '2026-02-10', -:spent, true, 'need'),
(:user, gen_random_uuid(), '2026-02-01', :income, false, 'income')
"""


def settings_of(warehouse: Warehouse) -> Settings:
    address = warehouse.server.render_as_string(hide_password=False)
    return warehouse.settings.model_copy(update={"database_url": PostgresDsn(address)})


def people_who_agree(warehouse: Warehouse, count: int, *, spent: int = 100_000) -> list[UUID]:
    found = [make_user(warehouse, country="BG").user_id for _ in range(count)]
    with warehouse.transaction() as connection:
        for number, user in enumerate(found):
            connection.execute(
                text("insert into app.cohort_consents (user_id, is_in) values (:user, true)"), {"user": user}
            )
            connection.execute(
                text(MONEY), {"user": user, "spent": spent + 1_000 * number, "income": 200_000}
            )
    return found


def rows(warehouse: Warehouse, query: str) -> list[Any]:
    with warehouse.transaction() as connection:
        return list(connection.execute(text(query)).all())


def opened(warehouse: Warehouse) -> Settings:
    with warehouse.transaction() as connection:
        connection.execute(text(MARTS))
    return settings_of(warehouse)


def test_nineteen_are_told_nothing_of_and_twenty_are(warehouse: Warehouse) -> None:
    settings = opened(warehouse)
    people_who_agree(warehouse, 19)
    make_user(warehouse, country="BG")  # the twentieth never agreed
    assert release_month(settings, MONTH) == 0
    people_who_agree(warehouse, 1)
    assert release_month(settings, MONTH) > 0
    assert {row.people for row in rows(warehouse, "select people from ml.cohort_releases")} == {20}


def test_who_joins_or_leaves_between_two_days_moves_no_figure(warehouse: Warehouse) -> None:
    settings = opened(warehouse)
    people = people_who_agree(warehouse, 40)
    told = "select * from ml.cohort_releases order by month, cohort, measure"
    assert release_month(settings, MONTH) > 0
    first = rows(warehouse, told)
    # The day after: one more person, far from all others; one who changed; one who takes the word back.
    people_who_agree(warehouse, 1, spent=90_000_000)
    with warehouse.transaction() as connection:
        connection.execute(
            text("update marts.fct_transactions set amount_plan_minor = -1 where user_id = :user"),
            {"user": people[0]},
        )
        connection.execute(
            text("update app.cohort_consents set is_in = false where user_id = :user"), {"user": people[1]}
        )
    assert release_month(settings, MONTH) == 0
    assert rows(warehouse, told) == first
