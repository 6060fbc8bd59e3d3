"""Makes what a test needs and ignores; a test says only what it is about."""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import insert, select

from warehouse.repositories.users import NewUser, User, add_user
from warehouse.tables.app import accounts, transactions

if TYPE_CHECKING:
    from warehouse.engine import Warehouse

_numbers = count(1)


def make_user(
    warehouse: Warehouse,
    *,
    email: str | None = None,
    currency: str = "EUR",
    timezone: str = "Europe/Sofia",
    country: str = "BG",
    monthly_income_minor: int | None = None,
) -> User:
    """A user whom nobody else is."""
    new = NewUser(
        email or f"person{next(_numbers)}@example.org",
        currency,
        timezone,
        country,
        monthly_income_minor=monthly_income_minor,
    )
    with warehouse.transaction() as connection:
        return add_user(connection, new)


def add_transaction(
    warehouse: Warehouse,
    user: User,
    *,
    amount_minor: int = -1250,
    spent: date = date(2026, 3, 14),
    description: str = "LIDL 123",
    account_ref: str = "BG80BNBG96611020345678",
) -> UUID:
    """A posted transaction of the user; gives the account that it is on."""
    with warehouse.transaction() as connection:
        key = accounts.c.user_id == user.user_id, accounts.c.account_ref == account_ref
        account_id = connection.execute(select(accounts.c.account_id).where(*key)).scalar_one_or_none()
        if account_id is None:
            account_id = connection.execute(
                insert(accounts)
                .values(user_id=user.user_id, account_ref=account_ref, currency=user.currency)
                .returning(accounts.c.account_id)
            ).scalar_one()
        transaction_id = uuid4()
        connection.execute(
            insert(transactions).values(
                user_id=user.user_id,
                transaction_id=transaction_id,
                account_id=account_id,
                booked_date=spent,
                spent_date=spent,
                amount_minor=amount_minor,
                currency=user.currency,
                status="posted",
                description=description,
            )
        )
        return UUID(str(account_id))
