"""A command's way to one user's rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from warehouse.repositories.users import User


@contextmanager
def user_session(email: str) -> Iterator[tuple[Connection, User]]:
    """One transaction of the warehouse, made ready if need be; raises UserNotFoundError."""
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.repositories.users import get_user
    from warehouse.settings import Settings

    settings = Settings()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        with warehouse.transaction() as connection:
            yield connection, get_user(connection, email)
