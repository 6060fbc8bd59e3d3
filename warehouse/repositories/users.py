"""Users and what they told us about themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import Connection, cast, func, insert, select, true, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError

from warehouse.errors import ActionableError
from warehouse.money import exponent
from warehouse.tables.app import budget_settings, users
from warehouse.tables.sign_in import sessions


class UserNotFoundError(ActionableError, LookupError):
    """No user has this address."""


class UserExistsError(ActionableError, ValueError):
    """Somebody has this address already."""


class UnknownTimeZoneError(ActionableError, ValueError):
    """Not an IANA time zone."""


class MalformedUserError(ActionableError, ValueError):
    """An address or a country that is none."""


#: The same as the API takes: that a letter arrives is proved by sending one.
_ADDRESS = re.compile(r"[^@\s\x00]+@[^@\s\x00]+")
_COUNTRY = re.compile(r"[A-Z]{2}|")


@dataclass(frozen=True, slots=True)
class NewUser:
    """What is needed to make a user; the password hash is null for somebody who signs in elsewhere."""

    email: str
    currency: str
    timezone: str
    country: str = ""
    display_name: str = ""
    password_hash: str | None = None
    monthly_income_minor: int | None = None


@dataclass(frozen=True, slots=True)
class User:
    """A user as pipelines see one."""

    user_id: UUID
    email: str
    currency: str
    timezone: str
    country: str

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which the user's days begin and end."""
        return ZoneInfo(self.timezone)


def add_user(connection: Connection, user: NewUser) -> User:
    """Make a user with budget settings.

    Raises UserExistsError, MalformedUserError, MoneyError, UnknownTimeZoneError.
    """
    _check(user)
    try:
        user_id = connection.execute(
            insert(users)
            .values(
                email=user.email.strip(),
                password_hash=user.password_hash,
                display_name=user.display_name,
                country=user.country.upper(),
                currency=user.currency,
                timezone=user.timezone,
            )
            .returning(users.c.user_id)
        ).scalar_one()
    except IntegrityError:
        message = f"a user with the address {user.email} exists already"
        raise UserExistsError(message) from None
    connection.execute(
        insert(budget_settings).values(user_id=user_id, monthly_income_minor=user.monthly_income_minor)
    )
    return User(user_id, user.email.strip(), user.currency, user.timezone, user.country.upper())


def _check(user: NewUser) -> None:
    exponent(user.currency)
    if user.timezone not in available_timezones():
        message = f"{user.timezone!r} is not an IANA time zone such as Europe/Sofia"
        raise UnknownTimeZoneError(message)
    if not _ADDRESS.fullmatch(user.email.strip()):
        message = f"{user.email!r} is not an e-mail address such as maria@example.org"
        raise MalformedUserError(message)
    if not _COUNTRY.fullmatch(user.country.upper()):
        message = f"{user.country!r} is not the two letters of a country (ISO 3166) such as BG"
        raise MalformedUserError(message)


def get_user(connection: Connection, email: str) -> User:
    """The user with this address, however it is capitalised; raises UserNotFoundError."""
    row = connection.execute(
        select(users.c.user_id, users.c.email, users.c.currency, users.c.timezone, users.c.country).where(
            func.lower(users.c.email) == email.strip().lower()
        )
    ).one_or_none()
    if row is None:
        message = f"there is no user {email}: make one with 'mita user create {email}'"
        raise UserNotFoundError(message)
    return User(*row)


def get_user_by_id(connection: Connection, user_id: UUID) -> User:
    """The user with this id; raises NoResultFound when they are gone."""
    row = connection.execute(
        select(users.c.user_id, users.c.email, users.c.currency, users.c.timezone, users.c.country).where(
            users.c.user_id == user_id
        )
    ).one()
    return User(*row)


def sign_out(connection: Connection, user: User) -> int:
    """End every session of a user, as the owner of the database; gives how many were open."""
    ended = connection.execute(
        update(sessions)
        .values(ended_at=func.now())
        .where(sessions.c.user_id == user.user_id, sessions.c.ended_at.is_(None))
    ).rowcount
    connection.execute(
        update(users).values(token_version=users.c.token_version + 1).where(users.c.user_id == user.user_id)
    )
    connection.execute(select(func.set_config("mita.user_id", str(user.user_id), true())))
    connection.execute(
        select(func.ops.add_audit_event("signed_out_by_operator", cast({"sessions": ended}, JSONB)))
    )
    return ended
