"""What ``mita explain`` tells: where a transaction comes from, what joined it, and what was said since."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import insert, text

from flows.cli.identity import tell_origin
from flows.cli.output import console
from flows.decisions import answer_identity, delete_transaction
from warehouse.repositories.links import confirm_link, list_links
from warehouse.repositories.origins import Origin, find_origin
from warehouse.repositories.splits import SplitLine, split_transaction
from warehouse.tables.app import category_decisions

if TYPE_CHECKING:
    from tests.flows.conftest import Ingest
    from warehouse.engine import Warehouse
    from warehouse.repositories.users import User

Write = Callable[[str, str | bytes], Path]
HEADER = "Date,Description,Amount,Currency,Status\n"
DAYS = "".join(f"2026-03-{day:02},SHOP {day},-{day}.00,EUR,posted\n" for day in range(1, 29))


def explained(warehouse: Warehouse, user: User, amount_minor: int) -> Origin:
    with warehouse.transaction() as connection:
        query = "select transaction_id from app.transactions where amount_minor = :amount"
        known = connection.execute(text(query), {"amount": amount_minor}).scalar_one()
        return find_origin(connection, user.user_id, known)


def told(origin: Origin) -> str:
    with console.capture() as captured:
        tell_origin(origin)
    return " ".join(captured.get().split())


def test_two_texts_of_one_line_are_told_with_their_files_and_what_joined_them(
    warehouse: Warehouse, ingest_files: Ingest, write: Write, user: User
) -> None:
    # One after the other: files that come together are read side by side, and either may be first.
    ingest_files(write("main_1.csv", HEADER + DAYS + "2026-03-14,LIDL SOFIA,-12.50,EUR,posted\n"))
    ingest_files(write("main_2.csv", HEADER + DAYS + "2026-03-14,LIDL SOFIA CARD 4711,-12.50,EUR,posted\n"))
    origin = explained(warehouse, user, -1250)
    assert [(line.file, line.line_number) for line in origin.lines] == [
        ("main_1.csv", 30),
        ("main_2.csv", 30),
    ]
    (joined,) = [line for line in origin.lines if line.probability is not None]
    assert joined.probability is not None
    assert joined.evidence
    words = told(origin)
    assert "main_1.csv, line 30: 2026-03-14 -12.50 EUR posted LIDL SOFIA" in words
    assert f"the same event with probability {joined.probability:.3f}" in words
    one, other = (str(line.entry_id) for line in origin.lines)
    answer_identity.fn(user.email, one, other, is_same=True, refresh=False)
    assert [edit.what for edit in explained(warehouse, user, -1250).edits] == ["same"]


def test_a_settled_purchase_tells_its_pending_line_and_what_was_said_of_it(
    warehouse: Warehouse, ingest_files: Ingest, write: Write, user: User
) -> None:
    ingest_files(write("main_1.csv", HEADER + "2026-03-10,TRATTORIA ROMA,-40.00,EUR,pending\n"))
    pending = explained(warehouse, user, -4000)
    with warehouse.transaction() as connection:
        connection.execute(
            insert(category_decisions).values(
                user_id=user.user_id, transaction_id=pending.transaction_id, category_code="restaurants"
            )
        )
    ingest_files(write("main_2.csv", HEADER + "2026-03-12,TRATTORIA ROMA,-46.00,EUR,posted\n"))
    origin = explained(warehouse, user, -4600)
    assert [(line.file, line.amount_minor, line.status) for line in origin.lines] == [
        ("main_1.csv", -4000, "pending"),
        ("main_2.csv", -4600, "posted"),
    ]
    assert [(edit.what, edit.detail) for edit in origin.edits] == [("category", "restaurants")]
    assert "restaurants, by you" in told(origin)
    with warehouse.transaction() as connection:
        parts = [SplitLine("restaurants", -3600), SplitLine("groceries", -1000, "for the week")]
        split_transaction(connection, user.user_id, origin.transaction_id, parts)
    split = explained(warehouse, user, -4600)
    assert [(part.category_code, part.amount_minor) for part in split.parts] == [
        ("restaurants", -3600),
        ("groceries", -1000),
    ]
    assert "2. -10.00 EUR groceries for the week" in told(split)
    delete_transaction.fn(user.email, str(origin.transaction_id), refresh=False)
    assert {"category", "split", "deleted"} == {edit.what for edit in explained(warehouse, user, -4600).edits}


@pytest.mark.parametrize(("amount", "role"), [(-50000, "transfer into"), (50000, "transfer from")])
def test_both_ends_of_a_transfer_tell_of_each_other(
    warehouse: Warehouse, ingest_files: Ingest, write: Write, user: User, amount: int, role: str
) -> None:
    main = (
        HEADER + "2026-03-10,TRANSFER TO OWN ACCOUNT,-500.00,EUR,posted\n2026-03-11,LIDL,-7.00,EUR,posted\n"
    )
    ingest_files(write("main.csv", main), account="main")
    savings = HEADER + "2026-03-10,TRANSFER FROM OWN ACCOUNT,500.00,EUR,posted\n"
    ingest_files(write("savings.csv", savings + "2026-03-31,INTEREST,0.70,EUR,posted\n"), account="savings")
    (link,) = explained(warehouse, user, amount).links
    assert (link.kind, link.band, link.origin, link.other_amount_minor) == (
        *("transfer", "paired", "matcher"),
        -amount,
    )
    assert role in told(explained(warehouse, user, amount))
    with warehouse.transaction() as connection:
        (known,) = list_links(connection, user.user_id)
        confirm_link(connection, user.user_id, known)
    origin = explained(warehouse, user, amount)
    assert [link.origin for link in origin.links] == ["user"]
    assert [(edit.what, edit.detail) for edit in origin.edits] == [("link confirmed", "transfer")]
    assert isinstance(origin.links[0].other_transaction_id, UUID)
