"""Profiles are stored once, and rows that stay the same do not make anybody's marts stale."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import text

from models_ml.profile.fit import DAILY_SCHEMA, Window, fit
from tests.factories import make_user
from warehouse.repositories.profiles import replace_profiles

if TYPE_CHECKING:
    from uuid import UUID

    from warehouse.engine import Warehouse

WINDOW = Window(date(2025, 1, 1), date(2026, 1, 1))


def learned(user_id: UUID, *days: int) -> pl.DataFrame:
    rows = [(str(user_id), "BG", "groceries", date(2025, 6, day), 1000) for day in days]
    return fit(pl.DataFrame(rows, schema=DAILY_SCHEMA, orient="row"), WINDOW)


def version(warehouse: Warehouse, user_id: UUID) -> int | None:
    with warehouse.transaction() as connection:
        return connection.execute(
            text("select version from ops.user_versions where user_id = :id"), {"id": user_id}
        ).scalar_one_or_none()


def test_learning_the_same_again_touches_nothing(warehouse: Warehouse) -> None:
    user = make_user(warehouse)
    with warehouse.transaction() as connection:
        assert replace_profiles(connection, learned(user.user_id, 1, 8, 15), date(2026, 1, 1)) == 1
    before = version(warehouse, user.user_id)
    with warehouse.transaction() as connection:
        assert replace_profiles(connection, learned(user.user_id, 1, 8, 15), date(2026, 2, 1)) == 0
    assert version(warehouse, user.user_id) == before
    with warehouse.transaction() as connection:
        assert replace_profiles(connection, learned(user.user_id, 2, 9), date(2026, 2, 1)) == 1
    assert version(warehouse, user.user_id) != before


def test_what_nobody_shows_any_more_goes(warehouse: Warehouse) -> None:
    user = make_user(warehouse)
    with warehouse.transaction() as connection:
        replace_profiles(connection, learned(user.user_id, 1, 8), date(2026, 1, 1))
    with warehouse.transaction() as connection:
        assert replace_profiles(connection, learned(user.user_id), date(2026, 2, 1)) == 1
        assert connection.execute(text("select count(*) from ml.spending_profiles")).scalar_one() == 0
