"""What all tables share: one metadata, names for constraints, and the columns that recur."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, ForeignKeyConstraint, MetaData, Text, Uuid, text

SCHEMAS = ("raw", "app", "ml", "ops")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s__%(column_0_N_name)s",
        "ix": "ix_%(table_name)s__%(column_0_N_name)s",
        "fk": "fk_%(table_name)s__%(referred_table_name)s",
        "ck": "ck_%(table_name)s__%(constraint_name)s",
    }
)


def user_id() -> Column[Any]:
    """The tenant, first in every primary key, so that tables can be distributed by it."""
    return Column("user_id", Uuid, primary_key=True)


def belongs_to_user() -> ForeignKeyConstraint:
    """Rows go when their user goes."""
    return ForeignKeyConstraint(["user_id"], ["app.users.user_id"], ondelete="CASCADE")


def belongs_to(table: str, *columns: str) -> ForeignKeyConstraint:
    """A reference that carries the tenant, so that it cannot cross to another user's row."""
    key = ["user_id", *columns]
    return ForeignKeyConstraint(key, [f"{table}.{column}" for column in key], ondelete="CASCADE")


def instant(name: str, *, default_now: bool = False, nullable: bool = False) -> Column[Any]:
    """A UTC instant."""
    return Column(
        name,
        DateTime(timezone=True),
        nullable=nullable,
        server_default=text("now()") if default_now else None,
    )


def amount(name: str = "amount_minor", *, nullable: bool = False) -> Column[Any]:
    """Money in minor units of the row's currency."""
    return Column(name, BigInteger, nullable=nullable)


def string(name: str, *, nullable: bool = False, default: str | None = None) -> Column[Any]:
    """Text of any length."""
    return Column(
        name, Text, nullable=nullable, server_default=None if default is None else text(f"'{default}'")
    )
