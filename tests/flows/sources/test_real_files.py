"""Files of real banks, collected by others: each is read, or refused with a reason."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from flows.sources import read_statement
from warehouse.records import STATEMENT_LINE_SCHEMA, ReadingHints, StatementRefusedError

OFX = {  # lines, lines with a problem
    "date_missing.ofx": (3, 3),
    "fidelity-savings.ofx": (4, 3),  # amounts to a hundredth of a cent
    "investment_medium.ofx": (3, 0),
    "ofx-v102-empty-tags.ofx": (1, 0),
    "deviations/amount-comma-decimal.ofx": (1, 0),
    "deviations/blank-line-before-header-none-after.qfx": (1, 0),
    "deviations/blank-line-before-header.ofx": (1, 0),
    "deviations/non-ascii-byte-declared-usascii.qfx": (1, 0),
    "deviations/xml-declaration-ofx-2.ofx": (1, 0),
}
REFUSED = {
    "ofx/account_listing_aggregation.ofx": "a list of 4 accounts",
    "ofx/bank_small.ofx": "an empty OFX element",
    "ofx/signon_success_no_message.ofx": "only the reply to a login",
    "ofx/tiaacref.ofx": "an investment statement",
    "camt/camt053.v2.wrong.xml": "holds no statement",
}
CAMT = {
    "camt052.v2.xml": ("camt.052", -20000000, "SEK"),
    "camt052.v8.xml": ("camt.052", -20000000, "SEK"),
    "camt053.v2.all-balance-types.xml": ("camt.053", 885, "EUR"),
    "camt053.v2.minimal.xml": ("camt.053", 885, "EUR"),
    "camt053.v4.xml": ("camt.053", 885, "EUR"),
    "camt054.v2.xml": ("camt.054", -20000000, "SEK"),
}


def frame(path: Path, currency: str = "") -> pl.DataFrame:
    return pl.concat(list(read_statement(path, ReadingHints(currency=currency)).batches))


@pytest.mark.parametrize(("name", "expected"), OFX.items())
def test_real_ofx_files_are_read(realdata: Path, name: str, expected: tuple[int, int]) -> None:
    lines = frame(realdata / "bank_exports" / "ofx" / name)
    assert (lines.height, lines.height - lines["problem"].null_count()) == expected


@pytest.mark.parametrize(("name", "said"), REFUSED.items())
def test_real_files_without_a_statement_are_refused(realdata: Path, name: str, said: str) -> None:
    with pytest.raises(StatementRefusedError, match=said):
        read_statement(realdata / "bank_exports" / name)


@pytest.mark.parametrize(("name", "expected"), CAMT.items())
def test_real_camt_files_are_read(realdata: Path, name: str, expected: tuple[str, int, str]) -> None:
    statement = read_statement(realdata / "bank_exports" / "camt" / name)
    line = pl.concat(list(statement.batches)).row(0, named=True)
    assert (statement.source_format, line["amount_minor"], line["currency"]) == expected
    assert line["problem"] is None


def test_personal_transactions_have_their_signs_from_the_indicator(realdata: Path) -> None:
    lines = frame(realdata / "transactions" / "personal_transactions.csv", currency="USD")
    assert lines.height == 806
    assert lines["problem"].null_count() == 806
    assert lines["account_ref"].n_unique() == 3
    assert lines.row(1, named=True)["amount_minor"] == -124744
    assert lines.row(3, named=True)["amount_minor"] == 229809


def test_south_african_lines_keep_their_three_unreadable_amounts_apart(realdata: Path) -> None:
    lines = frame(realdata / "transactions" / "za_transactions.csv", currency="ZAR")
    assert lines.height == 451
    assert lines.filter(pl.col("problem").is_not_null())["line_number"].to_list() == [8, 54, 227]
    assert lines.row(2, named=True)["balance_minor"] == 3862493


def test_birmingham_purchases_are_all_read(realdata: Path, tmp_path: Path) -> None:
    packed = realdata / "transactions" / "birmingham_purchase_cards_2014_2018.csv.gz"
    path = tmp_path / "birmingham.csv"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    lines = frame(path)
    assert (lines.height, lines["problem"].null_count()) == (181335, 181335)
    assert lines.schema == STATEMENT_LINE_SCHEMA


def test_berka_signs_come_from_czech_words_and_the_balance_agrees(realdata: Path, tmp_path: Path) -> None:
    packed = realdata / "transactions" / "berka" / "trans.csv.gz"
    path = tmp_path / "berka.csv"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    statement = read_statement(path, ReadingHints(currency="CZK"))
    lines = pl.concat(list(statement.batches))
    assert (lines.height, lines["problem"].null_count()) == (23931, 23931)
    assert any("proved by the running balance" in note for note in statement.notes)
    assert str(lines["booked_date"].min()) == "1993-01-01"
