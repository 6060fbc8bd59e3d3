"""Transactions as files: harmless in spreadsheets, and read back as what they were."""

from __future__ import annotations

import csv
import html
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from flows.exports import ofx, tables
from flows.sources import read_statement
from warehouse.cells import DANGEROUS
from warehouse.repositories.transactions import ExportedAccount, Transaction

SPACE = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
BANK, CARD, FEED = (uuid5(SPACE, name) for name in ("bank", "card", "feed"))


def transaction(number: int = 1, **changes: object) -> Transaction:
    values: dict[str, object] = {
        "transaction_id": uuid5(SPACE, str(number)),
        "account": "Main",
        "spent_date": date(2026, 3, 1),
        "booked_date": date(2026, 3, 2),
        "amount_minor": -1250,
        "currency": "EUR",
        "status": "posted",
        "description": "LIDL 123",
        "category_code": "groceries",
        "category_origin": "model",
        "category_probability": 0.93,
        "category_reason": "you said so",
        "counterparty": None,
        "account_id": BANK,
    }
    return Transaction(**{**values, **changes})  # type: ignore[arg-type]


def account(id_: UUID = BANK, **changes: object) -> ExportedAccount:
    values: dict[str, object] = {
        "account_id": id_,
        "account_ref": "DE89370400440532013000",
        "currency": "EUR",
        "kind": "checking",
        "institution": "Sparkasse Köln & Bonn",
        "first_date": date(2026, 3, 1),
        "last_date": date(2026, 3, 31),
        "balance_minor": 100050,
        "balance_date": date(2026, 3, 30),
    }
    return ExportedAccount(**{**values, **changes})  # type: ignore[arg-type]


def as_csv(*given: Transaction) -> list[dict[str, str]]:
    out = io.BytesIO()
    tables.write_csv(given, out)
    return list(csv.DictReader(io.StringIO(out.getvalue().decode("utf-8-sig"))))


@given(st.sampled_from(DANGEROUS), st.text(max_size=20))
def test_no_cell_begins_like_a_formula(start: str, rest: str) -> None:
    (row,) = as_csv(transaction(description=start + rest, counterparty="@SUM(1)", account="=1+1"))
    texts = [row["description"], row["counterparty"], row["account"]]
    assert all(text.startswith("'") for text in texts)


def test_amounts_stay_numbers_with_their_currencys_decimals() -> None:
    rows = as_csv(
        transaction(),
        transaction(2, amount_minor=1230, currency="KWD"),
        transaction(3, amount_minor=-980, currency="JPY"),
    )
    assert [row["amount"] for row in rows] == ["-12.50", "1.230", "-980"]


def test_a_workbook_holds_numbers_days_and_text(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    with path.open("wb") as file:
        tables.write_xlsx([transaction(description='=HYPERLINK("http://x")')], file)
    sheet = load_workbook(path)["Transactions"]
    row = dict(zip(tables.COLUMNS, [cell.value for cell in sheet[2]], strict=True))
    assert (row["amount"], row["spent_date"]) == (-12.5, datetime(2026, 3, 1))  # noqa: DTZ001 - a cell's
    assert row["description"] == '\'=HYPERLINK("http://x")'
    assert {cell.data_type for cell in sheet[2]} == {"s", "n", "d"}


def test_a_workbook_goes_on_in_another_sheet_where_one_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "SHEET_ROWS", 2)
    path = tmp_path / "out.xlsx"
    with path.open("wb") as file:
        assert tables.write_xlsx([transaction(n) for n in range(5)], file) == 5
    assert [sheet.max_row for sheet in load_workbook(path)] == [3, 3, 2]


def test_json_is_a_list_with_exact_numbers() -> None:
    out = io.BytesIO()
    assert tables.write_json([transaction(), transaction(2)], out) == 2
    first, _ = json.loads(out.getvalue(), parse_float=Decimal)
    assert (first["amount"], first["spent_date"], first["description"]) == (
        Decimal("-12.50"),
        "2026-03-01",
        "LIDL 123",
    )
    empty = io.BytesIO()
    tables.write_json([], empty)
    assert json.loads(empty.getvalue()) == []


def written(tmp_path: Path, given: list[Transaction], accounts: list[ExportedAccount]) -> Path:
    order = ofx.in_sections(accounts)
    lines = sorted(given, key=lambda each: order.index(each.account_id))
    path = tmp_path / "out.ofx"
    with path.open("wb") as file:
        ofx.write_ofx(lines, {each.account_id: each for each in accounts}, file)
    return path


ACCOUNTS = [
    account(CARD, kind="card", account_ref="5555XXXXXXXX4444", currency="USD"),
    account(),
    account(FEED, account_ref="feed abc \u20221234", currency="JPY", institution=""),
]
LINES = [
    transaction(1, description="Café & Söhne <3 FILIALE 17 BERLIN HAUPTBAHNHOF KARTE 4711"),
    transaction(2, amount_minor=250000, description="GEHALT"),
    transaction(3, account_id=CARD, amount_minor=-999, currency="USD", description="AMZN\x00 MKTP\n US"),
    transaction(4, account_id=FEED, amount_minor=-1200, currency="JPY", description=""),
    transaction(5, status="pending"),
]


def test_our_own_reader_reads_back_what_was_written_as_ofx(tmp_path: Path) -> None:
    statement = read_statement(written(tmp_path, LINES, ACCOUNTS))
    read = [row for batch in statement.batches for row in batch.iter_rows(named=True)]
    assert [row["problem"] for row in read] == [None] * 4
    facts = {row["bank_reference"]: row for row in read}
    assert set(facts) == {str(each.transaction_id) for each in LINES[:4]}
    for each in LINES[:4]:
        row = facts[str(each.transaction_id)]
        assert (row["amount_minor"], row["currency"]) == (each.amount_minor, each.currency)
        assert row["booked_date"] == each.booked_date
    assert facts[str(LINES[0].transaction_id)]["description"] == LINES[0].description
    assert {found.closing_balance_minor for found in statement.accounts} == {100050}
    refs = {(found.ref, found.currency, found.kind) for found in statement.accounts}
    assert ("DE89370400440532013000", "EUR", "checking") in refs
    assert ("5555XXXXXXXX4444", "USD", "card") in refs


@pytest.mark.filterwarnings("ignore")  # it counts characters before it resolves references
def test_other_readers_read_the_same_ofx(tmp_path: Path) -> None:
    from ofxtools.Parser import OFXTree

    path = written(tmp_path, LINES, ACCOUNTS)
    tree = OFXTree()
    with path.open("rb") as file:
        tree.parse(file)
    statements = tree.convert().statements
    lines = [line for each in statements for line in each.banktranlist]
    assert sorted(line.trnamt for line in lines) == sorted(
        [Decimal("-12.50"), Decimal("2500.00"), Decimal("-9.99"), Decimal(-1200)]
    )
    assert {each.ledgerbal.balamt for each in statements} == {Decimal("1000.50"), Decimal(100050)}
    assert [each.curdef for each in statements] == ["EUR", "JPY", "USD"]
    memos = {html.unescape(line.memo) for line in lines if line.memo}
    assert memos == {LINES[0].description}
    assert {line.fitid for line in lines} == {str(each.transaction_id) for each in LINES[:4]}


@pytest.mark.filterwarnings("ignore")
def test_ofxparse_reads_the_same_ofx(tmp_path: Path) -> None:
    from ofxparse import OfxParser  # type: ignore[import-untyped]

    with written(tmp_path, LINES, ACCOUNTS).open("rb") as file:
        parsed = OfxParser.parse(file)
    amounts = [line.amount for each in parsed.accounts for line in each.statement.transactions]
    assert sorted(amounts) == sorted([Decimal("-12.50"), Decimal(2500), Decimal("-9.99"), Decimal(-1200)])


def test_a_fitid_is_the_same_each_time(tmp_path: Path) -> None:
    first = written(tmp_path, LINES, ACCOUNTS).read_text().split("BANKTRANLIST", 1)[1]
    again = written(tmp_path, LINES, ACCOUNTS).read_text().split("BANKTRANLIST", 1)[1]
    assert first == again


@pytest.mark.parametrize("write", [tables.write_csv, tables.write_json])
def test_many_rows_take_the_memory_of_few(write: object, tmp_path: Path) -> None:
    def many() -> Iterator[Transaction]:
        yield from (transaction(1) for _ in range(20_000))

    with (tmp_path / "out").open("wb") as file:
        tracemalloc.start()
        write(many(), file)  # type: ignore[operator]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 2_000_000
