"""The parts of a transaction are the transaction, whoever writes them and whatever becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.factories import add_transaction, make_user
from warehouse.repositories.splits import SplitLine, SplitRefusedError, list_split, split_transaction

if TYPE_CHECKING:
    from warehouse.engine import Warehouse
    from warehouse.repositories.users import User

PARTS = (SplitLine("groceries", -1000), SplitLine("pharmacy", -250, "vitamins"))


@pytest.fixture
def user(warehouse: Warehouse) -> User:
    return make_user(warehouse)


@pytest.fixture
def purchase(warehouse: Warehouse, user: User) -> UUID:
    add_transaction(warehouse, user, amount_minor=-1250)
    with warehouse.transaction() as connection:
        return UUID(str(connection.execute(text("select transaction_id from app.transactions")).scalar_one()))


def test_a_split_is_kept_replaced_and_taken_back(warehouse: Warehouse, user: User, purchase: UUID) -> None:
    for parts in (PARTS, PARTS[::-1], ()):
        with warehouse.transaction() as connection:
            split_transaction(connection, user.user_id, purchase, parts)
        with warehouse.transaction() as connection:
            assert list_split(connection, user.user_id, purchase) == list(parts)


@pytest.mark.parametrize("parts", [PARTS[:1], (*PARTS, SplitLine("coffee", -1))])
def test_parts_that_are_not_the_whole_are_refused(
    warehouse: Warehouse, user: User, purchase: UUID, parts: tuple[SplitLine, ...]
) -> None:
    with pytest.raises(SplitRefusedError, match="parts"), warehouse.transaction() as connection:
        split_transaction(connection, user.user_id, purchase, parts)


def test_the_database_refuses_them_as_well(warehouse: Warehouse, user: User, purchase: UUID) -> None:
    with warehouse.transaction() as connection:
        split_transaction(connection, user.user_id, purchase, PARTS)
    with pytest.raises(IntegrityError, match="sum to -1251"), warehouse.transaction() as connection:
        connection.execute(text("update app.split_lines set amount_minor = -251 where line_number = 2"))
    with pytest.raises(IntegrityError, match="sum to -1000"), warehouse.transaction() as connection:
        connection.execute(text("delete from app.split_lines where line_number = 2"))


def test_a_tip_that_comes_with_settling_goes_to_the_largest_part(
    warehouse: Warehouse, user: User, purchase: UUID
) -> None:
    with warehouse.transaction() as connection:
        split_transaction(connection, user.user_id, purchase, PARTS)
    with warehouse.transaction() as connection:
        connection.execute(text("update app.transactions set amount_minor = -1400"))
    with warehouse.transaction() as connection:
        amounts = [part.amount_minor for part in list_split(connection, user.user_id, purchase)]
    assert amounts == [-1150, -250]


def test_the_parts_stay_with_the_entry(warehouse: Warehouse, user: User, purchase: UUID) -> None:
    """An earlier file brings an entry that the purchase joins, at another amount, and goes again."""
    with warehouse.transaction() as connection:
        split_transaction(connection, user.user_id, purchase, PARTS)
        (account,) = connection.execute(text("select account_id from app.transactions")).scalars()
    add_transaction(warehouse, user, amount_minor=-1300)
    other = "(select transaction_id from app.transactions where amount_minor = -1300)"
    with warehouse.transaction() as connection:
        connection.execute(
            text(
                "insert into app.merged_entries (user_id, entry_id, transaction_id, account_id, probability, "
                f"evidence) select :user, :entry, {other}, :account, 0.99, '{{}}'"
            ),
            {"user": user.user_id, "entry": purchase, "account": account},
        )
        joined = UUID(str(connection.execute(text(f"select {other}")).scalar_one()))
        assert [part.amount_minor for part in list_split(connection, user.user_id, joined)] == [-1050, -250]
        assert list_split(connection, user.user_id, purchase) == []
    with warehouse.transaction() as connection:
        split_transaction(connection, user.user_id, joined, ())
        connection.execute(text("delete from app.merged_entries"))
        assert list_split(connection, user.user_id, purchase) == []


def test_a_split_moves_the_users_plan(warehouse: Warehouse, user: User, purchase: UUID) -> None:
    version = text("select version from ops.user_versions")
    with warehouse.transaction() as connection:
        before = connection.execute(version).scalar_one()
        split_transaction(connection, user.user_id, purchase, PARTS)
        assert connection.execute(version).scalar_one() > before
