"""What belongs together is found by ingesting, in any order, and what a user says of it stays."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from flows.batches import undo_batch
from flows.links import link_transactions
from tests.flows.conftest import Ingest
from warehouse.repositories.links import (
    LinkNotFoundError,
    LinkTakenError,
    confirm_link,
    get_link,
    list_links,
    reject_link,
)
from warehouse.repositories.splits import SplitLine, list_split, split_transaction
from warehouse.settings import Settings

if TYPE_CHECKING:
    from warehouse.engine import Warehouse
    from warehouse.repositories.links import Link
    from warehouse.repositories.users import User

HEADER = "Date,Description,Amount,Currency,Account\n"
MAIN = HEADER + (
    "2026-03-02,TRANSFER TO SAVINGS,-250.00,EUR,MAIN0001\n"
    "2026-03-03,CREDIT CARD PAYMENT,-612.34,EUR,MAIN0001\n"
    "2026-03-09,TRANSFER TO OWN ACCOUNT 7788,-90.00,EUR,MAIN0001\n"
    "2026-03-10,LIDL SOFIA,-23.40,EUR,MAIN0001\n"
)
SAVINGS = HEADER + "2026-03-03,TRANSFER FROM CHECKING,250.00,EUR,SAVE0002\n"
CARD = HEADER + (
    "2026-03-01,ZARA HOME SOFIA,-80.00,EUR,CARD0003\n"
    "2026-03-04,PAYMENT RECEIVED - THANK YOU,612.34,EUR,CARD0003\n"
    "2026-03-12,REFUND ZARA HOME SOFIA,40.00,EUR,CARD0003\n"
    "2026-03-15,REFUND ZARA HOME SOFIA,20.00,EUR,CARD0003\n"
)
FILES = {"main.csv": MAIN, "savings.csv": SAVINGS, "card.csv": CARD}
PAIRED = {
    ("transfer", "paired", "TRANSFER TO SAVINGS", "TRANSFER FROM CHECKING"),
    ("transfer", "paired", "CREDIT CARD PAYMENT", "PAYMENT RECEIVED - THANK YOU"),
    ("refund", "paired", "REFUND ZARA HOME SOFIA", "ZARA HOME SOFIA"),
}
PARTS = (SplitLine("groceries", -2000), SplitLine("alcohol", -340, "for the party"))
Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def settings(warehouse: Warehouse, ingest_files: Ingest) -> Settings:
    assert callable(ingest_files)  # the fixture points the settings at the database of the test
    assert Settings().root == warehouse.settings.root
    return Settings()


def links_of(warehouse: Warehouse, user: User) -> list[Link]:
    with warehouse.transaction() as connection:
        return list(list_links(connection, user.user_id))


def told(links: list[Link]) -> set[tuple[str, str, str, str]]:
    return {
        (link.kind, link.band, link.source.description, link.target.description if link.target else "")
        for link in links
    }


@pytest.mark.parametrize("order", list(permutations(FILES))[::2])
def test_any_order_of_files_gives_the_same_links(
    warehouse: Warehouse, user: User, ingest_files: Ingest, write: Write, order: tuple[str, ...]
) -> None:
    for name in order:
        ingest_files(write(name, FILES[name]))
    found = links_of(warehouse, user)
    assert told([link for link in found if link.band == "paired"]) == PAIRED
    assert ("transfer", "suggested", "TRANSFER TO OWN ACCOUNT 7788", "") in told(found)
    assert sum(link.kind == "refund" for link in found) == 2


def test_looking_again_changes_nothing(
    warehouse: Warehouse, user: User, ingest_files: Ingest, write: Write, settings: Settings
) -> None:
    ingest_files(*(write(name, content) for name, content in FILES.items()))
    before = links_of(warehouse, user)
    assert link_transactions(settings).users == 0
    with warehouse.transaction() as connection:
        connection.execute(text("update ops.link_versions set version = version - 1"))
    again = link_transactions(settings)
    assert (again.users, again.changed) == (1, 0)
    assert links_of(warehouse, user) == before


def test_a_rejected_link_is_never_asked_again(
    warehouse: Warehouse, user: User, ingest_files: Ingest, write: Write, settings: Settings
) -> None:
    ingest_files(*(write(name, content) for name, content in FILES.items()))
    asked = next(link for link in links_of(warehouse, user) if link.target is None)
    refund = next(link for link in links_of(warehouse, user) if link.kind == "refund")
    with warehouse.transaction() as connection:
        reject_link(connection, user.user_id, asked)
        reject_link(connection, user.user_id, refund)
    link_transactions(settings)
    ingest_files(write("more.csv", HEADER + "2026-03-20,LIDL SOFIA,-3.40,EUR,MAIN0001\n"))
    after = {link.link_id: link for link in links_of(warehouse, user)}
    for rejected in (asked, refund):
        assert (after[rejected.link_id].band, after[rejected.link_id].origin) == ("no", "user")
        standing = [
            link
            for link in after.values()
            if link.source.transaction_id == rejected.source.transaction_id and link.band != "no"
        ]
        assert standing == []


def test_a_confirmed_link_stays_whatever_the_matcher_thinks(
    warehouse: Warehouse, user: User, ingest_files: Ingest, write: Write, settings: Settings
) -> None:
    ingest_files(*(write(name, content) for name, content in FILES.items()))
    asked = next(link for link in links_of(warehouse, user) if link.target is None)
    with warehouse.transaction() as connection:
        confirm_link(connection, user.user_id, get_link(connection, user.user_id, str(asked.link_id)[:13]))
    link_transactions(settings)
    # The other end turns up later; the user has said what it is.
    ingest_files(write("late.csv", HEADER + "2026-03-09,TRANSFER FROM OWN ACCOUNT,90.00,EUR,LATE7788\n"))
    after = next(link for link in links_of(warehouse, user) if link.link_id == asked.link_id)
    assert (after.band, after.origin) == ("paired", "user")


def words_of(
    warehouse: Warehouse, user: User
) -> tuple[set[tuple[str, str, str, str]], dict[str, list[SplitLine]]]:
    """The links that the user spoke of, and the parts of what they split."""
    links = links_of(warehouse, user)
    said = {
        (link.kind, link.band, link.source.description, link.target.description if link.target else "")
        for link in links
        if link.origin == "user"
    }
    with warehouse.transaction() as connection:
        lines = connection.execute(
            text("select transaction_id, amount_minor, description from app.transactions")
        ).all()
        parts = {
            line.description: list_split(connection, user.user_id, line.transaction_id) for line in lines
        }
    for line in lines:
        assert sum(part.amount_minor for part in parts[line.description]) in {0, line.amount_minor}
    return said, {description: part for description, part in parts.items() if part}


@pytest.mark.parametrize("order", list(permutations(FILES))[1::2])
def test_words_about_links_and_parts_outlive_the_import(
    warehouse: Warehouse, user: User, ingest_files: Ingest, write: Write, order: tuple[str, ...]
) -> None:
    """Whatever is undone and imported again, in whatever order."""
    outcomes = [*ingest_files(*(write(name, content) for name, content in FILES.items()))]
    links = {link.source.description: link for link in links_of(warehouse, user)}
    with warehouse.transaction() as connection:
        confirm_link(connection, user.user_id, links["TRANSFER TO SAVINGS"])
        confirm_link(connection, user.user_id, links["TRANSFER TO OWN ACCOUNT 7788"])
        reject_link(connection, user.user_id, links["CREDIT CARD PAYMENT"])
        lidl = connection.execute(
            text("select transaction_id from app.transactions where description = 'LIDL SOFIA'")
        ).scalar_one()
        split_transaction(connection, user.user_id, lidl, PARTS)
    said = words_of(warehouse, user)
    assert (len(said[0]), said[1]) == (3, {"LIDL SOFIA": list(PARTS)})
    for outcome in outcomes:
        undo_batch.fn(user.email, str(outcome.batch_id), refresh=False)
    assert words_of(warehouse, user) == (set(), {})
    for name in order:
        ingest_files(write(name, FILES[name]))
    assert words_of(warehouse, user) == said


def test_a_user_cannot_confirm_two_stories_of_the_same_money(
    warehouse: Warehouse, user: User, ingest_files: Ingest, write: Write, settings: Settings
) -> None:
    ingest_files(*(write(name, content) for name, content in FILES.items()))
    refund = next(link for link in links_of(warehouse, user) if link.kind == "refund")
    with warehouse.transaction() as connection:
        confirm_link(connection, user.user_id, refund)
        connection.execute(
            text("""
                insert into app.transaction_links (
                    user_id, link_id, kind, source_transaction_id, probability, band, origin
                )
                values (:user_id, gen_random_uuid(), 'transfer', :source, 0.5, 'suggested', 'matcher')
            """),
            {"user_id": user.user_id, "source": refund.source.transaction_id},
        )
    other = next(
        link
        for link in links_of(warehouse, user)
        if link.source.transaction_id == refund.source.transaction_id and link.link_id != refund.link_id
    )
    with pytest.raises(LinkTakenError, match="reject"), warehouse.transaction() as connection:
        confirm_link(connection, user.user_id, other)
    with pytest.raises(LinkNotFoundError), warehouse.transaction() as connection:
        get_link(connection, user.user_id, "nothing")
    assert settings.rates_url is None
