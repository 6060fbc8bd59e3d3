"""Files in any order, undone, deleted, answered: transactions follow from facts and from nothing else."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl
import pytest
from sqlalchemy import insert, text

from flows.batches import undo_batch
from flows.decisions import answer_identity, delete_transaction, restore_transaction
from flows.evaluation.identity import keyed, labelled_lines
from flows.generator import generate
from models_ml.identity.entries import coverage_of, entries_of
from models_ml.identity.resolve import resolve
from tests.factories import make_user
from warehouse.repositories.identity import list_questions
from warehouse.repositories.origins import find_origin
from warehouse.tables.app import category_decisions

if TYPE_CHECKING:
    from tests.flows.conftest import Ingest
    from warehouse.engine import Warehouse
    from warehouse.repositories.users import User

Write = Callable[[str, str | bytes], Path]

#: Everything that follows from files, without instants and without ids that come anew.
STATE = """
select
    'account', a.account_ref, a.currency, a.kind, a.institution, a.name, null, null, null
from app.accounts as a
union all
select 'transaction', t.transaction_id::text, a.account_ref, t.booked_date::text, t.spent_date::text,
    t.amount_minor::text, t.status, t.description, t.counterparty
from app.transactions as t inner join app.accounts as a using (user_id, account_id)
union all
select 'merged', entry_id::text, transaction_id::text, probability::text, evidence::text, null, null, null,
    null
from app.merged_entries
union all
select 'question', one_entry::text, other_entry::text, probability::text, is_same::text, null, null, null,
    null
from app.identity_questions
union all
select 'line', l.entry_id::text, l.transaction_id::text, b.file_name, l.line_number::text, null, null, null,
    null
from app.transaction_lines as l inner join raw.import_batches as b using (user_id, batch_id)
order by 1, 2, 3, 4, 5
"""
HEADER = "Date,Description,Amount,Currency,Status\n"


def state(warehouse: Warehouse) -> list[tuple[object, ...]]:
    with warehouse.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(STATE))]


def transactions(warehouse: Warehouse) -> list[tuple[UUID, date, int, str]]:
    query = """
        select transaction_id, booked_date, amount_minor, status from app.transactions
        where deleted_at is null order by 2, 3
    """
    with warehouse.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@pytest.fixture
def user(warehouse: Warehouse) -> User:
    """As person 4 is, whose American bank says no currency in its tables."""
    return make_user(warehouse, currency="USD", country="US", timezone="America/New_York")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person whose bank shows pending lines, changes texts and gives a second format."""
    folder = tmp_path_factory.mktemp("bank") / "bank"
    generate(users=4, months=3, seed=5, out=folder, workers=1)
    for other in folder.iterdir():
        if other.name[:5] in {"00001", "00002", "00003"}:
            shutil.rmtree(other)
    return folder


def files_of(bank: Path, person: str) -> list[Path]:
    return sorted((bank / next(p.name for p in bank.iterdir() if p.name.startswith(person))).iterdir())


def test_the_warehouse_resolves_as_the_pure_function_does(
    warehouse: Warehouse, ingest_files: Ingest, bank: Path
) -> None:
    person = "00004"
    files = files_of(bank, person)
    ingest_files(*files)
    lines = keyed(labelled_lines(bank).filter(pl.col("name").str.starts_with(person)))
    coverage = coverage_of(lines)
    found = resolve(entries_of(lines, coverage), coverage)
    events = lines["entry_id"].n_unique() - found.merged.height
    with warehouse.transaction() as connection:
        stored = connection.execute(
            text("""
                select (select count(*) from app.transactions), (select count(*) from app.merged_entries),
                    (select count(*) from app.transactions where status = 'expired')
            """)
        ).one()
    assert tuple(stored) == (events, found.merged.height, len(found.expired))
    assert found.merged.height > 0, "the lab has to provoke something"


def test_any_order_of_files_gives_the_same_transactions(
    warehouse: Warehouse, ingest_files: Ingest, bank: Path, user: User
) -> None:
    files = files_of(bank, "00004")
    ingest_files(*files)
    first = state(warehouse)
    batch_ids = _batches(warehouse)
    for batch_id in batch_ids:
        undo_batch.fn(user.email, str(batch_id), refresh=False)
    assert state(warehouse) == []
    for path in random.Random(3).sample(files, len(files)):  # noqa: S311 - a reproducible order
        ingest_files(path)
    assert _without_accounts(state(warehouse)) == _without_accounts(first)


def test_undo_restores_exactly_what_was_before(
    warehouse: Warehouse, ingest_files: Ingest, bank: Path, user: User
) -> None:
    files = files_of(bank, "00004")
    dice = random.Random(4)  # noqa: S311 - a reproducible choice
    for path in dice.sample(files, len(files)):
        before = state(warehouse)
        (outcome,) = ingest_files(path)
        after = state(warehouse)
        assert before != after
        undo_batch.fn(user.email, str(outcome.batch_id), refresh=False)
        assert state(warehouse) == before
        (again,) = ingest_files(path)
        assert again.outcome == "loaded"
        assert again.transactions_added == outcome.transactions_added
        assert _without_accounts(state(warehouse)) == _without_accounts(after)


def test_a_file_undone_in_the_middle_leaves_what_the_others_say(
    warehouse: Warehouse, ingest_files: Ingest, bank: Path, user: User
) -> None:
    files = files_of(bank, "00004")
    middle = len(files) // 2
    ingest_files(*files[:middle], *files[middle + 1 :])
    without = _without_accounts(state(warehouse))
    (outcome,) = ingest_files(files[middle])
    undo_batch.fn(user.email, str(outcome.batch_id), refresh=False)
    assert _without_accounts(state(warehouse)) == without


def test_a_pending_line_becomes_posted_and_keeps_the_users_word(
    warehouse: Warehouse, ingest_files: Ingest, write: Write, user: User
) -> None:
    early = HEADER + "2026-03-01,RENT,-800.00,EUR,posted\n2026-03-10,TRATTORIA ROMA,-40.00,EUR,pending\n"
    late = HEADER + "2026-03-01,RENT,-800.00,EUR,posted\n2026-03-12,TRATTORIA ROMA,-46.00,EUR,posted\n"
    ingest_files(write("main_1.csv", early))
    pending = next(row for row in transactions(warehouse) if row[3] == "pending")
    with warehouse.transaction() as connection:
        connection.execute(
            insert(category_decisions).values(
                user_id=user.user_id, transaction_id=pending[0], category_code="restaurants"
            )
        )
    (outcome,) = ingest_files(write("main_2.csv", late + "2026-03-20,BAKERY,-3.00,EUR,posted\n"))
    assert outcome.transactions_added == 1
    found = {row[2]: row for row in transactions(warehouse)}
    assert sorted(found) == [-80000, -4600, -300]
    assert found[-4600][3] == "posted"
    with warehouse.transaction() as connection:
        origin = find_origin(connection, user.user_id, found[-4600][0])
    assert (origin.categories[0].origin, origin.categories[0].category_code) == ("user", "restaurants")
    assert [(line.file, line.line_number) for line in origin.lines] == [("main_1.csv", 3), ("main_2.csv", 3)]


def test_a_deletion_stays_when_the_file_comes_again(
    warehouse: Warehouse, ingest_files: Ingest, write: Write, user: User
) -> None:
    lines = HEADER + "2026-03-01,RENT,-800.00,EUR,posted\n2026-03-02,COFFEE,-2.50,EUR,posted\n"
    ingest_files(write("main_1.csv", lines))
    coffee = next(row[0] for row in transactions(warehouse) if row[2] == -250)
    delete_transaction.fn(user.email, str(coffee), refresh=False)
    ingest_files(write("main_2.csv", lines + "2026-03-03,BAKERY,-3.00,EUR,posted\n"))
    assert [row[2] for row in transactions(warehouse)] == [-80000, -300]
    assert restore_transaction.fn(user.email, str(coffee), refresh=False) == 1
    assert [row[2] for row in transactions(warehouse)] == [-80000, -250, -300]


def test_the_users_answer_separates_joins_and_is_not_asked_again(
    warehouse: Warehouse, ingest_files: Ingest, write: Write, user: User
) -> None:
    days = "".join(f"2026-03-{day:02},SHOP {day},-{day}.00,EUR,posted\n" for day in range(1, 29))
    ingest_files(
        write("main_1.csv", HEADER + days + "2026-03-14,LIDL SOFIA,-12.50,EUR,posted\n"),
        write("main_2.csv", HEADER + days + "2026-03-14,LIDL SOFIA CARD 4711,-12.50,EUR,posted\n"),
    )
    lidl = [row for row in transactions(warehouse) if row[2] == -1250]
    assert len(lidl) == 1
    with warehouse.transaction() as connection:
        origin = find_origin(connection, user.user_id, lidl[0][0])
    one, other = (str(line.entry_id) for line in origin.lines)
    answer_identity.fn(user.email, one, other, is_same=False, refresh=False)
    assert len([row for row in transactions(warehouse) if row[2] == -1250]) == 2
    with warehouse.transaction() as connection:
        assert list_questions(connection, user.user_id) == []
    ingest_files(write("main_3.csv", HEADER + days))
    assert len([row for row in transactions(warehouse) if row[2] == -1250]) == 2
    answer_identity.fn(user.email, one, other, is_same=True, refresh=False)
    assert len([row for row in transactions(warehouse) if row[2] == -1250]) == 1


def test_a_file_without_an_account_number_finds_its_account(
    warehouse: Warehouse, ingest_files: Ingest, bank: Path
) -> None:
    files = files_of(bank, "00004")
    ingest_files(*random.Random(2).sample(files, len(files)))  # noqa: S311 - a reproducible order
    truth = pl.read_parquet(bank / "truth" / "accounts.parquet").filter(
        pl.col("user").cast(pl.String).str.starts_with("00004")
    )
    with warehouse.transaction() as connection:
        kept = connection.execute(text("select count(*) from app.accounts")).scalar_one()
    assert kept == truth.height


def _batches(warehouse: Warehouse) -> list[UUID]:
    with warehouse.transaction() as connection:
        return list(connection.execute(text("select batch_id from raw.import_batches")).scalars())


def _without_accounts(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """What does not depend on the ids of accounts, which come anew with every first import."""
    kept = [row for row in rows if row[0] in {"transaction", "line"}]
    facts = [(row[0], *row[3:]) if row[0] == "transaction" else (row[0], *row[3:5]) for row in kept]
    return sorted(facts, key=str)
