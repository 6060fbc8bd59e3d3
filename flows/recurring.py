"""The recurring flow: what comes again in the histories of users that have changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect import flow

from flows.orchestration import DATABASE_RETRIES, publish_table, task
from flows.progress import report
from warehouse.engine import open_warehouse
from warehouse.repositories import recurring
from warehouse.repositories.recurring import StaleUser
from warehouse.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Transactions looked at together; a user with more is a block of their own.
SEARCHED_AT_ONCE = 250_000


@dataclass(frozen=True, slots=True)
class Searched:
    """What a run did."""

    users: int
    changed: int


@flow(name="find-recurring", description="Find bills, subscriptions and pay of users that have changed.")
def find_recurring() -> Searched:
    """Look through what has changed, and give how many users and series that were."""
    return search_series(Settings())


@task(name="find recurring series", **DATABASE_RETRIES)
def search_series(settings: Settings) -> Searched:
    """Find the series of every user whose facts have changed since the last time."""
    from models_ml.recurring.score import shipped  # noqa: PLC0415 - numpy, wanted only here

    version, users, changed = shipped().version, 0, 0
    with open_warehouse(settings) as warehouse, warehouse.locked("recurring"):
        with warehouse.transaction() as connection:
            stale = recurring.stale_users(connection, version)
        for block in blocks(stale):
            with warehouse.transaction() as connection:
                changed += search_block(connection, block, version)
            users += len(block)
            report("finding what comes again", users, len(stale))
    publish_table("recurring", [{"users": users, "series that changed": changed}], "Series found")
    return Searched(users, changed)


def search_block(connection: Connection, users: Sequence[StaleUser], version: str) -> int:
    """Find the series of some users anew and store what differs."""
    from models_ml.recurring.series import find_series  # noqa: PLC0415

    lines = recurring.recurring_lines(connection, [user.user_id for user in users])
    found = find_series(lines)
    return recurring.replace_series(connection, users, found.series, found.occurrences, version)


def blocks(users: Sequence[StaleUser]) -> Iterator[list[StaleUser]]:
    """Users in groups of at most SEARCHED_AT_ONCE transactions."""
    block: list[StaleUser] = []
    size = 0
    for user in users:
        if block and size + user.transactions > SEARCHED_AT_ONCE:
            yield block
            block, size = [], 0
        block.append(user)
        size += user.transactions
    if block:
        yield block
