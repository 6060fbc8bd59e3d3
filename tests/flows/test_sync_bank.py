"""A bank's feed through Plaid's own client library, against a local server that speaks its API."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text

from flows.batches import undo_batch
from flows.ingest import FileOutcome
from flows.sync_bank import SyncOutcome, sync_bank, sync_due_banks
from flows.tasks import feeds as tasks
from tests.factories import make_user
from tests.plaid_server import ACCOUNT, CARD, FakePlaid, account, line, serving
from warehouse.engine import Warehouse
from warehouse.plaid import TOKENS, BankError, BankSyncNotConfiguredError, PlaidClient
from warehouse.repositories import feeds
from warehouse.repositories.batches import BatchNotFoundError
from warehouse.repositories.feeds import NewConnection
from warehouse.repositories.users import User
from warehouse.sealing import Vault
from warehouse.settings import Settings
from warehouse.tables.app import category_decisions

Write = Callable[[str, str | bytes], Path]
Ingest = Callable[..., list[FileOutcome]]
Sync = Callable[..., list[SyncOutcome]]

TRANSACTIONS = """
    select t.transaction_id, t.booked_date::text, t.amount_minor, t.status, t.description
    from app.transactions as t where t.deleted_at is null order by 2, 3, 5, 4
"""


@pytest.fixture
def bank() -> FakePlaid:
    return FakePlaid()


@pytest.fixture
def user(warehouse: Warehouse) -> User:
    return make_user(warehouse, currency="USD", country="US", timezone="America/New_York")


@pytest.fixture
def sync(
    warehouse: Warehouse, user: User, bank: FakePlaid, ingest_files: Ingest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sync]:
    """Connect the bank and read its feed on request; ``ingest_files`` has set the environment."""
    assert callable(ingest_files)
    monkeypatch.setenv("MITA_PLAID_CLIENT_ID", "id")
    monkeypatch.setenv("MITA_PLAID_SECRET", "secret")
    monkeypatch.setattr("warehouse.plaid.FIRST_WAIT_SECONDS", 0.001)
    with serving(bank) as address:
        monkeypatch.setenv("MITA_PLAID_URL", address)
        connect(warehouse, user, bank)
        yield lambda: sync_bank.fn(user.email, refresh=False)


def connect(warehouse: Warehouse, user: User, bank: FakePlaid) -> UUID:
    sealed = Vault(Settings().derived_key(TOKENS)).seal(bank.access_token)
    with warehouse.transaction() as connection:
        return feeds.add_connection(
            connection, user.user_id, NewConnection(bank.item_id, sealed, "ins_1", "First Platypus Bank")
        )


def transactions(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    with warehouse.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(TRANSACTIONS))]


def facts(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return [row[1:] for row in transactions(warehouse)]


def cursor_of(warehouse: Warehouse) -> tuple[Any, ...]:
    with warehouse.transaction() as connection:
        query = text("select feed_cursor, last_line, status, error_code from app.bank_connections")
        return tuple(connection.execute(query).one())


def test_a_feed_becomes_transactions_with_their_lines_kept(
    warehouse: Warehouse, bank: FakePlaid, sync: Sync
) -> None:
    bank.page = 2
    bank.add(
        line("t1", 89.4, "2026-03-02", "SPARKFUN"),
        line("t2", -4.22, "2026-03-03", "INTRST PYMNT"),
        line("t3", 12.0, "2026-03-03", "COFFEE"),
        line("t4", 12.0, "2026-03-03", "COFFEE"),
        line("t5", 6.33, "2026-03-04", "UBER", iso_currency_code=None, unofficial_currency_code="XBT"),
    )
    (outcome,) = sync()
    assert (outcome.outcome, outcome.lines_read, outcome.lines_quarantined) == ("synced", 5, 1)
    assert facts(warehouse) == [
        ("2026-03-02", -8940, "posted", "SPARKFUN"),
        ("2026-03-03", -1200, "posted", "COFFEE"),
        ("2026-03-03", -1200, "posted", "COFFEE"),
        ("2026-03-03", 422, "posted", "INTRST PYMNT"),
    ]
    with warehouse.transaction() as connection:
        kept = connection.execute(
            text("""
                select raw::json ->> 'amount', source_format from raw.statement_lines
                inner join raw.import_batches using (user_id, batch_id) order by line_number
            """)
        ).all()
        accounts = connection.execute(text("select kind, institution, currency from app.accounts")).all()
        balance = connection.execute(text("select balance_minor from app.bank_accounts")).scalar_one()
    assert [tuple(row) for row in kept][:2] == [("89.4", "plaid"), ("-4.22", "plaid")]
    assert [tuple(row) for row in accounts] == [("checking", "First Platypus Bank", "USD")]
    assert balance == 11025
    assert sync()[0].outcome == "nothing new"
    assert len(facts(warehouse)) == 4


def test_a_pending_line_becomes_posted_with_its_tip_and_keeps_the_users_word(
    warehouse: Warehouse, bank: FakePlaid, sync: Sync, user: User
) -> None:
    bank.add(line("p1", 40.0, "2026-03-10", "TRATTORIA", pending=True))
    sync()
    ((pending, *_),) = transactions(warehouse)
    with warehouse.transaction() as connection:
        connection.execute(
            insert(category_decisions).values(
                user_id=user.user_id, transaction_id=pending, category_code="restaurants"
            )
        )
    bank.remove("p1")
    sync()
    assert transactions(warehouse) == []
    posted = {"pending_transaction_id": "p1", "authorized_date": "2026-03-10"}
    bank.add(line("t1", 47.5, "2026-03-12", "TRATTORIA ROMA", **posted))
    sync()
    ((known, *rest),) = transactions(warehouse)
    assert known == pending
    assert rest == ["2026-03-12", -4750, "posted", "TRATTORIA ROMA"]
    with warehouse.transaction() as connection:
        query = text("select category_code from app.decided_categories where transaction_id = :id")
        assert connection.execute(query, {"id": known}).scalar_one() == "restaurants"


def test_a_modified_line_is_the_same_transaction_and_a_removed_one_vanishes(
    warehouse: Warehouse, bank: FakePlaid, sync: Sync
) -> None:
    bank.add(line("t1", 10.0, "2026-03-01", "SHOP"), line("t2", 20.0, "2026-03-02", "SHOP"))
    sync()
    before = {row[2]: row[0] for row in transactions(warehouse)}
    bank.modify(line("t1", 11.0, "2026-03-01", "SHOP BERLIN"))
    bank.remove("t2")
    sync()
    ((known, *rest),) = transactions(warehouse)
    assert (known, rest) == (before[-1000], ["2026-03-01", -1100, "posted", "SHOP BERLIN"])


def test_two_posted_lines_that_claim_one_pending_line_stay_two(
    warehouse: Warehouse, bank: FakePlaid, sync: Sync
) -> None:
    bank.add(line("p1", 40.0, "2026-03-10", "ORDER", pending=True))
    bank.add(line("t1", 25.0, "2026-03-11", "ORDER", pending_transaction_id="p1"))
    bank.add(line("t2", 15.0, "2026-03-12", "ORDER", pending_transaction_id="p1"))
    bank.remove("p1")
    sync()
    assert [row[1] for row in facts(warehouse)] == [-2500, -1500]


@pytest.mark.parametrize("first", ["file", "feed"])
def test_a_file_of_the_same_account_joins_the_same_transactions(
    warehouse: Warehouse, bank: FakePlaid, sync: Sync, ingest_files: Ingest, write: Write, first: str
) -> None:
    shops = [(day, f"SHOP NUMBER {day} BOSTON", day + 0.25) for day in range(1, 21)]
    bank.accounts = [account(mask="4711")]
    for day, shop, amount in shops:
        bank.add(line(f"t{day}", amount, f"2026-03-{day:02}", shop))
    rows = "".join(f"2026-03-{day:02},{shop},-{amount:.2f}\n" for day, shop, amount in shops)
    path = write("export.csv", f"Account: US12 3456 7890 4711\nDate,Description,Amount\n{rows}")
    if first == "feed":
        sync()
    ingest_files(path)
    sync()
    assert len(facts(warehouse)) == 20
    with warehouse.transaction() as connection:
        assert connection.execute(text("select count(*) from app.accounts")).scalar_one() == 1


def test_accounts_of_one_connection_stay_apart_though_their_numbers_end_alike(
    warehouse: Warehouse, bank: FakePlaid, sync: Sync
) -> None:
    bank.accounts = [account(), account(CARD, type="credit", subtype="credit card")]
    bank.add(line("t1", 5.0, "2026-03-01", "A"), line("t2", 5.0, "2026-03-01", "A", account_id=CARD))
    sync()
    assert len(facts(warehouse)) == 2
    with warehouse.transaction() as connection:
        kinds = connection.execute(text("select kind, balance_minor from app.bank_accounts order by 1")).all()
    assert [tuple(row) for row in kinds] == [("card", -11025), ("checking", 11025)]


def test_equal_purchases_that_come_in_different_updates_stay_two(
    warehouse: Warehouse, bank: FakePlaid, sync: Sync
) -> None:
    for day in range(1, 11):
        bank.add(line(f"s{day}", day, f"2026-03-{day:02}", f"SHOP {day}"))
    bank.add(line("c1", 2.5, "2026-03-05", "COFFEE"))
    sync()
    bank.add(line("c2", 2.5, "2026-03-06", "COFFEE"), line("s11", 11, "2026-03-11", "SHOP 11"))
    sync()
    assert len([row for row in facts(warehouse) if row[1] == -250]) == 2


def test_a_feed_that_changes_between_its_pages_is_read_from_the_start(
    warehouse: Warehouse, bank: FakePlaid, sync: Sync
) -> None:
    bank.page = 1
    bank.add(*(line(f"t{n}", n, "2026-03-01", f"SHOP {n}") for n in range(1, 4)))
    original = bank.transactions_sync
    asked: list[str] = []

    def once_mutated(body: dict[str, Any]) -> dict[str, Any]:
        asked.append(body.get("cursor", ""))
        if len(asked) == 2:
            bank.fail(
                "/transactions/sync", "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION", "TRANSACTIONS_ERROR"
            )
        return original(body)

    bank.transactions_sync = once_mutated  # type: ignore[method-assign, assignment]
    assert sync()[0].outcome == "synced"
    assert asked == ["", "1", "", "1", "2"]
    assert len(facts(warehouse)) == 3


def test_what_passes_is_tried_again_and_what_stays_is_told(
    warehouse: Warehouse, bank: FakePlaid, sync: Sync
) -> None:
    bank.add(line("t1", 1, "2026-03-01", "SHOP"))
    bank.fail("/transactions/sync", "TRANSACTIONS_LIMIT", "RATE_LIMIT_EXCEEDED", 429)
    bank.fail("/transactions/sync", "INTERNAL_SERVER_ERROR", "API_ERROR", 500)
    assert sync()[0].outcome == "synced"
    bank.fail("/transactions/sync", "ITEM_LOGIN_REQUIRED")
    (outcome,) = sync()
    assert outcome.outcome == "needs sign-in"
    assert "the bank wants you to sign in again" in str(outcome.problem)
    assert cursor_of(warehouse)[2:] == ("needs_sign_in", "ITEM_LOGIN_REQUIRED")
    assert sync()[0].outcome == "nothing new"
    assert cursor_of(warehouse)[2:] == ("active", None)


def test_without_keys_the_error_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MITA_PLAID_CLIENT_ID", raising=False)
    with pytest.raises(BankSyncNotConfiguredError, match="MITA_PLAID_CLIENT_ID and MITA_PLAID_SECRET"):
        PlaidClient.of(Settings())


def test_a_server_that_is_away_is_an_error_with_its_cure() -> None:
    from plaid.model.accounts_get_request import AccountsGetRequest  # type: ignore[import-untyped]

    client = PlaidClient("id", "secret", "http://127.0.0.1:9", attempts=2, sleep=lambda _: None)
    with pytest.raises(BankError, match="UNREACHABLE: Plaid cannot be reached"):
        client.call("accounts_get", AccountsGetRequest(access_token="x"))  # noqa: S106


def test_a_crash_while_storing_leaves_cursor_and_lines_as_they_were(
    warehouse: Warehouse, bank: FakePlaid, sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.add(line("t1", 1, "2026-03-01", "SHOP"))
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "settle_batches", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sync()
    assert cursor_of(warehouse)[:2] == ("", 0)
    with warehouse.transaction() as connection:
        assert connection.execute(text("select count(*) from raw.import_batches")).scalar_one() == 0
    sync()
    assert len(facts(warehouse)) == 1
    assert cursor_of(warehouse)[:2] == ("1", 1)


def test_undo_takes_the_last_part_of_a_feed_back_and_it_can_come_again(
    warehouse: Warehouse, bank: FakePlaid, sync: Sync, user: User
) -> None:
    bank.add(line("t1", 10, "2026-03-01", "SHOP"), line("p1", 20, "2026-03-02", "CAFE", pending=True))
    first = sync()[0].batch_id
    before = transactions(warehouse)
    bank.modify(line("t1", 12, "2026-03-01", "SHOP"))
    bank.add(line("t2", 22, "2026-03-03", "CAFE", pending_transaction_id="p1"))
    bank.remove("p1")
    last = sync()[0].batch_id
    after = transactions(warehouse)
    with pytest.raises(BatchNotFoundError, match="only the last one can be undone"):
        undo_batch.fn(user.email, str(first), refresh=False)
    undo_batch.fn(user.email, str(last), refresh=False)
    assert transactions(warehouse) == before
    sync()
    assert transactions(warehouse) == after


def test_the_schedule_reads_what_is_due_and_only_that(
    warehouse: Warehouse, bank: FakePlaid, sync: Sync
) -> None:
    assert callable(sync)
    bank.add(line("t1", 10, "2026-03-01", "SHOP"))
    assert [outcome.outcome for outcome in sync_due_banks.fn()] == ["synced"]
    assert sync_due_banks.fn() == []
    with warehouse.as_role("api").transaction() as connection:
        assert connection.execute(text("select app.note_bank_news('item-1', null)")).scalar_one()
    assert [outcome.outcome for outcome in sync_due_banks.fn()] == ["nothing new"]
    assert sync_due_banks.fn() == []


def feed_of(dice: random.Random) -> list[tuple[str, dict[str, Any]]]:
    """A feed as banks have them: pending lines posted or dropped; posted ones corrected or removed."""
    bank = FakePlaid()
    posted: list[str] = []
    pending: list[str] = []
    for number in range(40):
        day = f"2026-03-{1 + number // 2:02}"
        shop, amount = f"SHOP {dice.randrange(4)}", float(dice.choice([250, 400, 999])) / 100
        step = dice.random()
        if step < 0.3:
            bank.add(line(f"p{number}", amount, day, shop, pending=True))
            pending.append(f"p{number}")
        elif step < 0.5 and pending:
            replaced = pending.pop(dice.randrange(len(pending)))
            bank.add(line(f"t{number}", amount, day, shop, pending_transaction_id=replaced))
            bank.remove(replaced)
            posted.append(f"t{number}")
        elif step < 0.6 and pending:
            bank.remove(pending.pop())
        elif step < 0.7 and posted:
            bank.modify(line(dice.choice(posted), amount, day, shop))
        elif step < 0.75 and posted:
            bank.remove(posted.pop())
        else:
            bank.add(line(f"t{number}", amount, day, shop))
            posted.append(f"t{number}")
    return bank.events


@pytest.mark.timeout(900)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10**6),
    cuts=st.lists(st.floats(0, 1), max_size=6).map(sorted),
    cut_page=st.integers(1, 50),
)
def test_any_cutting_of_a_feed_gives_the_same_transactions(
    warehouse: Warehouse,
    bank: FakePlaid,
    sync: Sync,
    user: User,
    seed: int,
    cuts: list[float],
    cut_page: int,
) -> None:
    bank.events = feed_of(random.Random(seed))  # noqa: S311 - a reproducible feed
    some = [1 + round(cut * (len(bank.events) - 1)) for cut in cuts]
    found = []
    for releases, page in (([], 500), (some, cut_page)):
        forget(warehouse, user)
        connect(warehouse, user, bank)
        bank.page = page
        for released in [*releases, len(bank.events)]:
            bank.released = released
            sync()
        found.append(facts(warehouse))
    assert found[0] == found[1]
    assert sorted(row[1] for row in found[0]) == sorted(live_amounts(bank.events))


def live_amounts(events: list[tuple[str, dict[str, Any]]]) -> list[int]:
    """What a feed leaves, read as plainly as can be."""
    live: dict[str, int] = {}
    for change, said in events:
        live.pop(str(said.get("pending_transaction_id")), None)
        if change == "removed":
            live.pop(said["transaction_id"], None)
        else:
            live[said["transaction_id"]] = -round(said["amount"] * 100)
    return list(live.values())


def forget(warehouse: Warehouse, user: User) -> None:
    with warehouse.transaction() as connection:
        for table in ("app.bank_connections", "raw.import_batches", "app.transactions", "app.accounts"):
            connection.execute(text(f"delete from {table} where user_id = :id"), {"id": user.user_id})  # noqa: S608


def test_the_account_of_a_feed_is_named_as_the_bank_names_it(
    warehouse: Warehouse, bank: FakePlaid, sync: Sync
) -> None:
    bank.add(line("t1", 1, "2026-03-01", "SHOP", account_id=ACCOUNT))
    sync()
    with warehouse.transaction() as connection:
        name = connection.execute(text("select name from app.accounts")).scalar_one()
    assert name == "Plaid Gold Standard 0% Interest Checking"


def test_a_bank_that_is_connected_anew_joins_the_same_account_and_transactions(
    warehouse: Warehouse, bank: FakePlaid, sync: Sync, user: User
) -> None:
    bank.accounts = [account(mask="4711")]
    for day in range(1, 11):
        bank.add(line(f"t{day}", day, f"2026-03-{day:02}", f"SHOP {day} BOSTON"))
    sync()
    bank.item_id, bank.accounts = "item-2", [account("other", mask="4711")]
    bank.events = [
        (change, {**said, "transaction_id": f"new-{said['transaction_id']}", "account_id": "other"})
        for change, said in bank.events
    ]
    with warehouse.transaction() as connection:
        (old,) = feeds.list_connections(connection, user.user_id)
        feeds.remove_connection(connection, user.user_id, old.connection_id)
    connect(warehouse, user, bank)
    sync()
    assert len(facts(warehouse)) == 10
    with warehouse.transaction() as connection:
        assert connection.execute(text("select count(*) from app.accounts")).scalar_one() == 1


def test_a_token_that_cannot_be_opened_is_told_and_stops_no_other(
    warehouse: Warehouse, bank: FakePlaid, sync: Sync, user: User
) -> None:
    bank.add(line("t1", 1, "2026-03-01", "SHOP"))
    with warehouse.transaction() as connection:
        sealed = Vault("another key").seal("access")
        feeds.add_connection(connection, user.user_id, NewConnection("item-0", sealed, "", "Old Bank"))
    outcomes = {outcome.institution: outcome for outcome in sync()}
    assert outcomes["First Platypus Bank"].outcome == "synced"
    assert "MITA_SECRET_KEY" in str(outcomes["Old Bank"].problem)
