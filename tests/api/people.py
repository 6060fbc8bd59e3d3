"""The people whose facts the marts of these tests were built from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import insert, update

from api.auth.tokens import Principal
from tests.factories import make_user
from warehouse.passwords import hash_password
from warehouse.tables.app import accounts, category_decisions, transactions, users
from warehouse.tables.ml import category_predictions
from warehouse.tables.raw import import_batches, statement_accounts, statement_lines
from warehouse.tables.sign_in import sessions

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from warehouse.engine import Warehouse
    from warehouse.repositories.users import User

PASSWORD = "a long and quiet passphrase"  # noqa: S105 - of people who do not exist


@dataclass(frozen=True)
class Line:
    """One transaction, some days before today; the category is the model's unless the user decided."""

    days_ago: int
    amount_minor: int
    category_code: str
    description: str = "CARD PAYMENT"
    counterparty: str | None = None
    currency: str | None = None
    status: str = "posted"
    decided: bool = False


@dataclass(frozen=True)
class Person:
    """Somebody with a plan in a currency and zone of their own."""

    email: str
    currency: str
    timezone: str
    income_minor: int | None
    balance_minor: int | None
    lines: tuple[Line, ...]

    @property
    def today(self) -> date:
        """The civil date where they are."""
        return datetime.now(tz=ZoneInfo(self.timezone)).date()


MARIA = Person(
    "maria@example.org",
    "EUR",
    "Europe/Sofia",
    income_minor=200_000,
    balance_minor=123_456,
    lines=(
        Line(0, -1_250, "groceries", "POS 4711 LIDL SOFIA", "Lidl"),
        Line(0, -310, "coffee", "ESPRESSO BAR", "Кафе Вавилон", decided=True),
        Line(0, -310, "coffee", "ESPRESSO BAR", "Кафе Вавилон"),
        Line(0, 500, "groceries", "REFUND LIDL", "Lidl"),
        Line(1, -4_200, "restaurants", "HAPPY BAR & GRILL", status="pending"),
        Line(1, -999, "software_subscriptions", "APP STORE", currency="USD"),
        Line(2, 210_000, "salary", "SALARY"),
        Line(2, -30_000, "internal_transfer", "TO SAVINGS"),
        Line(33, -2_000, "groceries", "BILLA", "Billa"),
        Line(40, -60_000, "rent", "RENT"),
    ),
)
KENJI = Person(
    "kenji@example.org", "JPY", "Asia/Tokyo", 300_000, 98_765, (Line(0, -1_250, "groceries", "SEVEN ELEVEN"),)
)
NOURA = Person(
    "noura@example.org", "KWD", "Asia/Kuwait", 900_000, 5_001, (Line(0, -1_250, "groceries", "LULU"),)
)
NEWCOMER = Person("newcomer@example.org", "EUR", "America/New_York", None, None, ())
YEARS = 2


def habits(today: date) -> tuple[Line, ...]:
    """Two years: pay on the first, rent on the third, dinner out every Friday, gifts every 12 December."""
    lines = []
    for ago in range(1, YEARS * 365 + 40):
        day = today - timedelta(days=ago)
        if day.day == 1:
            lines.append(Line(ago, 200_000, "salary", "SALARY"))
        if day.day == 3:
            lines.append(Line(ago, -60_000, "rent", "RENT"))
        if day.isoweekday() == 5:
            lines.append(Line(ago, -4_000 - 10 * (ago % 7), "restaurants", "DINNER", "Osteria"))
        elif ago % 3 == 0:
            lines.append(Line(ago, -1_000 - ago % 200, "groceries", "POS", "Corner Shop"))
        if (day.month, day.day) == (12, 12):
            lines.append(Line(ago, -30_000, "gifts", "GIFTS"))
    return tuple(lines)


#: Who stated no income, so that it is read off statements.
DORA = Person("dora@example.org", "EUR", "UTC", None, 50_000, habits(datetime.now(tz=UTC).date()))
EVERYBODY = (MARIA, KENJI, NOURA, NEWCOMER, DORA)


def principal_of(warehouse: Warehouse, user_id: UUID, token_version: int = 1) -> Principal:
    """Somebody who is signed in, without asking for the password."""
    with warehouse.transaction() as connection:
        session_id = connection.execute(
            insert(sessions)
            .values(user_id=user_id, refresh_id=uuid4(), expires_at=datetime.now(tz=UTC) + timedelta(days=30))
            .returning(sessions.c.session_id)
        ).scalar_one()
    return Principal(user_id, token_version, session_id)


def move_in(warehouse: Warehouse, person: Person) -> User:
    """Make the person's user and facts."""
    user = make_user(
        warehouse,
        email=person.email,
        currency=person.currency,
        timezone=person.timezone,
        monthly_income_minor=person.income_minor,
    )
    with warehouse.transaction() as connection:
        connection.execute(
            update(users).where(users.c.user_id == user.user_id).values(password_hash=hash_password(PASSWORD))
        )
        if person.lines:
            _add_account(connection, user, person)
    return user


def _add_account(connection: Connection, user: User, person: Person) -> None:
    account_id = connection.execute(
        insert(accounts)
        .values(user_id=user.user_id, account_ref="IBAN1", currency=user.currency, kind="checking")
        .returning(accounts.c.account_id)
    ).scalar_one()
    for line in person.lines:
        _add_line(connection, user.user_id, account_id, person, line)
    _add_statement(connection, user, account_id, person)


def _add_line(connection: Connection, user_id: UUID, account_id: UUID, person: Person, line: Line) -> None:
    key = {"user_id": user_id, "transaction_id": uuid4()}
    spent = person.today - timedelta(days=line.days_ago)
    connection.execute(
        insert(transactions).values(
            **key,
            account_id=account_id,
            booked_date=spent,
            spent_date=spent,
            amount_minor=line.amount_minor,
            currency=line.currency or person.currency,
            status=line.status,
            description=line.description,
            counterparty=line.counterparty,
        )
    )
    if line.decided:
        connection.execute(insert(category_decisions).values(**key, category_code=line.category_code))
        return
    connection.execute(
        insert(category_predictions).values(
            **key,
            category_code=line.category_code,
            suggested_code=line.category_code,
            probability=0.875,
            model_name="test",
            model_version="1",
        )
    )


def _add_statement(connection: Connection, user: User, account_id: UUID, person: Person) -> None:
    """A statement whose closing balance is the account's."""
    batch = {
        "user_id": user.user_id,
        "batch_id": connection.execute(
            insert(import_batches)
            .values(
                user_id=user.user_id,
                file_name="statement.xml",
                file_sha256=str(user.user_id),
                file_bytes=1,
                status="loaded",
                finished_at=datetime.now(tz=UTC),
            )
            .returning(import_batches.c.batch_id)
        ).scalar_one(),
        "account_ref": "IBAN1",
        "currency": user.currency,
    }
    connection.execute(
        insert(statement_accounts).values(
            **batch, account_id=account_id, closing_balance_minor=person.balance_minor
        )
    )
    connection.execute(
        insert(statement_lines).values(
            **batch,
            line_number=1,
            booked_date=person.today,
            amount_minor=-1,
            status="posted",
            description="x",
            content_key=uuid4(),
            raw="x",
        )
    )
