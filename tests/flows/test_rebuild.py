"""Rebuilt from raw files and what the user said, every mart is the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import delete, insert, select, text

from flows.build import build
from flows.dbt import project_folder
from flows.generator import generate
from flows.ingest import ingest
from tests.conftest import TEMPLATE, administration
from tests.factories import make_user
from warehouse.engine import Warehouse
from warehouse.repositories.users import User
from warehouse.settings import Settings
from warehouse.tables.app import budget_settings, category_decisions, users

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

MARTS = sorted(path.stem for path in (project_folder() / "models/marts/per_user").glob("*.sql"))
#: When a row was made is not what it says.
INSTANTS = {"created_at", "updated_at"}
#: What the user says of some lines, by their ids, which are the same wherever the files are read.
DECIDED = """
select transaction_id from app.transactions
where user_id = :user_id and amount_minor < 0 order by transaction_id limit 5
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
New = Callable[[], Warehouse]


@pytest.fixture
def empty(server: URL, shared_settings: Settings, worker_id: str) -> Iterator[New]:
    """Makes an empty warehouse in place of the one before; dbt knows one database a process."""
    name = f"mita_rebuilt_{worker_id}"
    drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
    create = sql.SQL("create database {} template {} strategy file_copy")

    def new() -> Warehouse:
        connection.execute(drop)
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        return Warehouse(shared_settings, server.set(database=name))

    with psycopg.connect(administration(server), autocommit=True) as connection:
        yield new
        connection.execute(drop)


@contextmanager
def serving(warehouse: Warehouse, home: Path) -> Iterator[None]:
    """Flows find this warehouse, as if it were the only one of its machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MITA_HOME", str(home))
        patch.setenv("MITA_SECRET_KEY", warehouse.settings.secret.decode())
        patch.setenv("MITA_DATABASE_URL", warehouse.server.render_as_string(hide_password=False))
        patch.delenv("PREFECT_API_URL", raising=False)
        yield


def say(warehouse: Warehouse, user: User) -> None:
    """Five lines are put right, and the plan is made by envelopes that follow the last period."""
    with warehouse.transaction() as connection:
        lines = connection.execute(text(DECIDED), {"user_id": user.user_id}).scalars().all()
        connection.execute(
            insert(category_decisions),
            [{"user_id": user.user_id, "transaction_id": line, "category_code": "gifts"} for line in lines],
        )
        settings = {"user_id": user.user_id, "method": "last-period", "pay_day": 5}
        connection.execute(delete(budget_settings))
        connection.execute(insert(budget_settings).values(settings))


def rows_of(warehouse: Warehouse) -> dict[str, list[str]]:
    with warehouse.transaction() as connection:
        found = {}
        for mart in MARTS:
            rows = connection.execute(text(f"select * from marts.{mart}")).mappings()  # noqa: S608
            found[mart] = sorted(str({k: v for k, v in row.items() if k not in INSTANTS}) for row in rows)
        return found


def test_marts_rebuilt_from_raw_files_are_the_same_rows(empty: New, tmp_path: Path) -> None:
    """A file a week with a refresh each time, or all at once into an empty database in another order."""
    bank = tmp_path / "bank"
    generate(users=1, months=4, seed=11, out=bank)
    folder = next(path for path in bank.iterdir() if path.is_dir() and path.name != "truth")
    files = sorted(str(path) for path in folder.iterdir())
    lived = empty()
    user = make_user(lived)
    with serving(lived, tmp_path / "lived"):
        for first in range(0, len(files), 3):
            ingest.fn(files[first : first + 3], user.email)
        say(lived, user)
        build.fn()
    before, known = rows_of(lived), row_of(lived, user)
    rebuilt = empty()
    with rebuilt.transaction() as connection:
        connection.execute(insert(users).values(known))
    with serving(rebuilt, tmp_path / "rebuilt"):
        ingest.fn(files[::-1], user.email, refresh=False)
        say(rebuilt, user)
        build.fn(full_refresh=True)
    assert before["fct_transactions"]
    assert rows_of(rebuilt) == before


def row_of(warehouse: Warehouse, user: User) -> dict[str, object]:
    with warehouse.transaction() as connection:
        return dict(connection.execute(select(users).where(users.c.user_id == user.user_id)).mappings().one())
