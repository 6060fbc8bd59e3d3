"""Accounts that the user says are one: put together, taken apart again, and nothing else touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text

from flows.decisions import merge_accounts, unmerge_account
from tests.factories import make_user
from tests.flows.test_identity import STATE
from warehouse.repositories.accounts import AccountError, ListedAccount, list_accounts, rename_account
from warehouse.tables.app import category_decisions

if TYPE_CHECKING:
    from tests.flows.conftest import Ingest
    from warehouse.engine import Warehouse
    from warehouse.repositories.users import User

Write = Callable[[str, str | bytes], Path]

HEADER = "Account,Date,Description,Amount,Currency\n"
DAYS = [(day, f"SHOP {day}", -day * 100 - 37) for day in range(1, 21)]


def table(account: str, days: list[tuple[int, str, int]], currency: str = "EUR") -> str:
    rows = "".join(
        f"{account},2026-03-{day:02},{name},{cents / 100:.2f},{currency}\n" for day, name, cents in days
    )
    return HEADER + rows


@pytest.fixture
def two(ingest_files: Ingest, write: Write, warehouse: Warehouse, user: User) -> tuple[UUID, UUID]:
    """One account known by two numbers: the second's file repeats ten days in other words."""
    reworded = [(day, f"CARD 4711 {name} SOFIA", cents) for day, name, cents in DAYS[10:]]
    ingest_files(
        write("old.csv", table("BG80BNBG96611020345678", DAYS)),
        write("new.csv", table("DE89370400440532013000", [*reworded, (25, "LATER", -999)])),
    )
    found = {account.account_ref: account.account_id for account in listed(warehouse, user)}
    return found["BG80BNBG96611020345678"], found["DE89370400440532013000"]


def listed(warehouse: Warehouse, user: User) -> list[ListedAccount]:
    with warehouse.transaction() as connection:
        return list_accounts(connection, user.user_id)


def state(warehouse: Warehouse) -> list[tuple[object, ...]]:
    with warehouse.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(STATE))]


def merge(user: User, account: UUID, into: UUID) -> None:
    merge_accounts.fn(user.email, str(account), str(into), refresh=False)


def test_merged_accounts_have_each_purchase_once_and_come_apart_exactly(
    warehouse: Warehouse, user: User, two: tuple[UUID, UUID]
) -> None:
    old, new = two
    before = state(warehouse)
    assert {one.account_id: one.transactions for one in listed(warehouse, user)} == {old: 20, new: 11}
    merge(user, new, old)
    assert [(one.account_id, one.transactions, one.merged_into) for one in listed(warehouse, user)] == [
        (old, 21, None),
        (new, 0, old),
    ]
    unmerge_account.fn(user.email, str(new), refresh=False)
    assert state(warehouse) == before


def test_files_that_come_after_a_merge_know_it(
    warehouse: Warehouse, user: User, two: tuple[UUID, UUID], ingest_files: Ingest, write: Write
) -> None:
    old, new = two
    merge(user, new, old)
    (again,) = ingest_files(write("again.csv", table("DE89370400440532013000", [(25, "LATER", -999)])))
    (more,) = ingest_files(write("more.csv", table("DE89370400440532013000", [(27, "MORE", -5)])))
    assert (again.transactions_added, more.transactions_added) == (0, 1)
    assert {one.account_id: one.transactions for one in listed(warehouse, user)} == {old: 22, new: 0}
    unmerge_account.fn(user.email, str(new), refresh=False)
    assert {one.account_id: one.transactions for one in listed(warehouse, user)} == {old: 20, new: 12}


def test_what_the_user_said_of_a_purchase_survives_merge_and_unmerge(
    warehouse: Warehouse, user: User, two: tuple[UUID, UUID]
) -> None:
    old, new = two
    with warehouse.transaction() as connection:
        later = connection.execute(
            text("select transaction_id from app.transactions where description = 'LATER'")
        ).scalar_one()
        connection.execute(
            insert(category_decisions).values(
                user_id=user.user_id, transaction_id=later, category_code="gifts"
            )
        )
    merge(user, new, old)
    unmerge_account.fn(user.email, str(new), refresh=False)
    with warehouse.transaction() as connection:
        said = connection.execute(
            text("select category_code from app.decided_categories where transaction_id = :id"), {"id": later}
        )
        assert said.scalar_one() == "gifts"


def test_what_cannot_be_one_is_refused(
    warehouse: Warehouse, user: User, two: tuple[UUID, UUID], ingest_files: Ingest, write: Write
) -> None:
    old, new = two
    ingest_files(write("pounds.csv", table("GB33BUKB20201555555555", DAYS[:3], "GBP")))
    pounds = next(one.account_id for one in listed(warehouse, user) if one.currency == "GBP")
    with pytest.raises(AccountError, match="itself"):
        merge(user, old, old)
    with pytest.raises(AccountError, match="one currency each"):
        merge(user, pounds, old)
    with pytest.raises(AccountError, match="accounts list"):
        merge(user, uuid4(), old)
    with pytest.raises(AccountError, match="is not merged"):
        unmerge_account.fn(user.email, str(new), refresh=False)
    merge(user, new, old)
    with pytest.raises(AccountError, match="merged already"):
        merge(user, old, new)
    stranger = make_user(warehouse)
    with pytest.raises(AccountError, match="no account"):
        merge(stranger, new, old)


def test_an_account_has_the_name_that_its_user_gives_it(
    warehouse: Warehouse, user: User, two: tuple[UUID, UUID]
) -> None:
    old, _ = two
    for given, shown in (("Joint account", "Joint account"), ("  ", "")):
        with warehouse.transaction() as connection:
            rename_account(connection, user.user_id, old, given)
        assert next(one.name for one in listed(warehouse, user) if one.account_id == old) == shown
