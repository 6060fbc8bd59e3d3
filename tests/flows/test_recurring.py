"""Series in the warehouse: found after an import, and the user's word on them stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from flows.batches import undo_batch
from flows.recurring import search_series
from tests.factories import make_user
from warehouse.repositories import recurring
from warehouse.settings import Settings

if TYPE_CHECKING:
    from tests.flows.conftest import Ingest
    from warehouse.engine import Warehouse
    from warehouse.repositories.recurring import Series
    from warehouse.repositories.users import User

Write = Callable[[str, str | bytes], Path]
HEADER = "Date,Description,Amount,Currency\n"


def statement(months: range, day: int = 8, what: str = "NETFLIX.COM", amount: str = "-12.99") -> str:
    rows = [f"{2024 + month // 12}-{month % 12 + 1:02}-{day:02},{what},{amount},EUR\n" for month in months]
    return (
        HEADER + "".join(rows) + f"{2024 + months[-1] // 12}-{months[-1] % 12 + 1:02}-27,KIOSK 1,-1.00,EUR\n"
    )


def series(warehouse: Warehouse, user: User) -> list[Series]:
    with warehouse.transaction() as connection:
        return recurring.list_series(connection, user.user_id)


def version(warehouse: Warehouse, user: User) -> int:
    query = "select version from ops.user_versions where user_id = :user"
    with warehouse.transaction() as connection:
        return int(connection.execute(text(query), {"user": user.user_id}).scalar_one())


def test_a_series_is_found_with_the_import_and_again_only_if_something_changed(
    warehouse: Warehouse, user: User, ingest_files: Ingest, write: Write
) -> None:
    ingest_files(write("a.csv", statement(range(10))))
    (found,) = series(warehouse, user)
    assert (found.cadence, found.expected_minor, found.times) == ("monthly", -1299, 10)
    before = version(warehouse, user)
    assert search_series.fn(Settings()).users in {0, 1}
    assert series(warehouse, user) == [found]
    assert version(warehouse, user) == before


def test_the_users_word_survives_undo_import_and_more_months(
    warehouse: Warehouse, user: User, ingest_files: Ingest, write: Write
) -> None:
    first = write("a.csv", statement(range(10)))
    (outcome,) = ingest_files(first)
    with warehouse.transaction() as connection:
        found = recurring.list_series(connection, user.user_id)[0]
        recurring.decide_series(connection, user.user_id, found.series_id, "rejected")
    undo_batch.fn(user.email, str(outcome.batch_id), refresh=False)
    assert series(warehouse, user) == []
    ingest_files(first)
    ingest_files(write("b.csv", statement(range(10, 14))))
    (again,) = series(warehouse, user)
    assert (again.word, again.times) == ("rejected", 14)
    with warehouse.transaction() as connection:
        recurring.decide_series(connection, user.user_id, again.series_id, "confirmed")
    assert series(warehouse, user)[0].word == "confirmed"


def test_a_word_on_a_series_is_about_that_person_only(
    warehouse: Warehouse, user: User, ingest_files: Ingest, write: Write
) -> None:
    ingest_files(write("a.csv", statement(range(10))))
    other = make_user(warehouse)
    with warehouse.transaction() as connection:
        found = recurring.list_series(connection, user.user_id)[0]
        recurring.decide_series(connection, other.user_id, found.series_id, "rejected")
    assert series(warehouse, user)[0].word is None


def test_pay_gives_the_pay_cycle(
    warehouse: Warehouse, user: User, ingest_files: Ingest, write: Write
) -> None:
    ingest_files(write("a.csv", statement(range(12), 25, "SALARY ACME LTD", "2500.00")))
    pay = recurring.pay_cycle(series(warehouse, user))
    assert pay is not None
    assert (pay.cadence, pay.anchor, pay.expected_minor) == ("monthly", 25, 250_000)


def owed(warehouse: Warehouse, user: User) -> list[tuple[str, str, int, bool]]:
    query = """
        select due_date::text, category_code, amount_minor, transaction_id is not null
        from app.due_commitments where user_id = :user order by due_date
    """
    with warehouse.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(query), {"user": user.user_id})]


def test_a_bill_that_comes_again_is_owed_until_it_is_paid(
    warehouse: Warehouse, user: User, ingest_files: Ingest, write: Write
) -> None:
    ingest_files(write("a.csv", statement(range(10))))
    (found,) = series(warehouse, user)
    bills = owed(warehouse, user)
    assert [day for day, *_, is_paid in bills if is_paid] == [f"2024-{month:02}-08" for month in range(1, 11)]
    ahead = [(day, code, amount) for day, code, amount, is_paid in bills if not is_paid]
    assert ahead[0][1:] == (found.category_code, 1299)
    assert len({day for day, *_ in ahead}) == len(ahead)


def test_a_rejected_series_and_one_that_the_user_entered_are_not_owed_twice(
    warehouse: Warehouse, user: User, ingest_files: Ingest, write: Write
) -> None:
    ingest_files(write("a.csv", statement(range(10))))
    (found,) = series(warehouse, user)
    ahead = next(day for day, *_, is_paid in owed(warehouse, user) if not is_paid)
    with warehouse.transaction() as connection:
        connection.execute(
            text("""
                insert into app.commitments (user_id, category_code, due_date, amount_minor, name)
                values (:user, :code, cast(:day as date) + 2, 1500, 'mine')
            """),
            {"user": user.user_id, "code": found.category_code, "day": ahead},
        )
    near = [amount for day, _, amount, _ in owed(warehouse, user) if ahead <= day <= ahead[:8] + "31"]
    assert near == [1500]
    with warehouse.transaction() as connection:
        recurring.decide_series(connection, user.user_id, found.series_id, "rejected")
    assert [amount for _, _, amount, _ in owed(warehouse, user)] == [1500]
