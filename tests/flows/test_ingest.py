"""A file's way to transactions: counted once, whatever happens, and refused with a reason when it must be."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.flows.conftest import Ingest
from warehouse.engine import Warehouse

HEADER = "Date,Description,Amount,Currency\n"
WEEK = HEADER + (
    "2026-03-02,LIDL SOFIA,-23.40,EUR\n"
    "2026-03-02,COFFEE CORNER,-2.20,EUR\n"
    "2026-03-02,COFFEE CORNER,-2.20,EUR\n"
    "2026-03-05,SALARY ACME LTD,1800.00,EUR\n"
)
Write = Callable[[str, str | bytes], Path]


def rows(warehouse: Warehouse, query: str) -> list[tuple[object, ...]]:
    with warehouse.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def amounts(warehouse: Warehouse) -> list[object]:
    return [row[0] for row in rows(warehouse, "select amount_minor from app.transactions order by 1")]


def test_two_equal_coffees_stay_two(warehouse: Warehouse, ingest_files: Ingest, write: Write) -> None:
    (outcome,) = ingest_files(write("week.csv", WEEK))
    assert (outcome.outcome, outcome.lines_read, outcome.transactions_added) == ("loaded", 4, 4)
    assert amounts(warehouse) == [-2340, -220, -220, 180000]


def test_reingesting_a_statement_adds_nothing(
    warehouse: Warehouse, ingest_files: Ingest, write: Write
) -> None:
    path = write("week.csv", WEEK)
    ingest_files(path)
    (again,) = ingest_files(path)
    assert (again.outcome, again.transactions_added) == ("known", 0)
    assert len(amounts(warehouse)) == 4


def test_an_overlapping_export_adds_only_what_is_new(
    warehouse: Warehouse, ingest_files: Ingest, write: Write
) -> None:
    ingest_files(write("week.csv", WEEK))
    (later,) = ingest_files(write("fortnight.csv", WEEK + "2026-03-09,COFFEE CORNER,-2.20,EUR\n"))
    assert (later.lines_read, later.transactions_added) == (5, 1)
    assert rows(warehouse, "select count(*) from app.transaction_lines") == [(9,)]


def test_every_line_can_be_followed_to_its_transaction(
    warehouse: Warehouse, ingest_files: Ingest, write: Write
) -> None:
    ingest_files(write("week.csv", WEEK))
    unlinked = """
        select count(*) from raw.statement_lines
        left join app.transaction_lines as s using (user_id, batch_id, line_number)
        where s.transaction_id is null
    """
    assert rows(warehouse, unlinked) == [(0,)]


def test_a_gap_between_lines_and_balances_is_a_note_of_the_batch(
    warehouse: Warehouse, ingest_files: Ingest, write: Write
) -> None:
    statement = (
        ":20:A\n:25:1\n:28C:7\n:60F:C260301EUR9,00\n:61:260302D2,00NTRFNONREF\n:62F:C260302EUR8,00\n-\n"
    )
    (outcome,) = ingest_files(write("a.sta", statement))
    assert outcome.transactions_added == 1
    ((notes,),) = rows(warehouse, "select notes from raw.import_batches")
    assert notes == [
        (
            "statement 7 of 1: the lines do not explain the balance: expected 7.00 EUR, stated 8.00 EUR,"
            " difference 1.00 EUR"
        )
    ]


def test_a_line_with_an_impossible_date_is_quarantined_and_the_rest_goes_on(
    warehouse: Warehouse, ingest_files: Ingest, write: Write
) -> None:
    (outcome,) = ingest_files(write("week.csv", WEEK + "2026-02-31,GHOST,-1.00,EUR\n"))
    assert (outcome.lines_read, outcome.lines_quarantined, outcome.transactions_added) == (5, 1, 4)
    ((reason, raw),) = rows(warehouse, "select reason, raw from raw.quarantined_lines")
    assert "2026-02-31" in str(reason)
    assert "GHOST" in str(raw)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.csv", b"", "empty"),
        ("statement.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "PDF"),
        ("bank.ofx", b"OFXHEADER:100\nDATA:OFXSGML\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR", ""),
        ("shopping.csv", b"Item,Quantity\nmilk,2\nbread,1\n", "header"),
        ("photo.ofx", bytes(range(256)) * 8, ""),
    ],
)
def test_what_is_no_statement_is_refused_with_a_reason_and_the_next_file_is_read(
    warehouse: Warehouse, ingest_files: Ingest, write: Write, name: str, content: bytes, reason: str
) -> None:
    bad, good = ingest_files(write(name, content), write("week.csv", WEEK))
    assert bad.outcome == "refused"
    assert reason.lower() in str(bad.refusal).lower()
    assert good.transactions_added == 4
    assert rows(warehouse, "select status from raw.import_batches order by 1") == [("loaded",), ("refused",)]


def test_a_file_that_is_not_there_is_said_so(ingest_files: Ingest, tmp_path: Path) -> None:
    (outcome,) = ingest_files(tmp_path / "nowhere.csv")
    assert outcome.outcome == "refused"
    assert "nowhere.csv" in str(outcome.refusal)


def test_text_in_another_encoding_is_read(warehouse: Warehouse, ingest_files: Ingest, write: Write) -> None:
    content = (
        "Дата;Описание;Сума;Валута\n02.03.2026;КАФЕ ЦЕНТЪР;-3,20;EUR\n05.03.2026;ЗАПЛАТА МАРТ;2100,00;EUR\n"
    )
    (outcome,) = ingest_files(write("bg.csv", content.encode("cp1251")))
    assert outcome.transactions_added == 2, outcome
    coffee = "select description from app.transactions where amount_minor = -320"
    assert rows(warehouse, coffee) == [("КАФЕ ЦЕНТЪР",)]


def test_an_interrupted_import_starts_anew_and_counts_once(
    warehouse: Warehouse, ingest_files: Ingest, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "".join(f"2026-01-{day:02},SHOP {day},-{day}.00,EUR\n" for day in range(1, 29)) * 20
    path = write("long.csv", HEADER + lines)
    dies_at_merge(ingest_files, path, monkeypatch)
    assert amounts(warehouse) == []
    (outcome,) = ingest_files(path)
    assert (outcome.outcome, outcome.transactions_added) == ("loaded", 560)
    assert rows(warehouse, "select count(*), sum(lines_loaded) from raw.import_batches") == [(1, 560)]


def dies_at_merge(ingest_files: Ingest, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("flows.tasks.statements.settle_batches", die)
        with pytest.raises(KeyboardInterrupt):
            ingest_files(path)


@pytest.mark.parametrize("seed", range(3))
def test_any_split_and_order_of_a_history_gives_the_same_transactions(
    warehouse: Warehouse, ingest_files: Ingest, write: Write, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a reproducible shuffle
    days = [f"2026-03-{day:02},SHOP {day % 3},-{day % 4}.50,EUR\n" for day in range(1, 29) for _ in range(2)]
    cuts = sorted(dice.sample(range(2, len(days), 2), 4))
    parts = [days[max(0, start - 6) : end] for start, end in zip([0, *cuts], [*cuts, len(days)], strict=True)]
    files = [write(f"part{number}.csv", HEADER + "".join(part)) for number, part in enumerate(parts)]
    dice.shuffle(files)
    ingest_files(*files)
    assert rows(warehouse, "select count(*), sum(amount_minor) from app.transactions") == [
        (len(days), -sum(100 * (day % 4) + 50 for day in range(1, 29)) * 2)
    ]


def test_a_line_tells_whom_it_paid(warehouse: Warehouse, ingest_files: Ingest, write: Write) -> None:
    """The name that the model reads in the text, and beside it the words that the bank wrote."""
    ingest_files(
        write("one.csv", "Date,Description,Amount,Currency\n2026-03-02,TESCO STORES 3345 LONDON,-23.40,EUR\n")
    )
    with warehouse.transaction() as connection:
        told = connection.execute(
            text("""
                select line.description, standing.merchant
                from app.transactions as line inner join app.standing_categories as standing
                    using (user_id, transaction_id)
            """)
        ).one()
    assert tuple(told) == ("TESCO STORES 3345 LONDON", "Tesco")
