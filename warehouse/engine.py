"""Connections and transactions; the only module that commits."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from warehouse.errors import ActionableError
from warehouse.outages import lost_connection
from warehouse.server import EmbeddedServer
from warehouse.settings import Role, Settings


class WarehouseUnavailableError(ActionableError, RuntimeError):
    """Postgres cannot be reached; the message says what to do."""


@dataclass(frozen=True)
class Warehouse:
    """The platform's database, as one role sees it."""

    settings: Settings
    server: URL  # the owner's URL
    role: Role = "pipeline"

    @property
    def url(self) -> URL:
        """The URL of this role."""
        return self.settings.url_for(self.role, self.server)

    @property
    def engine(self) -> Engine:
        """Makes connections for this role."""
        return _engine(self.url)

    def as_role(self, role: Role) -> Warehouse:
        """The same database as another role sees it."""
        return Warehouse(self.settings, self.server, role)

    @contextlib.contextmanager
    def transaction(self, *, user_id: UUID | None = None) -> Iterator[Connection]:
        """One transaction; with ``user_id`` row-level security lets only that user's rows through."""
        with _outages_told(), self.engine.begin() as connection:
            if user_id is not None:
                connection.execute(text("select set_config('mita.user_id', :id, true)"), {"id": str(user_id)})
            yield connection

    @contextlib.contextmanager
    def locked(self, *names: str) -> Iterator[None]:
        """Hold locks that only one process at a time can hold; they go when the process does."""
        with (
            _outages_told(),
            self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            for name in sorted(names):  # in one order for all, so that nobody waits in a circle
                key = {"name": f"mita:{name}"}
                connection.execute(text("select pg_advisory_lock(hashtextextended(:name, 0))"), key)
            try:
                yield
            finally:
                connection.invalidate()


@contextlib.contextmanager
def _outages_told() -> Iterator[None]:
    """Turn the loss of the server into an error that says what to do."""
    try:
        yield
    except WarehouseUnavailableError:
        raise
    except Exception as error:
        if lost_connection(error):
            message = "Postgres went away; nothing of this step was kept. Run the same command again."
            raise WarehouseUnavailableError(message) from error
        raise


@cache
def _engine(url: URL) -> Engine:
    """Connections are opened when needed and not kept: a task uses few, and a fork must share none."""
    return create_engine(url, poolclass=NullPool)


@contextlib.contextmanager
def open_warehouse(settings: Settings, role: Role = "pipeline") -> Iterator[Warehouse]:
    """The warehouse, with the embedded server running for as long as the block lasts."""
    if settings.external_server is not None:
        yield Warehouse(settings, settings.external_server, role)
        return
    with EmbeddedServer(settings).in_use() as server:
        yield Warehouse(settings, server, role)
