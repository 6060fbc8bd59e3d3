"""The link flow: which transactions are transfers, refunds and reimbursements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
from prefect import flow

from flows.orchestration import DATABASE_RETRIES, publish_table, task
from flows.progress import report
from flows.rates import ensure_rates
from warehouse.engine import open_warehouse
from warehouse.repositories import links, rates
from warehouse.repositories.links import StaleUser
from warehouse.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from models_ml.links.logistic import LinkModel

#: Transactions matched at a time; a user with more is a block of their own.
MATCHED_AT_ONCE = 150_000
#: Days before the first transaction whose rates may still be the last ones.
_RATES_BEFORE = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Linked:
    """What a run did."""

    users: int
    changed: int


@flow(name="link", description="Look for transfers, refunds and reimbursements of users that have changed.")
def link() -> Linked:
    """Link what has changed, and give how many users and links that were."""
    return link_transactions(Settings())


@task(name="link transactions", **DATABASE_RETRIES)
def link_transactions(settings: Settings) -> Linked:
    """Match the transactions of every user whose facts have changed since the last time."""
    from models_ml.links.logistic import shipped  # noqa: PLC0415 - numpy, wanted only here

    ensure_rates(settings)
    model, users, changed = shipped(), 0, 0
    with open_warehouse(settings) as warehouse, warehouse.locked("links"):
        with warehouse.transaction() as connection:
            stale = links.stale_users(connection, model.version)
        for block in blocks(stale):
            with warehouse.transaction() as connection:
                changed += link_block(connection, block, model)
            users += len(block)
            report("linking", users, len(stale))
    publish_table("linked", [{"users": users, "links that changed": changed}], "Transfers, refunds, shares")
    return Linked(users, changed)


def link_block(connection: Connection, users: Sequence[StaleUser], model: LinkModel) -> int:
    """Match the transactions of some users anew and store what differs."""
    from models_ml.links.match import links as matched  # noqa: PLC0415

    ids = [user.user_id for user in users]
    facts = links.linkable_facts(connection, ids)
    decisions = links.user_decisions(connection, ids)
    found = matched(facts, _rates(connection, facts), decisions, model)
    return links.replace_links(connection, users, found, model.version)


def _rates(connection: Connection, facts: pl.DataFrame) -> pl.DataFrame:
    """The rates that the facts' currencies and days need; none for people with one currency."""
    if facts.is_empty() or facts.get_column("currency").n_unique() == 1:
        return pl.DataFrame(schema={"currency": pl.String, "rate_date": pl.Date, "per_euro": pl.Float64})
    since = facts.select(pl.col("booked_date").min()).item() - _RATES_BEFORE
    return rates.rates_for_matching(connection, since, facts.get_column("currency").unique().to_list())


def blocks(users: Sequence[StaleUser]) -> Iterator[list[StaleUser]]:
    """Users in groups of at most MATCHED_AT_ONCE transactions."""
    block: list[StaleUser] = []
    for user in users:
        if block and sum(each.transactions for each in block) + user.transactions > MATCHED_AT_ONCE:
            yield block
            block = []
        block.append(user)
    if block:
        yield block
